use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 3;

#[derive(Buffers)]
pub struct Step<'a> {
    name: &'a str,
    #[buffer(size = WIDTH - 5, location = "local")]
    a: Buffer,
}

fn main() {}
