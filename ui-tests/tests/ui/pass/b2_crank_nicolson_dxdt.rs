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
#[buffers(vars(n >= 1), phases(derivative, solve))]
pub struct CrankNicolson {
    n: usize,
    #[child(call = solve)]
    solver: NewtonKrylov,
    // A packing that overlays may put it over `delta`, never over `prev_theta`.
    #[buffer(size = n, location = "shared", live = derivative)]
    cn_dxdt: Buffer,
}

fn main() {
    let solver = NewtonKrylov { n: 3, delta: Buffer::new(), prev_theta: Buffer::new() };
    let step = CrankNicolson { n: 3, solver, cn_dxdt: Buffer::new() };
    let children = step.children();
    assert_eq!(children[0].calls, ["solve".into()]);
    assert_eq!(step.entries().unwrap()[0].live_ranges(), ["derivative".into()]);
}
