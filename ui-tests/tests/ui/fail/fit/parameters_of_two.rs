use buffer_core::{Buffer, Buffers, assert_layout};

#[derive(Buffers)]
pub struct Step<const N: usize, const STAGES: usize> {
    #[buffer(size = N * STAGES / 2, location = "shared")]
    parent: Buffer,
    #[buffer(size = N, aliases = "parent")]
    first: Buffer,
    #[buffer(size = N, aliases = "parent")]
    second: Buffer,
}

assert_layout!(Step<3, 4>);
assert_layout!(Step<3, 3>);

fn main() {}
