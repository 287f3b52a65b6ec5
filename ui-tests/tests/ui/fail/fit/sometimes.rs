use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1, stages >= 1))]
pub struct Step {
    n: usize,
    stages: usize,
    #[buffer(size = n * (stages - 1), location = "shared")]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator")]
    stage_base: Buffer,
}

fn main() {}
