use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = self.n + 2, location = "local")]
    a: Buffer,
}

fn main() {}
