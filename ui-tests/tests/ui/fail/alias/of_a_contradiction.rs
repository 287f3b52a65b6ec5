use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    #[child]
    both: Buffer,
    // Nothing follows from it.
    #[buffer(size = 3, aliases = "both")]
    alias: Buffer,
}

fn main() {}
