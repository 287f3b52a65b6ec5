use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 3, location = "local", persistent, live = start..=solve, part(0..1, live = start))]
    cache: Buffer,
}

fn main() {}
