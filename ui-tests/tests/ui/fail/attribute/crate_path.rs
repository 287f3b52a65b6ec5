use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(crate = 3)]
pub struct Step {
    n: usize,
}

fn main() {}
