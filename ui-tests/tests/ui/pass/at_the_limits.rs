//! Declarations at the edge of a rule, on its right side.

use buffer_core::{Buffer, BufferRegistry, Buffers};

#[derive(Buffers, Default)]
#[buffers(vars(3 <= n, n <= 3, m >= 1), phases(start, solve, finish))]
struct Edges {
    n: usize,
    m: usize,
    k: usize,
    #[buffer(size = n, location = "local", live = start)]
    parent: Buffer,
    #[buffer(size = 3, aliases = "parent", location = auto, live = solve)]
    full: Buffer,
    #[buffer(size = 0, aliases = "parent", live = solve)]
    empty: Buffer,
    // What never fits lies elsewhere, and takes nothing.
    #[buffer(size = 5, location = "shared", live = start)]
    small: Buffer,
    #[buffer(size = 6, aliases = "small", overflow = "own", live = solve)]
    elsewhere: Buffer,
    #[buffer(size = 5, aliases = "small", live = solve)]
    there: Buffer,
    // Where `m` or `k` is larger than what is left, the one behind fits.
    #[buffer(size = n, location = "shared", live = start)]
    tight: Buffer,
    #[buffer(size = m, aliases = "tight", overflow = "own", live = solve)]
    sometimes: Buffer,
    #[buffer(size = n, aliases = "tight", live = solve)]
    behind: Buffer,
    #[buffer(size = n, location = "shared", live = start)]
    open: Buffer,
    #[buffer(size = k, aliases = "open", overflow = "own", live = solve)]
    perhaps: Buffer,
    #[buffer(size = n, aliases = "open", live = solve)]
    after: Buffer,
    // In any order.
    #[buffer(size = 4, location = "local", part(2..4, live = start), part(0..2, live = solve))]
    parts: Buffer,
    // A handoff from an alias, inside what is dead by then.
    #[buffer(size = 2, location = "local", live = start)]
    outer: Buffer,
    #[buffer(size = 2, aliases = "outer", live = finish, part(0..1, live = solve))]
    middle: Buffer,
    #[buffer(size = 1, aliases = "middle", live = solve..=finish, handoff)]
    inner: Buffer,
}

#[derive(Buffers, Default)]
#[buffers(phases(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17, p18, p19, p20, p21, p22, p23, p24, p25, p26, p27, p28, p29, p30, p31, p32, p33, p34, p35, p36, p37, p38, p39, p40, p41, p42, p43, p44, p45, p46, p47, p48, p49, p50, p51, p52, p53, p54, p55, p56, p57, p58, p59, p60, p61, p62, p63))]
struct Many {
    #[buffer(size = 1, location = "local", live = p0..p63)]
    a: Buffer,
    #[buffer(size = 1, aliases = "a", live = p63)]
    b: Buffer,
}

fn main() {
    let mut registry = BufferRegistry::new();
    registry.add(&Edges { n: 3, m: 4, k: 4, ..Edges::default() }).unwrap();
    assert!(registry.add(&Edges { n: 3, m: 3, k: 4, ..Edges::default() }).is_err());
    assert!(registry.add(&Edges { n: 3, m: 4, k: 1, ..Edges::default() }).is_err());
    registry.add(&Many::default()).unwrap();
}
