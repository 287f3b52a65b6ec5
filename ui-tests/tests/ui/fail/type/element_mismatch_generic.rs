use buffer_core::{Buffer, Buffers, Element};

#[derive(Buffers)]
pub struct Step<T: Element> {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer<f64>,
    #[buffer(size = 3, aliases = "stages")]
    k1: Buffer<T>,
}

fn main() {}
