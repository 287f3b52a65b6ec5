use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 3), phases(start, solve))]
pub struct Step {
    n: usize,
    #[buffer(size = 6, location = "shared", live = start, part(0..3, live = solve))]
    rows: Buffer,
    #[buffer(size = n, aliases = "rows", overflow = "own")]
    sometimes: Buffer,
    // Where `n` is 7 it lies in the part.
    #[buffer(size = 3, aliases = "rows", live = solve)]
    behind: Buffer,
}

fn main() {}
