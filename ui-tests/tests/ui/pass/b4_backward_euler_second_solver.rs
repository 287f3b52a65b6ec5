use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct NewtonKrylov {
    #[buffer(size = 3, location = "shared")]
    delta: Buffer,
}

#[derive(Buffers)]
#[buffers(phases(predict, correct))]
pub struct PredictCorrect {
    // One solver, two calls.
    #[child(call = [predict, correct])]
    solver: NewtonKrylov,
}

fn main() {
    let step = PredictCorrect { solver: NewtonKrylov { delta: Buffer::new() } };
    let mut registry = buffer_core::BufferRegistry::new();
    let factory = registry.add(&step).unwrap();
    assert_eq!(registry.shared_buffer_size(factory), 3);
}
