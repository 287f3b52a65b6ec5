use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer,
    #[buffer(size = 3, aliases = "stage")]
    k1: Buffer,
}

fn main() {}
