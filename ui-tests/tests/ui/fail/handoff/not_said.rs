use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, stages >= 2), phases(start, first, loop stage { solve, feval, base }))]
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
    #[buffer(size = n, aliases = "accumulator", live = first..=base)]
    stage_base: Buffer,
}

fn main() {}
