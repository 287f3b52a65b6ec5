use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefix)]
pub struct Step {
    #[buffer(size, location = "local")]
    a: Buffer,
    #[buffer(size = 3, location)]
    b: Buffer,
    #[buffer(size = 3, aliases("a"))]
    c: Buffer,
    #[buffer(size = , location = "local")]
    d: Buffer,
    #[buffer(size = 3, location =)]
    e: Buffer,
}

fn main() {}
