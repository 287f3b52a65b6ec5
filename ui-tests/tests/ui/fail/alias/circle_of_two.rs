use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, aliases = "b")]
    a: Buffer,
    #[buffer(size = 3, aliases = "a")]
    b: Buffer,
    // Outside of the circle.
    #[buffer(size = 3, aliases = "b")]
    c: Buffer,
}

fn main() {}
