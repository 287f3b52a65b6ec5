use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefix = "dirk")]
#[buffers(prefix = "firk")]
pub struct Step {
    #[buffer(size = 3, size = 4, location = "local")]
    a: Buffer,
    #[buffer(size = 3, location = "local")]
    #[buffer(location = "shared")]
    b: Buffer,
}

fn main() {}
