//! Phases, ranges, parts and bounds that a macro makes.

use buffer_core::{Buffer, BufferRegistry, Buffers};

macro_rules! factory {
    ($name:ident, $n:ident, $size:expr, [$($phase:ident),*], $first:ident, $live:expr, $part:expr, $least:literal) => {
        #[derive(Buffers)]
        #[buffers(vars($n >= $least), phases($($phase),*))]
        pub struct $name {
            $n: usize,
            #[buffer(size = 2 * $size, location = "shared", part(0..$part, live = $first))]
            parent: Buffer,
            #[buffer(size = $size, aliases = parent, live = $live, handoff)]
            alias: Buffer,
        }
    };
}

factory!(Step, n, n + 1, [start, solve, finish], start, start..=finish, n + 1, 1);

fn main() {
    let step = Step { n: 3, parent: Buffer::new(), alias: Buffer::new() };
    let mut registry = BufferRegistry::new();
    let id = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(id), 8);
    assert!(registry.add(&Step { n: 0, parent: Buffer::new(), alias: Buffer::new() }).is_err());
}
