use buffer_core::{Buffer, Buffers};

/// All stages are kept to the end of the step, and each increment was put over the first of them.
#[derive(Buffers)]
#[buffers(
    vars(n >= 1, stages >= 1),
    phases(guess, loop stage { base, solve, store }, combine)
)]
pub struct RosenbrockW {
    n: usize,
    stages: usize,
    #[buffer(size = stages * n, location = "shared", live = store..=combine)]
    stage_store: Buffer,
    #[buffer(size = n, aliases = "stage_store", live = guess..=store)]
    stage_increment: Buffer,
}

/// As it was: the increment is the guess of the next step, too.
#[derive(Buffers)]
#[buffers(
    vars(n >= 1, stages >= 1),
    phases(guess, loop stage { base, solve, store }, combine)
)]
pub struct PersistentIncrement {
    n: usize,
    stages: usize,
    #[buffer(size = stages * n, location = "shared", live = store..=combine)]
    stage_store: Buffer,
    #[buffer(size = n, aliases = "stage_store", persistent)]
    stage_increment: Buffer,
}

fn main() {}
