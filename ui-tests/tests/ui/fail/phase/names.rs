use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, volatile, start }, loop base { solve }))]
pub struct Step {
    // Nothing is said of lifetimes while the phases are at fault.
    #[buffer(size = 3, location = "local", live = nothing)]
    a: Buffer,
    #[buffer(size = 3, aliases = "a")]
    b: Buffer,
}

fn main() {}
