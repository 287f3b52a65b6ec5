use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, solve))]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "shared", part(0..2 * n, live = start))]
    outside: Buffer,
    #[buffer(size = 3, location = "shared", part(2..1, live = start))]
    reversed: Buffer,
    #[buffer(size = 2 * n, location = "shared", part(0..n, live = start), part(0..2 * n, live = solve))]
    overlapping: Buffer,
    #[buffer(size = n, location = "shared", part(0..n, live = slove))]
    unknown_phase: Buffer,
    #[buffer(size = n, location = "shared", persistent, part(0..n, live = start))]
    persistent_part: Buffer,
}

fn main() {}
