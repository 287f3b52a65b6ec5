use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 3, location = "shared", part = 0..2)]
    value: Buffer,
    #[buffer(size = 3, location = "shared", part(0..2))]
    without_phases: Buffer,
    #[buffer(size = 3, location = "shared", part(0..=2, live = start))]
    inclusive: Buffer,
    #[buffer(size = 3, location = "shared", part(0..2, call = start))]
    call: Buffer,
    #[buffer(size = 3, location = "shared", part(0..2, live = []))]
    no_phase: Buffer,
    #[buffer(size = 3, location = "shared", part(0.."2", live = start))]
    string: Buffer,
    #[buffer(size = 3, aliases = "string", handoff = start)]
    needless_value: Buffer,
}

fn main() {}
