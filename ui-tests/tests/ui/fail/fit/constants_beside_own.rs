use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 3;
const HEIGHT: usize = 4;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = HEIGHT, location = "shared")]
    parent: Buffer,
    #[buffer(size = WIDTH, aliases = "parent", overflow = "own")]
    first: Buffer,
    #[buffer(size = WIDTH, aliases = "parent", overflow = "own")]
    second: Buffer,
    #[buffer(size = WIDTH, aliases = "parent")]
    third: Buffer,
}

fn main() {}
