use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(1 <= n <= 4, 2 <= stages <= 3))]
pub struct Step {
    n: usize,
    stages: usize,
    #[buffer(size = max(n, 2), location = "shared")]
    parent: Buffer,
    #[buffer(size = n * stages, aliases = "parent")]
    product: Buffer,
    #[buffer(size = if stages > 2 { n } else { 0 }, location = "shared")]
    branch: Buffer,
    #[buffer(size = n, aliases = "branch")]
    all: Buffer,
}

fn main() {}
