use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, aliases = b)]
    a: Buffer,
    #[buffer(size = 3, aliases = c)]
    b: Buffer,
    #[buffer(size = 3, aliases = a)]
    c: Buffer,
}

fn main() {}
