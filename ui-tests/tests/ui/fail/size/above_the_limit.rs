use buffer_core::{Buffer, Buffers};

const HUGE: usize = 1 << 60;

#[derive(Buffers)]
pub struct Constant {
    #[buffer(size = HUGE, location = "local")]
    a: Buffer,
}

#[derive(Buffers)]
pub struct Product {
    #[buffer(size = 0x4000_0000 * 0x4000_0000, location = "local")]
    a: Buffer,
}

#[derive(Buffers)]
pub struct Larger {
    n: usize,
    #[buffer(size = n, location = "local")]
    a: Buffer,
    #[buffer(size = max(HUGE, 3), location = "local")]
    b: Buffer,
}

fn main() {}
