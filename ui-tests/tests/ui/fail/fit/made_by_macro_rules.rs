use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($name:ident, $parent:expr, $alias:expr, $to:literal) => {
        #[derive(Buffers)]
        pub struct $name {
            n: usize,
            #[buffer(size = $parent, location = "shared")]
            parent: Buffer,
            #[buffer(size = $alias, aliases = $to)]
            alias: Buffer,
        }
    };
}

const WIDTH: usize = 3;

factory!(Literal, 5, 7, "parent");
factory!(Field, n, n + 1, "parent");
factory!(Constant, WIDTH, 2 * WIDTH + 1, "parent");

fn main() {}
