use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= m), phases(start, solve))]
pub struct Step {
    n: usize,
    m: usize,
    // It would lie inside, if the bound were one.
    #[buffer(size = n, location = "local", part(0..m, live = start))]
    a: Buffer,
}

fn main() {}
