use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared", persistent)]
    cache: Buffer,
    #[buffer(size = 6, aliases = "cache")]
    middle: Buffer,
    // Nothing follows from what is wrong with `middle`.
    #[buffer(size = 3, aliases = "middle")]
    inner: Buffer,
    #[buffer(size = 1, aliases = "middle", persistent)]
    kept: Buffer,
}

fn main() {}
