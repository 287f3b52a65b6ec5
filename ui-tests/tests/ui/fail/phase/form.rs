use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases = [start, finish])]
pub struct NotAList;

#[derive(Buffers)]
#[buffers(phases(start, loop { solve }))]
pub struct LoopWithoutName;

#[derive(Buffers)]
#[buffers(phases(start, loop stage, finish))]
pub struct LoopWithoutBody;

#[derive(Buffers)]
#[buffers(phases(start, 3))]
pub struct Number;

#[derive(Buffers)]
#[buffers(phases(start, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", live)]
    nothing: Buffer,
    #[buffer(size = 3, location = "local", live = [])]
    none: Buffer,
    #[buffer(size = 3, location = "local", live = start..)]
    open: Buffer,
    #[buffer(size = 3, location = "local", live = start + 1)]
    sum: Buffer,
    #[buffer(size = 3, location = "local", live = "start finish")]
    words: Buffer,
    #[buffer(size = 3, location = "local", live(start))]
    list: Buffer,
}

fn main() {}
