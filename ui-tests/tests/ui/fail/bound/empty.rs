use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(vars(3 <= n <= 2, m >= 4, m <= 3))]
pub struct Step {
    n: usize,
    m: usize,
}

fn main() {}
