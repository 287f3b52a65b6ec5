use buffer_core::Buffers;

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
#[buffers(phases(start, loop stage { base, solve }, finish))]
pub struct Step {
    #[child(call = solve..solve)]
    empty: Solver,
    #[child(call = finish..=start)]
    backwards: Solver,
    #[child(call = start..=sovle)]
    misspelled: Solver,
    #[child(call = [])]
    nothing: Solver,
    #[child(call = "base..")]
    open: Solver,
}

fn main() {}
