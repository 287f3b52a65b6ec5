use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = (n + 1) / 2, location = "local")]
    a: Buffer,
    #[buffer(size = 3 + n % 2, location = "local")]
    b: Buffer,
}

fn main() {}
