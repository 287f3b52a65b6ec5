use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 18446744073709551616, location = "local")]
    a: Buffer,
}

fn main() {}
