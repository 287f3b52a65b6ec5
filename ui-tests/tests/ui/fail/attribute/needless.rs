use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 3, location = "local", handoff = true)]
    handed: Buffer,
    #[buffer(size = 3, location = "local", zero = "yes")]
    zeroed: Buffer,
    #[buffer(size = 3, location = "local", persistent, zero)]
    cache: Buffer,
    #[buffer(size = 3, location = "local", live, part = 3)]
    phases: Buffer,
}

fn main() {}
