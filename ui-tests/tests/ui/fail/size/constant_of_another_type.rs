use buffer_core::{Buffer, Buffers};

const WIDTH: u32 = 3;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = WIDTH, location = "local")]
    a: Buffer,
}

fn main() {}
