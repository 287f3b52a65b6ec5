use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, aliases = k1)]
    k1: Buffer,
}

fn main() {}
