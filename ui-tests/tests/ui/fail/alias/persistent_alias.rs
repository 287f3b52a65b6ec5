use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer,
    #[buffer(size = 3, persistent, aliases = "stages")]
    cache: Buffer,
}

fn main() {}
