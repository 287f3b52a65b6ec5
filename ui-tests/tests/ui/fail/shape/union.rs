use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub union Step {
    n: usize,
    m: u32,
}

fn main() {}
