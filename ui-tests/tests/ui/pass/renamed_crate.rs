mod vendor {
    pub mod scratch {
        pub use buffer_core::{Buffer, Buffers, __private};
    }
}
use vendor::scratch as renamed;

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

mod deeper {
    #[derive(super::renamed::Buffers)]
    #[buffers(crate = crate::vendor::scratch)]
    pub struct FromTheRoot<'a> {
        #[buffer(size = max(3, 4), location = "local")]
        pub a: crate::renamed::Buffer,
        #[child]
        pub inner: Box<dyn crate::renamed::Buffers + 'a>,
    }
}

fn main() {
    use renamed::Buffers;
    let outer = ByText { inner: ByPath { a: renamed::Buffer::new() } };
    assert_eq!(outer.children()[0].factory.entries().unwrap().len(), 1);
}
