use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, aliases = "stages")]
    k1: Buffer,
    #[buffer(size = 6, location = "shared")]
    stages: Buffer,
}

fn main() {}
