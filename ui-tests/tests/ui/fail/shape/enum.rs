use buffer_core::Buffers;

#[derive(Buffers)]
pub enum Step {
    Explicit,
    Implicit,
}

fn main() {}
