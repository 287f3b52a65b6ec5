use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 50, location = "shared")]
    parent: Buffer,
    #[buffer(size = 30, aliases = "parent")]
    first: Buffer,
    #[buffer(size = 21, aliases = "parent")]
    second: Buffer,
}

fn main() {}
