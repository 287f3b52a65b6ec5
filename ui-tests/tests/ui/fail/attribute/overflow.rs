use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    stages: Buffer,
    #[buffer(size = 3, aliases = "stages", overflow = "grow")]
    a: Buffer,
    #[buffer(size = 3, aliases = "stages", overflow = "erorr")]
    b: Buffer,
    #[buffer(size = 3, location = "local", overflow = "own")]
    c: Buffer,
}

fn main() {}
