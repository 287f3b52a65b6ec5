use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    a: Buffer,
    #[buffer(size = 0, location = shared)]
    b: Buffer,
    #[buffer(size = 0x10, location = "auto")]
    c: Buffer,
}

fn main() {
    let step = Step { a: Buffer::new(), b: Buffer::new(), c: Buffer::new() };
    let sizes: Vec<usize> = step.entries().unwrap().iter().map(|entry| entry.size()).collect();
    assert_eq!(sizes, [3, 0, 16]);
    assert_eq!(step.prefix(), "step");
}
