use buffer_core::{Buffer, Buffers};

struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    solver: Solver,
}

fn main() {}
