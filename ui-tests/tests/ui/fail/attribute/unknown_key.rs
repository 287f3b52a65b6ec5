use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(sise = 3, location = "local")]
    a: Buffer,
    #[buffer(size = 3, location = "local", colour = "red")]
    b: Buffer,
}

fn main() {}
