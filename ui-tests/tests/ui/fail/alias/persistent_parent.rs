use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "local", persistent)]
    cache: Buffer,
    #[buffer(size = 3, aliases = "cache")]
    k1: Buffer,
}

fn main() {}
