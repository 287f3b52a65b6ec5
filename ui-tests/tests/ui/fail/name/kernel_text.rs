use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    real: Buffer,
}

fn main() {}
