use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Double {
    #[buffer(size = 3, location = "local")]
    state: Buffer,
}

#[derive(Buffers)]
#[buffers(prefix = 3)]
pub struct Number;

#[derive(Buffers)]
#[buffers(prefix = buffers_step)]
pub struct Reserved;

fn main() {}
