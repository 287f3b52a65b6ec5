use buffer_core::Buffers;

#[derive(Buffers)]
pub union Step {
    n: usize,
    m: u32,
}

fn main() {}
