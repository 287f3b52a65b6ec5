use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: u32,
    #[buffer(size = n as usize, location = "local")]
    a: Buffer,
}

fn main() {}
