use buffer_core::{Buffer, Buffers};

type Flags = Buffer<i32>;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer<f64>,
    #[buffer(size = 3, aliases = "stages")]
    k1: Flags,
}

fn main() {}
