use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(prefx = "dirk")]
pub struct Step {
    n: usize,
}

fn main() {}
