use buffer_core::{Buffer, Buffers};

/// The first row of the accumulator becomes the base of the first stage, in place; the other rows are
/// live all through.
#[derive(Buffers)]
#[buffers(
    vars(n >= 1, stages >= 2),
    phases(start, first, loop stage { solve, feval, base }, finish)
)]
pub struct Dirk {
    n: usize,
    stages: usize,
    #[buffer(
        size = n * (stages - 1),
        location = "shared",
        live = start..=base,
        part(0..n, live = start..=first),
    )]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator", live = first..=base, handoff)]
    stage_base: Buffer,
}

const WIDTH: usize = 4;

/// Rows that die one by one, of sizes that the compiler knows.
#[derive(Buffers)]
#[buffers(phases(a, b, c))]
pub struct Rows<const N: usize> {
    #[buffer(
        size = 2 * N + WIDTH,
        location = "local",
        part(0..N, live = a),
        part(N..2 * N, live = "b"),
        live = [c],
    )]
    rows: Buffer,
    #[buffer(size = N, aliases = rows, live = b..=c)]
    first: Buffer,
    #[buffer(size = N, aliases = rows, live = c)]
    second: Buffer,
    #[buffer(size = WIDTH, aliases = rows, live = a..=b)]
    third: Buffer,
}

fn main() {
    let [accumulator, stage_base] = [Buffer::new(); 2];
    let step = Dirk { n: 3, stages: 4, accumulator, stage_base };
    let entries = step.entries().unwrap();
    assert_eq!(entries[0].parts()[0].range(), 0..3);
    assert!(entries[1].takes_over());
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 9);

    let [rows, first, second, third] = [Buffer::new(); 4];
    let rows = Rows::<3> { rows, first, second, third };
    assert_eq!(rows.entries().unwrap()[0].parts()[1].range(), 3..6);
    registry.add(&rows).unwrap();
}
