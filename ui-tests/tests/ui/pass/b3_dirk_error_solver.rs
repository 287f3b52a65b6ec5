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

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(loop stage { base, solve }, error))]
pub struct Dirk {
    n: usize,
    #[child(call = solve)]
    solver: NewtonKrylov,
    #[child(call = error)]
    error_solver: NewtonKrylov,
    #[buffer(size = n, location = "shared", live = error)]
    error_rhs: Buffer,
}

fn main() {
    let solver = || NewtonKrylov { n: 3, delta: Buffer::new(), prev_theta: Buffer::new() };
    let (solver, error_solver) = (solver(), solver());
    let step = Dirk { n: 3, solver, error_solver, error_rhs: Buffer::new() };
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 11);
}
