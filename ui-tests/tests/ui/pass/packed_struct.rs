use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[repr(Rust, packed)]
pub struct Step {
    byte: u8,
    n: u32,
    #[buffer(size = n + byte, location = "local")]
    a: Buffer,
    #[buffer(size = n, aliases = "a")]
    b: Buffer,
}

fn main() {
    let step = Step { byte: 1, n: 3, a: Buffer::new(), b: Buffer::new() };
    assert_eq!(step.entries().unwrap()[0].size(), 4);
}
