use buffer_core::{Buffer, Buffers};

const WIDTH: usize = usize::MAX;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 2 * WIDTH, location = "local")]
    a: Buffer,
}

fn main() {}
