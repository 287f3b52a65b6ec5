use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[child]
    solver: Solver,
    #[buffer(size = solver, location = "local")]
    a: Buffer,
    #[buffer(size = 2 * self.a, location = "local")]
    b: Buffer,
}

fn main() {}
