use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, stages >= 3), phases(start, first, loop stage { solve, feval, base }))]
pub struct Dirk {
    n: usize,
    stages: usize,
    #[buffer(
        size = n * (stages - 1),
        location = "shared",
        part(0..n, live = start..=first),
        live = start..=base,
    )]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator", live = first..=base, handoff)]
    stage_base: Buffer,
    // In the second row, which is live all through.
    #[buffer(size = n, aliases = "accumulator", live = feval)]
    derivative: Buffer,
}

fn main() {}
