use buffer_core::{Buffer, Buffers, assert_layout};

const WIDTH: usize = 3;

#[derive(Buffers)]
pub struct Step<const N: usize> {
    #[buffer(size = N, location = "shared")]
    parent: Buffer,
    #[buffer(size = WIDTH, aliases = "parent")]
    alias: Buffer,
}

assert_layout!(Step<3>, Step<2>);

fn main() {}
