use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, stages => 2))]
pub struct A {
    n: usize,
    stages: usize,
    #[buffer(size = n * (stages - 1), location = "shared")]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator")]
    stage_base: Buffer,
}

#[derive(Buffers)]
#[buffers(vars(n >= 1, stage >= 2))]
pub struct B {
    n: usize,
    stages: usize,
    #[buffer(size = n * (stages - 1), location = "shared")]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator")]
    stage_base: Buffer,
}

#[derive(Buffers)]
#[buffers(var(n >= 1, stages >= 2))]
pub struct C {
    n: usize,
    stages: usize,
    #[buffer(size = n * (stages - 1), location = "shared")]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator")]
    stage_base: Buffer,
}

fn main() {}
