use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(location = "local")]
    a: Buffer,
    #[buffer]
    b: Buffer,
}

fn main() {}
