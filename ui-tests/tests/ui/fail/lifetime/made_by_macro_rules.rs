use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($first:ident, $second:ident, $live:expr) => {
        #[derive(Buffers)]
        #[buffers(phases($first, $second))]
        pub struct Step {
            #[buffer(size = 3, location = "shared", live = $first..=$second)]
            parent: Buffer,
            #[buffer(size = 3, aliases = "parent", live = $live)]
            alias: Buffer,
        }
    };
}

factory!(start, solve, solve);

fn main() {}
