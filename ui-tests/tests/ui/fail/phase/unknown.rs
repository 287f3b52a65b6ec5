use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", live = slove)]
    near: Buffer,
    #[buffer(size = 3, location = "local", live = ["output", start])]
    far: Buffer,
    #[buffer(size = 3, location = "local", live = strat..=stages)]
    both: Buffer,
    #[child(call = [solve, predict])]
    solver: Solver,
}

fn main() {}
