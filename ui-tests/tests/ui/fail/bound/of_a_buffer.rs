use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
#[buffers(vars(a >= 1, solver >= 1, M >= 1, 4 > N > 3))]
pub struct Step<const N: usize> {
    #[buffer(size = N, location = "local")]
    a: Buffer,
    #[child]
    solver: Solver,
}

fn main() {}
