use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 3;
const HEIGHT: usize = 2;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = HEIGHT, location = "shared")]
    parent: Buffer,
    #[buffer(size = WIDTH, aliases = "parent")]
    alias: Buffer,
}

fn main() {}
