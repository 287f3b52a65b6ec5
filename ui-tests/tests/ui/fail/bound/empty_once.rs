use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 4, n <= 3, n <= 2, n >= 5))]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "local")]
    a: Buffer,
}

fn main() {}
