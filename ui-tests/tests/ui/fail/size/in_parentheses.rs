use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = (-3), location = "local")]
    negative: Buffer,
    #[buffer(size = -(3), location = "local")]
    negated: Buffer,
    #[buffer(size = (2.5), location = "local")]
    fraction: Buffer,
    #[buffer(size = ("n"), location = "local")]
    text: Buffer,
    #[buffer(size = ((18014398509481984)), location = "local")]
    overflowing: Buffer,
}

fn main() {}
