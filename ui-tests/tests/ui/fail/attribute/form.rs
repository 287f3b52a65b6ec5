use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer = 3]
    a: Buffer,
    #[buffer("size", 3)]
    b: Buffer,
    #[buffer[size = 3; location = "local"]]
    c: Buffer,
}

fn main() {}
