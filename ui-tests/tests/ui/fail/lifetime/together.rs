use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(phases(start, base, solve, finish))]
pub struct Step {
    #[buffer(size = 6, location = "shared", live = start..=solve)]
    predictor: Buffer,
    #[buffer(size = 3, aliases = "predictor", live = solve..=finish)]
    increment: Buffer,
}

fn main() {}
