use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    dt: f32,
    #[buffer(size = 2 * dt, location = "local")]
    a: Buffer,
}

fn main() {}
