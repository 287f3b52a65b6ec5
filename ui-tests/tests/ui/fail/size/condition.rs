use buffer_core::{Buffer, Buffers};

const WIDTH: u32 = 3;

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = if n { 2 } else { 3 }, location = "local")]
    field: Buffer,
    #[buffer(size = if WIDTH { n } else { 3 }, location = "local")]
    constant: Buffer,
    #[buffer(size = if WIDTH { 2 } else { 3 }, location = "local")]
    in_a_constant: Buffer,
    #[buffer(size = if !n { n } else { 3 }, location = "local")]
    negated: Buffer,
}

fn main() {}
