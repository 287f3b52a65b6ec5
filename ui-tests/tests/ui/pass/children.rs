use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
struct Inner {
    #[buffer(size = 3, location = "local")]
    a: Buffer,
}

#[derive(Buffers)]
#[buffers(prefix = outer)]
struct Outer {
    #[child]
    first: Inner,
    #[child()]
    second: Box<dyn Buffers>,
}

fn main() {
    let inner = || Inner { a: Buffer::new() };
    let outer = Outer { first: inner(), second: Box::new(inner()) };
    let names: Vec<&str> = outer.children().iter().map(|child| child.name).collect();
    assert_eq!(names, ["first", "second"]);
    assert_eq!(outer.children()[1].factory.entries().unwrap().len(), 1);
    assert_eq!(outer.prefix(), "outer");
}
