use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(sum, solve))]
pub struct Step {
    #[buffer(size = 6, location = "shared", live = solve, part(0..3, live = sum))]
    rows: Buffer,
    #[buffer(size = 3, aliases = "rows", live = sum..=solve, zero, handoff)]
    row: Buffer,
}

fn main() {}
