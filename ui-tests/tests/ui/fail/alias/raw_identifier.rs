use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    r#yield: Buffer,
    #[buffer(size = 4, aliases = r#yield)]
    larger: Buffer,
    #[buffer(size = 1, aliases = r#yeild)]
    misspelled: Buffer,
    #[buffer(size = 1, aliases = r#in)]
    r#in: Buffer,
}

fn main() {}
