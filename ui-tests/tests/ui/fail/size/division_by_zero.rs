use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 0;

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n * (3 / WIDTH), location = "local")]
    a: Buffer,
}

fn main() {}
