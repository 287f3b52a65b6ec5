use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, base, solve))]
pub struct Step {
    #[buffer(size = 6, location = "shared", live = [start, solve])]
    outer: Buffer,
    #[buffer(size = 6, aliases = "outer", live = base)]
    middle: Buffer,
    #[buffer(size = 3, aliases = "middle", live = solve)]
    inner: Buffer,
}

fn main() {}
