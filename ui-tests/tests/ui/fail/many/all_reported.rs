use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefix = "2x")]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "shared")]
    volatile: Buffer,
    #[buffer(size = n / 2, location = "nowhere")]
    a: Buffer,
    #[buffer(sise = 3, aliases = "volatil")]
    b: Buffer,
    #[buffer(size = 3, location = "local", aliases = volatile)]
    c: Buffer,
    #[buffer(size = 4, location = "local", persistent)]
    d: Buffer,
    #[buffer(size = 5, aliases = d)]
    e: Buffer,
    #[buffer(size = 1, aliases = c)]
    f: Buffer<i32>,
}

fn main() {}
