use buffer_core::{Buffer, BufferEntry, BufferError, Buffers, Fault};

const WIDTH: u8 = 4;
const ADAPTIVE: bool = true;

#[derive(Buffers)]
#[buffers(vars(n >= 1, 2 <= stages <= 16))]
pub struct Step {
    n: usize,
    stages: u32,
    adaptive: bool,
    #[buffer(size = n * (stages - 1), location = "shared")]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator")]
    stage_base: Buffer,
    #[buffer(size = if adaptive && !(n == 2) { max(n, WIDTH) } else { 0 }, location = "local")]
    error: Buffer,
    #[buffer(size = if n > 2 || WIDTH < 2 { stages } else { n }, location = "local")]
    flags: Buffer<i32>,
    #[buffer(size = if ADAPTIVE { (WIDTH / 2) * n } else { 1 }, location = "local")]
    halves: Buffer,
}

impl Step {
    fn new(n: usize, stages: u32) -> Self {
        Self {
            n,
            stages,
            adaptive: true,
            accumulator: Buffer::new(),
            stage_base: Buffer::new(),
            error: Buffer::new(),
            flags: Buffer::new(),
            halves: Buffer::new(),
        }
    }

    fn sizes(&self) -> Vec<usize> {
        self.entries().unwrap().iter().map(BufferEntry::size).collect()
    }
}

fn main() {
    assert_eq!(Step::new(3, 4).sizes(), [9, 3, 4, 4, 6]);
    assert_eq!(Step::new(2, 2).sizes(), [2, 2, 0, 2, 4]);
    let outside = Step::new(0, 17).entries().unwrap_err();
    let BufferError::Faults { factory, faults } = outside else { panic!("{outside}") };
    assert_eq!(factory, "step");
    assert!(matches!(
        faults.as_slice(),
        [Fault::OutsideBounds { .. }, Fault::OutsideBounds { .. }]
    ));
    let overflowing = Step::new(usize::MAX, 16).entries().unwrap_err();
    let BufferError::Faults { faults, .. } = overflowing else { panic!("{overflowing}") };
    let overflowing = |name: &str| Fault::OverflowingSize { name: name.to_owned() };
    let expected = ["accumulator", "halves", "stage_base", "error"].map(overflowing);
    assert_eq!(faults, expected);
}
