use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local", persistent = true)]
    a: Buffer,
    #[buffer(size = 3, location = "local", zero(true))]
    b: Buffer,
}

fn main() {}
