use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub enum Step {
    Explicit,
    Implicit,
}

fn main() {}
