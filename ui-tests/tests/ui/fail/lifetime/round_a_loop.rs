use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(loop step { predict, loop stage { base, solve, feval }, error }))]
pub struct Step {
    // From the end of one step to the first stage of the next one.
    #[buffer(size = 3, location = "shared", live = error..=base)]
    derivative: Buffer,
    #[buffer(size = 3, aliases = "derivative", live = predict)]
    guess: Buffer,
}

fn main() {}
