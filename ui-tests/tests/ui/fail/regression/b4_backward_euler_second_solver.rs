use buffer_core::Buffers;

#[derive(Buffers)]
pub struct NewtonKrylov;

/// One solver was registered under two names, and took its memory twice.
#[derive(Buffers)]
#[buffers(phases(predict, correct))]
pub struct PredictCorrect {
    #[child(call = predict)]
    #[child(call = correct)]
    solver: NewtonKrylov,
}

fn main() {}
