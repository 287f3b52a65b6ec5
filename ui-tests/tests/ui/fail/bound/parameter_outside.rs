use buffer_core::{Buffer, Buffers, assert_layout};

#[derive(Buffers)]
#[buffers(vars(1 <= N <= 16))]
pub struct Step<const N: usize> {
    #[buffer(size = N, location = "local")]
    a: Buffer,
}

assert_layout!(Step<17>);

fn main() {}
