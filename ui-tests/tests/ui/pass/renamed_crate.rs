mod vendor {
    pub mod scratch {
        pub use buffer_core::{
            Buffer, BufferEntry, BufferError, Buffers, Child, Location, Overflow, __private,
        };
    }
}
use vendor::scratch as renamed;
// What a path to the crate's own name would find.
mod buffer_core_is_not_here {}

#[derive(renamed::Buffers)]
#[buffers(crate = renamed)]
pub struct ByPath {
    #[buffer(size = 3, location = "local")]
    a: renamed::Buffer,
}

#[derive(renamed::Buffers)]
#[buffers(crate = "crate::vendor::scratch")]
pub struct ByText {
    #[child]
    inner: ByPath,
}

fn main() {
    use renamed::Buffers;
    let outer = ByText { inner: ByPath { a: renamed::Buffer::new() } };
    assert_eq!(outer.children()[0].factory.entries().unwrap().len(), 1);
}
