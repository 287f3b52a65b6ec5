use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, solve))]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "shared")]
    store: Buffer,
    // Too large, and live together with `store`.
    #[buffer(size = 2 * n, aliases = "store", live = solve)]
    increment: Buffer,
    // A range at fault says nothing of lifetimes.
    #[buffer(size = 0, aliases = "store", live = slove)]
    residual: Buffer,
}

fn main() {}
