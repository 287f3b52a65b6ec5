use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "local")]
    a: Buffer,
    #[buffer(size = 2 * a, location = "local")]
    b: Buffer,
}

fn main() {}
