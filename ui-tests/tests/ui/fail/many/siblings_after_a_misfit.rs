use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 4, location = "shared")]
    parent: Buffer,
    #[buffer(size = 5, aliases = "parent")]
    a: Buffer,
    #[buffer(size = 5, aliases = "parent")]
    b: Buffer,
}

fn main() {}
