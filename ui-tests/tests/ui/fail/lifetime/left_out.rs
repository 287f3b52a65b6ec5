use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve, finish))]
pub struct Step {
    #[buffer(size = 3, location = "shared")]
    silent: Buffer,
    #[buffer(size = 3, aliases = "silent", live = solve)]
    in_silent: Buffer,
    #[buffer(size = 3, location = "shared", live = start)]
    outspoken: Buffer,
    #[buffer(size = 3, aliases = "outspoken")]
    silent_alias: Buffer,
}

fn main() {}
