//! Allocators in CUDA kernels of their own: one of each kind, and the stage caches of a DIRK step.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use buffer_core::{
    Allocator, Buffer, BufferEntry, BufferRegistry, Buffers, Location, Precision, Storage,
};
use buffer_tests::cuda::lorenz;
use buffer_tests::solve::gpu_or_skip;
use bytemuck::Pod;
use integrators::device::arguments::Arguments;
use integrators::device::host::HostDevice;
use integrators::device::{Device, KernelSource};
use integrators::factories::{Dirk, Factory, KernelText, MinimalResidual, NewtonKrylov, Tolerance};
use integrators::tableau::KVAERNO3;

const RUNS: usize = 70;

/// The GPU; none where there is none, which is then said.
fn device() -> Option<Device> {
    gpu_or_skip().map(|gpu| gpu.device)
}

/// Compiles a text, and has it fill `rows` values for each run.
fn run<T: Pod>(device: &Device, source: &KernelSource, rows: usize, unwritten: T) -> Vec<T> {
    let kernel = device.compile(source).unwrap();
    let mut values = vec![unwritten; rows * RUNS];
    let mut arguments = Arguments::new().output(&mut values).integer(RUNS as i64);
    // SAFETY: the struct in each text here has these fields, and the kernel writes `rows` values of
    // every run.
    unsafe { kernel.launch(&mut arguments, RUNS, &|_| {}) }.unwrap();
    values
}

/// What a kernel of one buffer finds in it: its ten elements are written three times over, each time
/// by a function that allocates it anew. Where it persists they add up.
fn write_and_read_back(
    device: &Device,
    precision: Precision,
    entries: &[BufferEntry],
    name: &str,
    storage: Storage,
) -> Vec<f64> {
    let mut registry = BufferRegistry::new();
    let factory = registry.factory("probe").unwrap();
    for entry in entries {
        registry.register(factory, entry.clone()).unwrap();
    }
    let target = device.target(precision).unwrap();
    let layout = registry.layout(factory, &target).unwrap();
    let allocator = registry.get_allocator(factory, name, &target).unwrap();
    assert_eq!(allocator.buffer().storage(), storage, "{name}");
    let persists = allocator.buffer().entry().is_persistent();
    // An alias in local memory lies in its root, which is allocated first.
    let parent = allocator.buffer().parent();
    let root = parent.map(|root| registry.get_allocator(factory, root, &target).unwrap());
    let allocate = |allocator: &Allocator| format!("    {}(m);\n", allocator.identifier());
    let allocate: String = root.iter().chain([&allocator]).map(allocate).collect();

    let mut text = KernelText::new(&layout);
    text.push("typedef struct { real_scalar *values; long long runs; } arguments;\n");
    text.header("probe").unwrap();
    let assign = if persists { "+=" } else { "=" };
    text.push(&format!(
        "INLINE void write(memory m, integer run)\n{{\n{allocate}\
         \x20   for (int i = 0; i < SIZE({name}); i++) {name}[i] {assign} REAL(1.0) * (run * 10 + i);\n}}\n\
         INLINE void probe_runs(memory m, const arguments *a, queue runs)\n{{\n\
         \x20   integer run = 0;\n\
         \x20   if (!TAKE(&runs, ALL_LANES, &run)) return;\n\
         \x20   buffers_reset(m, ALL_LANES);\n{calls}{allocate}\
         \x20   for (int i = 0; i < SIZE({name}); i++) {{\n{last}\
         \x20       a->values[i * a->runs + run] = {name}[i];\n    }}\n}}\nKERNEL(probe)\n",
        // What does not persist may be lost when the function returns.
        calls = if persists { "    write(m, run); write(m, run); write(m, run);\n" } else { "" },
        last = if persists {
            String::new()
        } else {
            format!("        {name}[i] = REAL(1.0) * (run * 10 + i);\n")
        },
    ));
    let source = text.finish("probe");
    match precision {
        Precision::F32 => run(device, &source, 10, f32::NAN).into_iter().map(f64::from).collect(),
        Precision::F64 => run(device, &source, 10, f64::NAN),
    }
}

#[test]
fn an_allocator_of_each_kind_writes_and_reads_back() {
    let Some(device) = device() else { return };
    let root = |place| BufferEntry::new("root", 12).location(place);
    let entry = |place| BufferEntry::new("buffer", 10).location(place);
    let alias = || BufferEntry::new("buffer", 10).aliases("root");
    let (shared, local) = (Location::Shared, Location::Local);
    let kinds: [(&[BufferEntry], Storage, usize); 6] = [
        (&[entry(shared)], Storage::SharedScratch, 1),
        (&[entry(local)], Storage::Local, 1),
        (&[entry(shared).persistent()], Storage::SharedPersistent, 3),
        (&[entry(local).persistent()], Storage::LocalPersistent, 3),
        (&[root(shared), alias()], Storage::SharedScratch, 1),
        (&[root(local), alias()], Storage::Local, 1),
    ];
    for (entries, storage, times) in kinds {
        for precision in [Precision::F32, Precision::F64] {
            let found = write_and_read_back(&device, precision, entries, "buffer", storage);
            let expected: Vec<_> = (0..10)
                .flat_map(|i| (0..RUNS).map(move |run| ((run * 10 + i) * times) as f64))
                .collect();
            assert_eq!(found, expected, "{storage:?} in {precision}");
        }
    }
}

/// Steps of [`dirk_source`].
const STEPS: usize = 4;

/// Rows of each step: the state, and both caches before and after it.
const ROWS: usize = 5 * 3;

/// A kernel that takes some steps of a DIRK method, and writes down what its caches hold.
fn dirk_source(device: &Device, precision: Precision, place: Location) -> KernelSource {
    let linear_solver = Box::new(MinimalResidual::new(3, 1e-3));
    let tolerance = Tolerance { atol: 1e-10, rtol: 1e-6 };
    let solver = NewtonKrylov::new(3, tolerance, linear_solver);
    let mut dirk = Dirk::new(3, KVAERNO3, None, solver);
    dirk.stage_increment = Buffer::at(place);
    dirk.stage_rhs = Buffer::at(place);
    dirk.solver.delta = Buffer::at(place);
    let mut registry = BufferRegistry::new();
    let factory = registry.add(&dirk).unwrap();
    let layout = registry.layout(factory, &device.target(precision).unwrap()).unwrap();
    // Both caches keep their own bytes, whatever else is alive.
    let instance = layout.instance(dirk.prefix()).unwrap();
    let cache = |name| instance.buffer(name).unwrap();
    let (increment, rhs) = (cache("stage_increment"), cache("stage_rhs"));
    assert_eq!(increment.storage(), rhs.storage());
    assert!(increment.range().end <= rhs.range().start, "{layout}");

    let mut text = KernelText::new(&layout);
    text.push(&lorenz().kernel_text());
    for function in dirk.system_functions() {
        text.push(&lorenz().function_text(function));
    }
    text.push("typedef struct { real_scalar *values; long long runs; } arguments;\n");
    // The statuses that a step may give.
    let kernels = include_str!("../../integrators/kernels/arguments.cuh");
    text.push(&kernels[kernels.find("\nenum {").unwrap()..]);
    dirk.write(&mut text, dirk.prefix()).unwrap();
    text.push(&format!(
        "#define WRITE(buffer) \\\n\
         \x20   for (int i = 0; i < 3; i++) \\\n\
         \x20       SCATTER(lanes, a->values, row + INTEGER(i), a->runs, run, (buffer)[i]); \\\n\
         \x20   row = row + INTEGER(3);\n\
         #define WRITE_CACHES \\\n\
         \x20   {{ ALLOCATE(stage_increment, m); ALLOCATE(stage_rhs, m); \\\n\
         \x20     WRITE(stage_increment) WRITE(stage_rhs) }}\n\
         INLINE void dirk_runs(memory m, const arguments *a, queue runs)\n{{\n\
         \x20   integer run = INTEGER(0);\n\
         \x20   for (;;) {{\n\
         \x20       const mask lanes = TAKE(&runs, ALL_LANES, &run);\n\
         \x20       if (!ANY(lanes)) return;\n\
         \x20       real state[3] = {{REAL(1.0), REAL(0.5), REAL(20.0)}}, next[3], error[3], rho[1];\n\
         \x20       rho[0] = REAL(0.0);\n\
         \x20       for (int lane = 0; lane < BUFFERS_LANES; lane++)\n\
         \x20           LANE(rho[0], lane) = (real_scalar)LANE(run, lane);\n\
         \x20       buffers_reset(m, lanes);\n\
         \x20       integer row = INTEGER(0);\n\
         \x20       system_derivatives(state, rho, REAL(0.0), next);\n\
         \x20       dirk_begin(m, lanes, next);\n\
         \x20       for (int step = 0; step < {STEPS}; step++) {{\n\
         \x20           WRITE_CACHES\n\
         \x20           dirk_step(m, lanes, state, next, error, rho, REAL(0.0), REAL(0.0625));\n\
         \x20           WRITE_CACHES\n\
         \x20           for (int i = 0; i < 3; i++) state[i] = next[i];\n\
         \x20           WRITE(state)\n\
         \x20       }}\n    }}\n}}\nKERNEL(dirk)\n"
    ));
    text.finish("dirk")
}

fn check_dirk<T: Pod + Into<f64>>(gpu: &Device, precision: Precision, nan: T, tolerance: f64) {
    let bits =
        |values: &[T]| -> Vec<u64> { values.iter().map(|&value| value.into().to_bits()).collect() };
    for place in [Location::Local, Location::Shared] {
        let what = format!("{precision}, {place}");
        let found = run(gpu, &dirk_source(gpu, precision, place), ROWS * STEPS, nan);
        for lanes in [1, 8] {
            let host = HostDevice::new().unwrap().lanes(lanes).unwrap().into();
            let expected = run(&host, &dirk_source(&host, precision, place), ROWS * STEPS, nan);
            assert!(bits(&found) == bits(&expected), "{what}, {lanes} lanes");
        }
        let row = |step: usize, row: usize| -> Vec<f64> {
            let start = (ROWS * step + row) * RUNS;
            found[start..start + RUNS].iter().map(|&value| value.into()).collect()
        };
        for step in 0..STEPS {
            for i in 0..3 {
                let [increment, rhs, next_rhs] = [i, 3 + i, 9 + i].map(|at| row(step, at));
                if step == 0 {
                    // The first step finds zeros, and the derivative at the initial state.
                    assert!(increment.iter().all(|&value| value == 0.0), "{what}");
                    let at_start = |rho: f64| {
                        let (x, y, z) = (1.0, 0.5, 20.0);
                        [10.0 * (y - x), x * (rho - z) - y, x * y - 8.0 / 3.0 * z][i]
                    };
                    for (run, rhs) in rhs.iter().enumerate() {
                        let off = rhs - at_start(run as f64);
                        assert!(off.abs() <= tolerance, "{what}: {rhs} of run {run}");
                    }
                } else {
                    // The others find what the one before has left.
                    assert_eq!(increment, row(step - 1, 6 + i), "{what}, step {step}");
                    assert_eq!(rhs, row(step - 1, 9 + i), "{what}, step {step}");
                }
                // And the step has renewed it.
                assert!(next_rhs != rhs && next_rhs.iter().all(|value| *value != 0.0), "{what}");
            }
        }
    }
}

#[test]
fn the_stage_caches_of_a_dirk_step_last_from_step_to_step() {
    let Some(gpu) = device() else { return };
    check_dirk(&gpu, Precision::F32, f32::NAN, 1e-4);
    check_dirk(&gpu, Precision::F64, f64::NAN, 1e-12);
}
