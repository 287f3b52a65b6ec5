use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step<const N: usize> {
    #[buffer(size = N * N, location = "shared")]
    jacobian: Buffer,
    #[buffer(size = 3 * N, aliases = "jacobian")]
    work: Buffer,
}

fn main() {}
