use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = "n", location = "local")]
    a: Buffer,
}

fn main() {}
