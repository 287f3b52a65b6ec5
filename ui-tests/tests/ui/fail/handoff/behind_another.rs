use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 4, location = "shared", live = start, part(0..3, live = start))]
    rows: Buffer,
    #[buffer(size = 1, aliases = "rows", live = solve)]
    first: Buffer,
    // It lies on the part's last two elements, and not on all of them.
    #[buffer(size = 2, aliases = "rows", live = start..=solve, handoff)]
    last: Buffer,
}

fn main() {}
