use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, aliases = "b")]
    a: Buffer,
}

#[derive(Buffers)]
struct Outer {
    #[child]
    step: Step,
}

fn registered(factory: &dyn Buffers) -> usize {
    factory.children().len()
}

fn main() {
    let outer = Outer { step: Step { a: Buffer::new() } };
    let _ = outer.step.entries();
    let _ = registered(&outer) + registered(&outer.step);
}
