use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefix = "newton", vars(n >= 1))]
pub struct NewtonKrylov {
    n: usize,
    #[buffer(size = n, location = "shared")]
    delta: Buffer,
    #[buffer(size = 1, location = "shared", persistent)]
    prev_theta: Buffer,
}

/// The solver of the smoothed error, and its right-hand side, were put over the memory of the stages'
/// solver, which keeps `prev_theta` there.
#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(loop stage { base, solve }, error))]
pub struct Dirk {
    n: usize,
    #[child(call = solve)]
    solver: NewtonKrylov,
    #[child(call = error, aliases = "solver")]
    error_solver: NewtonKrylov,
    #[buffer(size = n, aliases = "solver", live = error)]
    error_rhs: Buffer,
}

fn main() {}
