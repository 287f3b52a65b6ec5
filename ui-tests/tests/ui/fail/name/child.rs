use buffer_core::Buffers;

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    template: Solver,
}

fn main() {}
