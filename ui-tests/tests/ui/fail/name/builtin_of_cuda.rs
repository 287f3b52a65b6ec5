use buffer_core::{Buffer, Buffers};

#[allow(non_snake_case)]
#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    threadIdx: Buffer,
}

fn main() {}
