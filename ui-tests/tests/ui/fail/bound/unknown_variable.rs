use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(stage >= 1, a >= 1))]
pub struct Step {
    stages: usize,
    #[buffer(size = stages, location = "local")]
    a: Buffer,
}

fn main() {}
