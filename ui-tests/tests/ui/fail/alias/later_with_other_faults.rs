use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    // Nothing is compared with what is declared below.
    #[buffer(size = 4, aliases = "later", location = "shared")]
    larger: Buffer,
    #[buffer(size = 1, aliases = "later", persistent)]
    kept: Buffer,
    #[buffer(size = 3, location = "local", persistent)]
    later: Buffer,
}

fn main() {}
