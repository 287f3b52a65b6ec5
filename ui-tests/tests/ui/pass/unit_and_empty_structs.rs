use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
pub struct Unit;

#[derive(Buffers)]
#[buffers()]
pub struct Empty {}

fn main() {
    assert!(Unit.entries().unwrap().is_empty() && Unit.children().is_empty());
    assert!(Empty {}.entries().unwrap().is_empty());
}
