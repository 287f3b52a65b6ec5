use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "local")]
    outer: Buffer<f64>,
    #[buffer(size = 3, aliases = "outer")]
    middle: Buffer<i32>,
    #[buffer(size = 3, aliases = "middle")]
    inner: Buffer<f64>,
}

fn main() {}
