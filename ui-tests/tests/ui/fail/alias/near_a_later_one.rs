use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    increment: Buffer,
    // Only what is declared above can be meant.
    #[buffer(size = 3, aliases = "stagse")]
    alias: Buffer,
    #[buffer(size = 3, location = "local")]
    stages: Buffer,
}

fn main() {}
