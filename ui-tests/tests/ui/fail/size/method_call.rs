use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = n.pow(2), location = "local")]
    a: Buffer,
    #[buffer(size = self.n, location = "local")]
    b: Buffer,
}

fn main() {}
