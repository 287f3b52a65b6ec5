use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers("dirk")]
pub struct A {
    #[buffer(3, location = "local")]
    literal: Buffer,
    #[buffer(size = 3 location = "local")]
    no_comma: Buffer,
    #[buffer(size: 3, location: "local")]
    colons: Buffer,
}

#[derive(Buffers)]
#[buffers = "dirk"]
pub struct B {
    #[buffer = 3]
    value: Buffer,
}

fn main() {}
