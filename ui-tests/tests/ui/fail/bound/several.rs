use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n, m >= k, 1 <= k <= 8, 1 <= n >= 3, n >= 1 2))]
pub struct Step {
    n: usize,
    m: usize,
    k: usize,
    // No example is told where a bound may exclude it.
    #[buffer(size = n, location = "local")]
    parent: Buffer,
    #[buffer(size = m, aliases = "parent")]
    alias: Buffer,
}

fn main() {}
