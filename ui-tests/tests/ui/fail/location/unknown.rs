use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "shraed")]
    a: Buffer,
    #[buffer(size = 3, location = "register")]
    b: Buffer,
    #[buffer(size = 3, location = lokal)]
    c: Buffer,
    #[buffer(size = 3, location = 3)]
    d: Buffer,
}

fn main() {}
