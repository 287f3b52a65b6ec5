use buffer_core::Buffers;

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child(name = "x")]
    solver: Solver,
}

fn main() {}
