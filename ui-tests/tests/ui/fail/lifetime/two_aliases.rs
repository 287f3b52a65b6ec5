use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, base, solve))]
pub struct Step {
    #[buffer(size = 6, location = "shared", live = start..=base)]
    stages: Buffer,
    #[buffer(size = 3, aliases = stages, live = base)]
    k1: Buffer,
    #[buffer(size = 3, aliases = stages, live = "start..solve")]
    k2: Buffer,
}

fn main() {}
