//! Constants and fields may be negative, as long as sizes are not.

use buffer_core::{Buffer, BufferRegistry, Buffers};

const OFFSET: i32 = -5;
type Signed = i64;

#[derive(Buffers)]
struct Step {
    n: usize,
    shift: i8,
    hidden: Signed,
    #[buffer(size = n - OFFSET, location = "shared")]
    by_constant: Buffer,
    #[buffer(size = n + 1, aliases = by_constant)]
    inside_by_constant: Buffer,
    #[buffer(size = n - 1 - shift, location = "shared")]
    by_field: Buffer,
    #[buffer(size = n, aliases = by_field)]
    inside_by_field: Buffer,
    #[buffer(size = n - 1 - hidden, location = "shared")]
    by_hidden: Buffer,
    #[buffer(size = n, aliases = by_hidden)]
    inside_by_hidden: Buffer,
}

fn main() {
    let step = Step {
        n: 3,
        shift: -2,
        hidden: -3,
        by_constant: Buffer::new(),
        inside_by_constant: Buffer::new(),
        by_field: Buffer::new(),
        inside_by_field: Buffer::new(),
        by_hidden: Buffer::new(),
        inside_by_hidden: Buffer::new(),
    };
    let sizes: Vec<usize> = step.entries().unwrap().iter().map(|entry| entry.size()).collect();
    assert_eq!(sizes, [8, 4, 4, 3, 5, 3]);
    BufferRegistry::new().add(&step).unwrap();
}
