use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = auto)]
    parent: Buffer,
    #[buffer(size = 1, aliases = parent, location = shared)]
    elsewhere: Buffer,
    // Declared packing puts it into local memory, too.
    #[buffer(size = 1, aliases = parent, location = local)]
    there: Buffer,
    #[buffer(size = 3, location = shared)]
    other: Buffer,
    #[buffer(size = 1, aliases = other, location = "auto")]
    anywhere: Buffer,
}

fn main() {}
