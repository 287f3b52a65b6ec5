use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(
    vars(n >= 1, stages >= 1),
    phases(guess, loop stage { base, solve, store }, combine)
)]
pub struct RosenbrockW {
    n: usize,
    stages: usize,
    #[buffer(size = stages * n, location = "shared", live = store..=combine)]
    stage_store: Buffer,
    // Storage of its own.
    #[buffer(size = n, location = "shared", persistent)]
    stage_increment: Buffer,
}

fn main() {
    let (stage_store, stage_increment) = (Buffer::new(), Buffer::new());
    let step = RosenbrockW { n: 3, stages: 4, stage_store, stage_increment };
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 15);
}
