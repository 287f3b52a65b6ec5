#![deny(warnings, clippy::all)]

use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Step {
    n: usize,
    #[deprecated]
    #[buffer(size = n, location = "local")]
    old: Buffer,
    #[buffer(size = WIDTH, aliases = "old", overflow = "own")]
    unused: Buffer,
}

type Flags = Buffer<i32>;

const WIDTH: usize = 3;

#[derive(Buffers)]
struct Other {
    #[buffer(size = WIDTH, location = "local")]
    a: Flags,
    #[buffer(size = WIDTH, aliases = "a")]
    b: Buffer<i32>,
}

fn main() {
    #[allow(deprecated)]
    let step = Step { n: 3, old: Buffer::new(), unused: Buffer::new() };
    assert_eq!(step.entries().unwrap().len(), 2);
    assert_eq!(Other { a: Buffer::new(), b: Buffer::new() }.entries().unwrap().len(), 2);
}
