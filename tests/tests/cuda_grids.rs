//! CUDA kernels in grids of every shape: what a thread computes does not depend on which thread it is,
//! nor on how many runs it takes one after another.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::convert::Infallible;

use buffer_core::{ComputeCapability, Location, Precision, Target};
use buffer_tests::cuda::{Case, PLACES, cases, nvrtc};
use bytemuck::Pod;
use cudasim::{DeviceMemory, Launch, LoadedModule, Module};
use integrators::device::KernelSource;
use integrators::device::arguments::{Argument, Arguments};
use integrators::device::cache::KernelCache;
use integrators::device::host::HostDevice;
use integrators::device::nvrtc::Nvrtc;

const STATES: usize = 3;
const RUNS: usize = 37;
/// Values from row to row of a table.
const STRIDE: usize = 40;
const ROWS: usize = 4;
/// A run whose initial state is no number.
const BROKEN: usize = 5;

/// A kernel that is ready to be launched in any grid.
struct Loaded {
    module: LoadedModule,
    memory: DeviceMemory,
    /// Bytes of shared memory of one run.
    shared_bytes: usize,
}

impl Loaded {
    fn new(nvrtc: &Nvrtc, case: &Case, place: Location, precision: Precision) -> Self {
        let capability: ComputeCapability = "sm_90".parse().unwrap();
        let KernelSource { text, shared_bytes, .. } =
            case.source(place, &Target::cuda(capability, precision));
        let cache = KernelCache::from_environment();
        let (compiled, _) = nvrtc.compile_cached(&cache, &text, capability, precision).unwrap();
        let mut memory = DeviceMemory::new(1 << 20);
        let module = LoadedModule::new(Module::parse(&compiled.ptx).unwrap(), &mut memory).unwrap();
        Self { module, memory, shared_bytes }
    }

    fn launch(&mut self, arguments: &mut Arguments<'_>, blocks: u32, threads: u32) {
        let mut outputs = Vec::new();
        let Ok(block) = arguments.block(|argument| {
            let mut upload = |bytes: &[u8]| {
                let address = self.memory.allocate(bytes.len()).unwrap();
                self.memory.write(address, bytes).unwrap();
                address
            };
            Ok::<_, Infallible>(match argument {
                Argument::Input(bytes) => upload(bytes),
                Argument::Output(bytes) => {
                    outputs.push(upload(bytes));
                    outputs[outputs.len() - 1]
                }
                Argument::Integer(_) | Argument::Pair(..) => 0,
            })
        });
        let launch = Launch {
            module: &self.module,
            kernel: "batch_kernel",
            grid: [blocks, 1, 1],
            block: [threads, 1, 1],
            dynamic_shared: threads as usize * self.shared_bytes,
            arguments: bytemuck::cast_slice(&block),
        };
        launch.run(&mut self.memory).unwrap();
        let written = arguments.iter_mut().filter_map(|argument| match argument {
            Argument::Output(bytes) => Some(bytes),
            _ => None,
        });
        for (bytes, address) in written.zip(outputs) {
            bytes.copy_from_slice(self.memory.read(address, bytes.len()).unwrap());
        }
    }
}

/// Has `launch` solve a batch, and gives its states and how its runs ended.
fn solve<T: Pod>(
    case: &Case,
    precision: Precision,
    real: fn(f64) -> T,
    launch: impl FnOnce(&mut Arguments<'_>),
) -> (Vec<T>, [Vec<i32>; 3]) {
    let mut initial: Vec<T> =
        (0..STATES * STRIDE).map(|index| real(1.0 + index as f64 / 64.0)).collect();
    initial[BROKEN] = real(f64::NAN);
    let rho: Vec<T> = (0..STRIDE).map(|run| real(run as f64 / 2.0)).collect();
    let mut states = vec![real(-1.0); ROWS * STATES * STRIDE];
    let [mut status, mut steps, mut attempts] = [const { Vec::new() }; 3];
    status.resize(RUNS, -1);
    let mut arguments = Arguments::new()
        .input(&initial)
        .input(&rho)
        .output(&mut states)
        .output(&mut status)
        .pair(precision, 0.0)
        .pair(precision, 0.25)
        .integer(RUNS as i64)
        .integer(STRIDE as i64)
        .integer(ROWS as i64)
        .integer(ROWS as i64 - 1);
    arguments = if case.adapts {
        steps.resize(RUNS, -1);
        attempts.resize(RUNS, -1);
        // Tolerances, and the first, the shortest and the longest step.
        let lengths = [1e-4, 1e-4, 0.0, 1e-20, 0.25];
        let arguments = arguments.output(&mut steps).output(&mut attempts);
        let arguments = lengths.iter().fold(arguments, |all, value| all.pair(precision, *value));
        arguments.integer(1000)
    } else {
        arguments.pair(precision, 0.05).integer(5)
    };
    launch(&mut arguments);
    (states, [status, steps, attempts])
}

fn check<T: Pod + Into<f64>>(nvrtc: &Nvrtc, precision: Precision, real: fn(f64) -> T) {
    let host = HostDevice::new().unwrap().lanes(1).unwrap();
    let bits = |values: Vec<T>| -> Vec<Option<u64>> {
        let values = values.into_iter().map(Into::into);
        // Which of the many NaNs is no matter.
        values.map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
    };
    for case in cases() {
        for place in PLACES {
            let what = format!("{case}, {place}, {precision}");
            let compiled =
                host.compile(&case.source(place, &host.target(precision).unwrap())).unwrap();
            let (states, ends) = solve(&case, precision, real, |arguments| {
                // SAFETY: the fields are those of `arguments.cuh` and of the loop, each with what it
                // asks for.
                unsafe { compiled.launch(arguments, RUNS, &|_| {}) };
            });
            let expected = bits(states);
            for row in expected.chunks_exact(STRIDE) {
                assert_eq!(row[RUNS..], [Some((-1.0_f64).to_bits()); STRIDE - RUNS], "{what}");
            }
            assert_eq!(
                expected.iter().filter(|value| value.is_none()).count(),
                1 + (ROWS - 1) * STATES,
                "{what}"
            );

            let mut loaded = Loaded::new(nvrtc, &case, place, precision);
            // More threads than runs, a grid that takes three turns, one run at a time, and all runs
            // one after another.
            for (blocks, threads) in [(1, 64), (3, 5), (37, 1), (1, 1)] {
                let what = format!("{what}, {blocks} blocks of {threads}");
                let (states, of_grid) = solve(&case, precision, real, |arguments| {
                    loaded.launch(arguments, blocks, threads);
                });
                assert_eq!(of_grid, ends, "{what}");
                assert!(bits(states) == expected, "{what}");
            }
        }
    }
}

#[test]
fn every_grid_computes_what_the_host_does() {
    let Some(nvrtc) = nvrtc() else { return };
    check::<f32>(nvrtc, Precision::F32, |value| value as f32);
    check::<f64>(nvrtc, Precision::F64, |value| value);
}
