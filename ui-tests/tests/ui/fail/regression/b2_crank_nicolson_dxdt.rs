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

/// The derivative was put over the memory of the solver, which keeps `prev_theta` there.
#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(derivative, solve))]
pub struct CrankNicolson {
    n: usize,
    #[child(call = solve)]
    solver: NewtonKrylov,
    #[buffer(size = n, aliases = "solver", live = derivative)]
    cn_dxdt: Buffer,
}

fn main() {}
