use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", live = base..base)]
    same: Buffer,
    #[buffer(size = 3, location = "local", live = [start, stage..base])]
    loop_and_its_first: Buffer,
    #[buffer(size = 3, location = "local", live = "solve..solve")]
    string: Buffer,
}

fn main() {}
