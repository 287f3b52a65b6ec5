use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 4;

const fn square(n: usize) -> usize {
    n * n
}

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = WIDTH, location = "local")]
    a: Buffer,
    #[buffer(size = max(WIDTH, 7) + min(WIDTH, 2), location = "local")]
    b: Buffer,
    #[buffer(size = if WIDTH > 3 { WIDTH } else { 0 }, location = "local")]
    c: Buffer,
    #[buffer(size = square(WIDTH) / 2, location = "local")]
    d: Buffer,
    #[buffer(size = Self::HEIGHT * 2, location = "local")]
    e: Buffer,
    #[buffer(size = std::mem::size_of::<u64>(), location = "local")]
    f: Buffer,
    #[buffer(size = WIDTH, aliases = "d")]
    g: Buffer,
}

impl Step {
    const HEIGHT: usize = 5;
}

fn main() {
    let step = Step {
        a: Buffer::new(),
        b: Buffer::new(),
        c: Buffer::new(),
        d: Buffer::new(),
        e: Buffer::new(),
        f: Buffer::new(),
        g: Buffer::new(),
    };
    let sizes: Vec<usize> = step.entries().unwrap().iter().map(|entry| entry.size()).collect();
    assert_eq!(sizes, [4, 9, 4, 8, 10, 8, 4]);
}
