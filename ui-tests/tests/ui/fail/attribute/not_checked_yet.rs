use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Solver;

#[derive(Buffers)]
#[buffers(phases(start, loop stage { solve }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", live = start..=finish)]
    a: Buffer,
    #[buffer(size = 3, location = "local", live = [start, finish])]
    b: Buffer,
    #[buffer(size = 3, location = "local", part(0..2, live = start), handoff)]
    c: Buffer,
    #[child(call = solve)]
    solver: Solver,
}

fn main() {}
