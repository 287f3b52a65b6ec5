use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($name:ident, $n:ident, $parent:ident, $size:expr, $twice:expr, $place:expr, $alias:literal) => {
        #[derive(Buffers)]
        pub struct $name {
            $n: usize,
            #[buffer(size = $twice, location = $place)]
            $parent: Buffer,
            #[buffer(size = $size, aliases = $alias)]
            by_text: Buffer,
            #[buffer(size = $size, aliases = $parent)]
            by_name: Buffer,
            #[buffer(size = 2 * $size, location = "local")]
            product: Buffer,
            #[buffer(size = $n, location = "local")]
            plain: Buffer,
            #[buffer(size = n(), location = "local")]
            called: Buffer,
        }
    };
}

const fn n() -> usize {
    7
}

factory!(Step, n, parent, n + 1, 2 * (n + 1), "shared", "parent");

fn main() {
    let step = Step {
        n: 3,
        parent: Buffer::new(),
        by_text: Buffer::new(),
        by_name: Buffer::new(),
        product: Buffer::new(),
        plain: Buffer::new(),
        called: Buffer::new(),
    };
    let sizes: Vec<usize> = step.entries().unwrap().iter().map(|entry| entry.size()).collect();
    assert_eq!(sizes, [8, 4, 4, 8, 3, 7]);
}
