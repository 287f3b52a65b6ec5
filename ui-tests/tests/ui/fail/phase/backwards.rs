use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve }, loop sweep { up, down }, finish))]
pub struct Step {
    #[buffer(size = 3, location = "local", live = finish..=start)]
    no_loop: Buffer,
    #[buffer(size = 3, location = "local", live = up..=solve)]
    two_loops: Buffer,
    #[buffer(size = 3, location = "local", live = finish..base)]
    one_end_in_a_loop: Buffer,
    #[buffer(size = 3, location = "local", live = down..=up)]
    round_a_loop: Buffer,
}

fn main() {}
