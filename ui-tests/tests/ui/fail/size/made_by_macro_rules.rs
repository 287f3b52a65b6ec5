use buffer_core::{Buffer, Buffers};

macro_rules! factory {
    ($name:ident, $size:expr) => {
        #[derive(Buffers)]
        pub struct $name {
            n: usize,
            #[buffer(size = $size, location = "local")]
            a: Buffer,
        }
    };
}

factory!(Negative, -1);
factory!(Fraction, 2.5);
factory!(Text, "n");
factory!(Overflowing, 0xffff_ffff_ffff_ffff);

fn main() {}
