use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { solve }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", part(0..2, live = start), handoff)]
    a: Buffer,
}

fn main() {}
