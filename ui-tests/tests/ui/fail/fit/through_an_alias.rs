use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1))]
pub struct Step {
    n: usize,
    #[buffer(size = 10 * n, location = "shared")]
    outer: Buffer,
    #[buffer(size = 5 * n, aliases = "outer")]
    middle: Buffer,
    #[buffer(size = 6 * n, aliases = "middle")]
    never: Buffer,
    #[buffer(size = 5 * n, aliases = "outer")]
    full: Buffer,
    #[buffer(size = 1, aliases = "outer")]
    one_more: Buffer,
}

fn main() {}
