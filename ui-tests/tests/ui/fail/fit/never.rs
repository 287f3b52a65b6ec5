use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = 2 * n, location = "shared")]
    parent: Buffer,
    #[buffer(size = n, aliases = parent)]
    first: Buffer,
    #[buffer(size = n + 1, aliases = parent)]
    second: Buffer,
}

fn main() {}
