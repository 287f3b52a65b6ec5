use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    template: Solver,
}

fn main() {}
