use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve, feval }, finish))]
pub struct Step {
    // Each time round the loop reads it again, so it is live in all of the loop.
    #[buffer(size = 3, location = "shared", live = start..=base)]
    state: Buffer,
    #[buffer(size = 3, aliases = "state", live = feval)]
    derivative: Buffer,
}

fn main() {}
