use buffer_core::{Buffer, Buffers};

const HALF: f64 = 0.5;

#[derive(Buffers)]
pub struct Step {
    n: usize,
    names: [&'static str; 2],
    #[buffer(size = 2 * names, location = "local")]
    array: Buffer,
    #[buffer(size = n * HALF, location = "local")]
    constant: Buffer,
}

fn main() {}
