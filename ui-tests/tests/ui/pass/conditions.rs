//! What the condition of a size may be.

use buffer_core::{Buffer, Buffers};

const WIDE: bool = true;
const WIDTH: i32 = 4;

#[derive(Buffers, Default)]
struct Step {
    n: u8,
    flag: bool,
    #[buffer(size = if flag { n } else { 1 }, location = "local")]
    field: Buffer,
    #[buffer(size = if WIDE { n } else { 1 }, location = "local")]
    constant: Buffer,
    #[buffer(size = if (!flag && WIDTH > 3) || n == 0 { 2 * n } else { 0 }, location = "local")]
    all: Buffer,
    #[buffer(size = if WIDE { 3 } else { 2 }, location = "local")]
    by_the_compiler: Buffer,
    #[buffer(size = (3), location = "local")]
    in_parentheses: Buffer,
}

fn main() {
    let sizes = |flag| -> Vec<usize> {
        let step = Step { n: 5, flag, ..Step::default() };
        step.entries().unwrap().iter().map(|entry| entry.size()).collect()
    };
    assert_eq!(sizes(true), [5, 5, 0, 3, 3]);
    assert_eq!(sizes(false), [1, 5, 10, 3, 3]);
}
