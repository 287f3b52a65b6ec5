use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(n >= 1), phases(start, loop stage { base, solve, feval }, finish))]
pub struct Step {
    n: usize,
    #[buffer(size = n, location = "shared", part(0..n, live = start))]
    dead: Buffer,
    #[buffer(size = n, aliases = "dead", live = solve, handoff)]
    after_dead: Buffer,
    #[buffer(size = n, location = "shared", part(0..n, live = start..=base))]
    round_the_loop: Buffer,
    #[buffer(size = n, aliases = "round_the_loop", live = base..=feval, handoff)]
    in_all_of_the_loop: Buffer,
    #[buffer(size = n, location = "shared", part(0..n, live = base..=feval))]
    kept: Buffer,
    #[buffer(size = n, aliases = "kept", live = solve, handoff)]
    between: Buffer,
    #[buffer(size = n, location = "shared", part(0..n, live = solve))]
    late: Buffer,
    #[buffer(size = n, aliases = "late", live = base..=solve, handoff)]
    early: Buffer,
}

fn main() {}
