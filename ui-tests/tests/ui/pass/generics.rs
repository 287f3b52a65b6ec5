use buffer_core::{Buffer, Buffers, Element, ElementType, assert_layout};

#[derive(Buffers)]
#[buffers(vars(N >= 1, STAGES >= 2))]
pub struct Dirk<'a, T, S: ?Sized, const N: usize, const STAGES: usize = 3>
where
    T: Element + 'a,
    S: Buffers,
{
    name: &'a str,
    #[buffer(size = N * (STAGES - 1), location = "shared")]
    accumulator: Buffer<T>,
    #[buffer(size = N, aliases = "accumulator")]
    stage_base: Buffer<T>,
    #[buffer(size = WIDTH, aliases = "stage_base")]
    part: Buffer<T>,
    #[child]
    solver: Box<S>,
}

const WIDTH: usize = 2;

#[derive(Buffers)]
struct Solver;

assert_layout!(Dirk<'static, f32, Solver, 8, 2>, Dirk<'static, f64, dyn Buffers, 3>);

fn main() {
    let solver: Box<dyn Buffers> = Box::new(Solver);
    let step = Dirk::<f64, dyn Buffers, 4> {
        name: "sdirk",
        accumulator: Buffer::new(),
        stage_base: Buffer::new(),
        part: Buffer::new(),
        solver,
    };
    let entries = step.entries().unwrap();
    assert_eq!(entries[0].size(), 8);
    assert!(entries.iter().all(|entry| entry.element_type() == ElementType::F64));
    assert_eq!(step.children()[0].name, "solver");
    assert_eq!(step.children()[0].factory.prefix(), "solver");
    assert_eq!(step.name, "sdirk");
}
