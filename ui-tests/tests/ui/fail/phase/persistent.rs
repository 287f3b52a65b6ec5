use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", persistent, live = start)]
    cache: Buffer,
}

fn main() {}
