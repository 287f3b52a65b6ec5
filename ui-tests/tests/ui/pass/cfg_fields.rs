use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 6, location = "shared")]
    a: Buffer,
    #[cfg(any())]
    #[buffer(size = nothing, aliases = "nobody")]
    absent: Nothing,
    #[cfg(all())]
    #[cfg_attr(all(), buffer(size = 3, aliases = "a"))]
    b: Buffer,
    #[cfg_attr(any(), buffer(sise = 3))]
    n: usize,
}

fn main() {
    let step = Step { a: Buffer::new(), b: Buffer::new(), n: 3 };
    assert_eq!(step.entries().unwrap().len(), 2);
    assert_eq!(step.n, 3);
}
