use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, solve, finish))]
pub struct Step {
    #[buffer(
        size = 6,
        location = "local",
        part(0..2, live = solve..solve),
        part(2..4, live = finish..=start),
        part(4..6, live = [start, output])
    )]
    rows: Buffer,
    #[buffer(size = 3, location = "local", live = "solve..start")]
    text: Buffer,
}

fn main() {}
