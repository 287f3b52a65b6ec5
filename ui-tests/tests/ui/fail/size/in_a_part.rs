use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve))]
pub struct Step {
    n: usize,
    #[buffer(size = 3, location = "local", part(0..-1, live = start))]
    negative: Buffer,
    #[buffer(size = n, location = "local", part(0..n / 2, live = start))]
    divided: Buffer,
    #[buffer(size = n, location = "local", part(0..negative, live = start))]
    of_a_buffer: Buffer,
}

fn main() {}
