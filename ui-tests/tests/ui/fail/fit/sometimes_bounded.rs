use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, 1 <= m <= 16))]
pub struct Step {
    n: usize,
    m: usize,
    #[buffer(size = 15 * n, location = "shared")]
    basis: Buffer,
    #[buffer(size = m * n, aliases = "basis")]
    vectors: Buffer,
}

fn main() {}
