use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n, aliases = "n")]
    k1: Buffer,
}

fn main() {}
