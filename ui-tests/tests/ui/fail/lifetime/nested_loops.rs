use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(loop step { predict, loop stage { base, solve }, error }))]
pub struct Step {
    // From one stage to the next, which is one of the same step.
    #[buffer(size = 3, location = "shared", live = solve..=base)]
    carried: Buffer,
    #[buffer(size = 3, aliases = "carried", live = [predict, error])]
    outside: Buffer,
    // From one step to the next.
    #[buffer(size = 3, location = "shared", live = error..=predict)]
    kept: Buffer,
    #[buffer(size = 2, aliases = "kept", live = stage)]
    inside: Buffer,
    #[buffer(size = 1, aliases = "kept", live = base..=error)]
    too_long: Buffer,
}

fn main() {}
