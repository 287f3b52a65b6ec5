use buffer_core::{Buffer, Buffers};

const WIDTH: usize = 3;

#[derive(Buffers)]
pub struct Step<const N: usize> {
    #[buffer(size = N, location = "shared")]
    parent: Buffer,
    #[buffer(size = WIDTH, aliases = "parent")]
    alias: Buffer,
}

fn main() {
    let step = Step::<2> { parent: Buffer::new(), alias: Buffer::new() };
    let _ = step.entries();
}
