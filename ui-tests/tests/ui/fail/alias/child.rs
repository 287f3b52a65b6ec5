use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    solver: Solver,
    #[buffer(size = 3, aliases = "solver")]
    k1: Buffer,
}

fn main() {}
