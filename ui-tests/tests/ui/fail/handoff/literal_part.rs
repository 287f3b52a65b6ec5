use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 6, location = "shared", part(0..2, live = start), part(4..7, live = start))]
    rows: Buffer,
    #[buffer(size = 3, aliases = "rows", live = start..=solve, handoff)]
    too_many: Buffer,
    #[buffer(size = 3, location = "local", live = start, handoff)]
    of_none: Buffer,
}

fn main() {}
