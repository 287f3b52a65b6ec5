use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 2.5, location = "local")]
    a: Buffer,
    #[buffer(size = -2.5, location = "local")]
    b: Buffer,
}

fn main() {}
