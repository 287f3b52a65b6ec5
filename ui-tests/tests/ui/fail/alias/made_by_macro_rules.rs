use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($name:ident, $parent:ident, $alias:ident, $of:ident) => {
        #[derive(Buffers)]
        pub struct $name {
            $of: usize,
            #[buffer(size = 3, location = "local")]
            $parent: Buffer,
            #[buffer(size = 3, aliases = $of)]
            $alias: Buffer,
        }
    };
}

factory!(Plain, parent, alias, n);

macro_rules! unknown {
    ($text:literal) => {
        #[derive(Buffers)]
        pub struct Unknown {
            #[buffer(size = 3, location = "local")]
            parent: Buffer,
            #[buffer(size = 3, aliases = $text)]
            alias: Buffer,
        }
    };
}

unknown!("pariant");

fn main() {}
