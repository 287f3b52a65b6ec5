use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    n: usize,
    #[buffer(size = if n + 1 { n } else { 3 }, location = "local")]
    sum: Buffer,
    #[buffer(size = if 1 { n } else { 3 }, location = "local")]
    literal: Buffer,
    #[buffer(size = if n.is_power_of_two() { n } else { 3 }, location = "local")]
    call: Buffer,
}

fn main() {}
