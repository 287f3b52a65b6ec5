use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 3, location = "shared", live = solve, handoff)]
    root: Buffer,
}

/// Without phases, there is no phase for it.
#[derive(Buffers)]
pub struct Timeless {
    #[buffer(size = 3, location = "shared")]
    parent: Buffer,
    #[buffer(size = 3, aliases = "parent", handoff)]
    alias: Buffer,
}

fn main() {}
