use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, stages >= 3), phases(start, first, solve))]
pub struct Step {
    n: usize,
    stages: usize,
    #[buffer(size = n, location = "shared", live = start..=first)]
    without_parts: Buffer,
    #[buffer(size = n, aliases = "without_parts", live = first..=solve, handoff)]
    of_no_part: Buffer,
    #[buffer(size = n * stages, location = "shared", part(0..n, live = start..=first), live = start)]
    rows: Buffer,
    #[buffer(size = n - 1, aliases = "rows", live = first..=solve, handoff)]
    too_short: Buffer,
    #[buffer(size = n, aliases = "rows", live = first..=solve, handoff)]
    shifted: Buffer,
}

fn main() {}
