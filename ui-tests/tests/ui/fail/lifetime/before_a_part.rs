use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    #[buffer(size = 6, location = "shared", live = solve, part(2..6, live = start))]
    rows: Buffer,
    #[buffer(size = 1, aliases = "rows", live = start)]
    first: Buffer,
    // In the second and the third element, of which only the third is in the part.
    #[buffer(size = 2, aliases = "rows", live = solve)]
    between: Buffer,
}

fn main() {}
