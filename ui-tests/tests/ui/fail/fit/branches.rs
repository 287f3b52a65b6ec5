use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    adaptive: bool,
    stages: usize,
    #[buffer(size = max(n, stages), location = "shared")]
    parent: Buffer,
    #[buffer(size = if stages > 1 { n + stages } else { n }, aliases = "parent")]
    alias: Buffer,
}

fn main() {}
