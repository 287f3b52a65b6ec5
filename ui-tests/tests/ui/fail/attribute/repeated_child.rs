use buffer_core::Buffers;

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    #[child]
    solver: Solver,
}

fn main() {}
