use buffer_core::{Buffer, Buffers};

#[derive(Buffers)]
#[buffers(vars(r#loop >= 1))]
pub struct Step {
    r#loop: usize,
    #[buffer(size = 2 * r#loop, location = "local")]
    r#type: Buffer,
    #[buffer(size = r#loop, aliases = "type")]
    string: Buffer,
    #[buffer(size = r#loop, aliases = r#type)]
    r#match: Buffer,
}

fn main() {
    let step = Step {
        r#loop: 3,
        r#type: Buffer::new(),
        string: Buffer::new(),
        r#match: Buffer::new(),
    };
    let entries = step.entries().unwrap();
    assert_eq!(entries[0].name(), "type");
    assert_eq!(entries[1].parent(), Some("type"));
    assert_eq!(entries[2].parent(), Some("type"));
}
