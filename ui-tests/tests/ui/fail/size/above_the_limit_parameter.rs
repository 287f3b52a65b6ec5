use buffer_core::{Buffer, Buffers, assert_layout};

#[derive(Buffers)]
pub struct Step<const N: usize> {
    #[buffer(size = N * N, location = "local")]
    a: Buffer,
}

assert_layout!(Step<8>);
assert_layout!(Step<0x4000_0000>);

fn main() {}
