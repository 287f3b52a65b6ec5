use buffer_core::Buffers;

#[derive(Buffers)]
#[buffers(vars(name >= 1))]
pub struct Step {
    name: String,
}

fn main() {}
