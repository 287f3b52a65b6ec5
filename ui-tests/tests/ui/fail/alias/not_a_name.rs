use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer,
    #[buffer(size = 3, aliases = 2)]
    k1: Buffer,
    #[buffer(size = 3, aliases = "a b")]
    k2: Buffer,
    #[buffer(size = 3, aliases = "")]
    k3: Buffer,
}

fn main() {}
