use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, loop stage { base, solve, feval }, finish))]
pub struct Step {
    n: usize,
    // In `base` zeros after `start`, and the sums of the pass before after `feval`.
    #[buffer(size = n, location = "local", live = stage, zero)]
    sums: Buffer,
    #[buffer(size = n, location = "local", live = feval..=base, zero)]
    again: Buffer,
    #[buffer(size = n, location = "local", live = solve, part(0..1, live = stage..=finish), zero)]
    part: Buffer,
    // These begin in one way.
    #[buffer(size = n, location = "local", live = start..=stage, zero)]
    early: Buffer,
    #[buffer(size = n, location = "local", live = [start, solve, finish], zero)]
    often: Buffer,
}

fn main() {}
