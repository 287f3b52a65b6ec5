use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, persistent)]
    cache: Buffer,
    #[buffer(zero)]
    nothing: Buffer,
    #[buffer]
    silent: Buffer,
}

fn main() {}
