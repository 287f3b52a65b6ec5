use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    a: f32,
    #[buffer(size = 3, aliases = "a")]
    b: Buffer,
}

fn main() {}
