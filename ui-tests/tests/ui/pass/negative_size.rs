use buffer_core::{Buffer, BufferError, Buffers, Fault};

#[derive(Buffers)]
pub struct Step {
    n: i64,
    #[buffer(size = n - 3, location = "local")]
    a: Buffer,
}

fn main() {
    let error = Step { n: i64::MIN, a: Buffer::new() }.entries().unwrap_err();
    let BufferError::Faults { faults, .. } = error else { panic!("{error}") };
    let value = "-9223372036854775811".to_owned();
    assert_eq!(faults, [Fault::NegativeSize { name: "a".to_owned(), value }]);
    assert_eq!(Step { n: 5, a: Buffer::new() }.entries().unwrap()[0].size(), 2);
}
