//! What names no field is a constant of the compiler's, in which `max` and `min` are ours.

use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Step<const N: usize> {
    n: usize,
    #[buffer(size = n + 12 / max(N, 1), location = "shared")]
    quotient: Buffer,
    #[buffer(size = if N > 0 { n * (12 / max(N, 1)) } else { n }, location = "shared")]
    branch: Buffer,
    // A constant that would be two statements where one stands.
    #[buffer(size = n * ({ 12 } / 4), location = "shared")]
    block: Buffer,
}

fn sizes<const N: usize>() -> Vec<usize> {
    let step = Step::<N> { n: 2, quotient: Buffer::new(), branch: Buffer::new(), block: Buffer::new() };
    step.entries().unwrap().iter().map(|entry| entry.size()).collect()
}

fn main() {
    assert_eq!(sizes::<0>(), [14, 2, 6]);
    assert_eq!(sizes::<3>(), [6, 8, 6]);
}
