use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    root: Buffer,
    #[buffer(size = 2, aliases = later)]
    early: Buffer,
    #[buffer(size = 3, aliases = root)]
    later: Buffer,
}

fn main() {}
