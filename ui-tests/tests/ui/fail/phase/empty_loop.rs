use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(phases(start, loop stage {}, finish))]
pub struct Step;

fn main() {}
