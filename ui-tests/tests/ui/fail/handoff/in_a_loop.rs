use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(loop stage { base, solve, feval }))]
pub struct Step {
    #[buffer(size = 3, location = "shared", part(0..3, live = [base, feval]))]
    again: Buffer,
    #[buffer(size = 3, aliases = "again", live = feval, handoff)]
    after: Buffer,
    #[buffer(size = 3, location = "shared", part(0..3, live = base))]
    before: Buffer,
    #[buffer(size = 3, aliases = "before", live = [base, feval], handoff)]
    already: Buffer,
}

fn main() {}
