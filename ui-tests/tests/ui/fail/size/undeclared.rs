use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = m, location = "local")]
    a: Buffer,
    #[buffer(size = n * m, location = "local")]
    b: Buffer,
}

fn main() {}
