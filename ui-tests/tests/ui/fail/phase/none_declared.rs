use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local", live = start)]
    a: Buffer,
    #[child(call = solve)]
    solver: Solver,
}

fn main() {}
