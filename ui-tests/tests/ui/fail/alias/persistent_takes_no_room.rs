use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 4, location = "shared", live = solve, part(0..2, live = start))]
    rows: Buffer,
    #[buffer(size = 2, aliases = "rows", persistent)]
    cache: Buffer,
    #[buffer(size = 2, aliases = "rows", live = solve)]
    alias: Buffer,
}

fn main() {}
