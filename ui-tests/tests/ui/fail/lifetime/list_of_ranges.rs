use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve, feval }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "shared", live = [start, finish])]
    ends: Buffer,
    #[buffer(size = 3, aliases = "ends", live = [solve, "feval..=finish"])]
    increment: Buffer,
}

fn main() {}
