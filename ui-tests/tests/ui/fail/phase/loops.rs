use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(loop stage { }, loop solve { base }, solve, loop r#for { feval }, loop stages { wait }))]
pub struct Step {
    #[buffer(size = 3, location = "local", live = stage)]
    a: Buffer,
}

fn main() {}
