use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefix = "one")]
#[buffers(prefix = "two", vars(n >= 1))]
pub struct Step {
    n: usize,
    #[buffer(size = 3, location = "local")]
    #[buffer(size = n, zero)]
    twice: Buffer,
}

fn main() {}
