use buffer_core::{Buffer, Buffers, assert_layout};

#[derive(Buffers)]
#[buffers(vars(2 <= STAGES <= 4, N < 9))]
pub struct Step<const N: u8, const STAGES: usize> {
    #[buffer(size = N as usize * STAGES, location = "local")]
    a: Buffer,
}

assert_layout!(Step<8, 2>);
assert_layout!(Step<9, 4>);
assert_layout!(Step<8, 1>);

fn main() {}
