use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    pair: (usize, usize),
    #[buffer(size = n % 2, location = "local")]
    rest: Buffer,
    #[buffer(size = 1 << n, location = "local")]
    power: Buffer,
    #[buffer(size = pair.0, location = "local")]
    of_a_tuple: Buffer,
    #[buffer(size = 3 * { n }, location = "local")]
    block: Buffer,
    #[buffer(size = -n, location = "local")]
    negated: Buffer,
    #[buffer(size = max(n, 2, 3), location = "local")]
    of_three: Buffer,
}

fn main() {}
