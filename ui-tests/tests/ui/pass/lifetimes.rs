use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver<const N: usize> {
    #[buffer(size = N, location = "shared")]
    delta: Buffer,
}

/// Every way to say when a buffer is live.
#[derive(Buffers)]
#[buffers(
    vars(n >= 1),
    phases(start, loop step { predict, loop "stage" { base, "solve", feval }, error }, finish,)
)]
pub struct Step<'a, const N: usize> {
    n: usize,
    name: &'a str,
    #[buffer(size = 8 * n, location = "shared", live = start)]
    store: Buffer,
    #[buffer(size = n, aliases = store, live = "stage")]
    stage: Buffer,
    #[buffer(size = n, aliases = store, live = base..=feval)]
    inclusive: Buffer,
    #[buffer(size = n, aliases = store, live = base..feval)]
    exclusive: Buffer,
    #[buffer(size = n, aliases = store, live = "base"..="feval")]
    strings: Buffer,
    #[buffer(size = n, aliases = store, live = "base..=feval")]
    string: Buffer,
    #[buffer(size = n, aliases = store, live = [predict, "base..=solve", error])]
    list: Buffer,
    #[buffer(size = n, aliases = store, live = feval..=base)]
    wrapped: Buffer,
    // In what lies in the store, when neither is live.
    #[buffer(size = n, aliases = wrapped, live = finish)]
    innermost: Buffer,
    #[child(call = [predict, solve])]
    solver: Solver<N>,
}

/// Without phases, lifetimes are the author's.
#[derive(Buffers)]
pub struct Timeless {
    #[buffer(size = 3, location = "shared")]
    store: Buffer,
    #[buffer(size = 3, aliases = "store")]
    alias: Buffer,
}

macro_rules! step {
    ($name:ident, $phase:ident, $range:expr) => {
        #[derive(Buffers)]
        #[buffers(phases(start, $phase, finish))]
        pub struct $name {
            #[buffer(size = 3, location = "shared", live = $range)]
            first: Buffer,
            #[buffer(size = 3, aliases = "first", live = [finish])]
            second: Buffer,
        }
    };
}

step!(MadeByMacro, solve, start..=solve);

fn main() {
    let [store, stage, inclusive, exclusive, strings, string, list, wrapped, innermost] =
        [Buffer::new(); 9];
    let solver = Solver::<3> { delta: Buffer::new() };
    let step = Step {
        n: 2,
        name: "step",
        store,
        stage,
        inclusive,
        exclusive,
        strings,
        string,
        list,
        wrapped,
        innermost,
        solver,
    };
    assert_eq!(step.name, "step");
    let ranges: Vec<_> = step
        .entries()
        .unwrap()
        .iter()
        .map(|entry| entry.live_ranges().iter().map(ToString::to_string).collect::<Vec<_>>())
        .map(|ranges| ranges.join(", "))
        .collect();
    assert_eq!(
        ranges,
        [
            "start",
            "stage",
            "base..=feval",
            "base..feval",
            "base..=feval",
            "base..=feval",
            "predict, base..=solve, error",
            "feval..=base",
            "finish",
        ]
    );
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 8 * 2 + 3);

    assert!(Timeless { store, alias: store }.phases().is_empty());
    let made = MadeByMacro { first: store, second: store };
    assert_eq!(made.entries().unwrap()[0].live_ranges(), [("start"..="solve").into()]);
}
