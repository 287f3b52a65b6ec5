use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n * 2.5, location = "local")]
    fraction: Buffer,
    #[buffer(size = n + "2", location = "local")]
    text: Buffer,
    #[buffer(size = max(n, true), location = "local")]
    truth: Buffer,
}

fn main() {}
