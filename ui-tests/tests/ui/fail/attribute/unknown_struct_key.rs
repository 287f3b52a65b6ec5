use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(prefx = "dirk")]
pub struct Step {
    n: usize,
}

fn main() {}
