use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($name:ident, $parent:ty, $alias:ty) => {
        #[derive(Buffers)]
        pub struct $name {
            #[buffer(size = 3, location = "local")]
            parent: $parent,
            #[buffer(size = 3, aliases = "parent")]
            alias: $alias,
        }
    };
}

factory!(Same, Buffer<f32>, Buffer<f32>);
factory!(Mismatch, Buffer<f32>, Buffer<i32>);
factory!(Number, Buffer, f64);

fn main() {}
