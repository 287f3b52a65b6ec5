use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(
    vars(stages >= 1),
    phases(prepare, loop stage { advance, evaluate, couple, solve }, combine)
)]
pub struct RosenbrockW {
    n: usize,
    stages: usize,
    #[buffer(size = stages * n, location = "shared", live = evaluate..=combine)]
    stage_store: Buffer,
    #[buffer(size = n, aliases = "stage_store", live = evaluate..=solve)]
    stage_rhs: Buffer,
}

fn main() {}
