use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, solve, finish))]
pub struct Step {
    n: usize,
    #[buffer(
        size = 3 * n,
        location = "shared",
        live = finish,
        part(0..n, live = start),
        part(n..2 * n, live = start..=solve)
    )]
    rows: Buffer,
    #[buffer(size = n, aliases = rows, live = solve)]
    on_the_first: Buffer,
    #[buffer(size = n, aliases = rows, live = solve)]
    on_the_second: Buffer,
    #[buffer(size = n, aliases = rows, live = finish)]
    on_the_rest: Buffer,
}

fn main() {}
