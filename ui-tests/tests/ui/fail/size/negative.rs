use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = -1, location = "local")]
    a: Buffer,
}

fn main() {}
