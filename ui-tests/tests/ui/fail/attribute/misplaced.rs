use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffer(prefix = "dirk")]
#[child]
pub struct Step {
    #[buffers(size = 3, location = "local")]
    a: Buffer,
}

fn main() {}
