use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, solve))]
pub struct Step {
    n: usize,
    // Where `n` is at most 3 it lies in `parent`.
    #[buffer(size = 3, location = "shared", live = start..=solve)]
    parent: Buffer,
    #[buffer(size = n, aliases = "parent", live = solve, overflow = "own")]
    sometimes: Buffer,
}

fn main() {}
