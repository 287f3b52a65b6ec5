use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(
    vars(stages >= 1),
    phases(prepare, loop stage { advance, evaluate, couple, solve }, combine)
)]
pub struct RosenbrockW {
    n: usize,
    stages: usize,
    #[buffer(size = stages * n, location = "shared", live = evaluate..=combine)]
    stage_store: Buffer,
    #[buffer(size = n, location = "shared", live = evaluate..=solve)]
    stage_rhs: Buffer,
}

fn main() {
    let (stage_store, stage_rhs) = (Buffer::new(), Buffer::new());
    let step = RosenbrockW { n: 3, stages: 5, stage_store, stage_rhs };
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 18);
}
