use buffer_core::Buffers;

struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    solver: Solver,
}

fn main() {}
