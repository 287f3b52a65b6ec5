use buffer_core::{Buffer, Buffers};

fn square(n: usize) -> usize {
    n * n
}

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = square(n), location = "local")]
    a: Buffer,
    #[buffer(size = max(n, 1, 2), location = "local")]
    b: Buffer,
}

fn main() {}
