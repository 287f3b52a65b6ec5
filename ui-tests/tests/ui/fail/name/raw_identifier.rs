use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Solver;

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 3, location = "local")]
    r#struct: Buffer,
    #[buffer(size = 3, location = "local")]
    float4: Buffer,
    #[child]
    r#while: Solver,
    #[buffer(size = 3, location = "local")]
    __hidden: Buffer,
}

fn main() {}
