use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n / 2, location = "shared")]
    a: Buffer,
    #[buffer(size = n, aliases = "a")]
    b: Buffer,
    #[buffer(size = n, aliases = "b", location = "shared")]
    c: Buffer,
}

fn main() {}
