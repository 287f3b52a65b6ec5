//! What kernels take on a GPU, counted while they are executed without one.

#![allow(clippy::panic, clippy::unwrap_used, reason = "fails the test that calls it")]

use buffer_core::{ComputeCapability, Precision};
use bytemuck::Pod;
use cudasim::{Counters, DeviceMemory, Launch, LoadedModule, Module};
use integrators::device::Device;
use integrators::device::nvrtc::{Nvrtc, Resources};
use integrators::{Batch, Solver, SolverBuilder, System};

use crate::cuda::{Case, lorenz};
use crate::problems;
use crate::simulated;

/// Runs of every launch: whole warps.
pub const RUNS: u32 = 256;

/// Steps of the shorter of two launches; the longer one takes twice as many.
pub const STEPS: u32 = 64;

/// The step, which no bit of it rounds.
const DT: f64 = 1.0 / 1024.0;

/// Threads of a block of [`hand_written`].
const BLOCK: u32 = 128;

/// The time that a shorter solve by a tolerance covers; the longer one covers twice as much.
const ADAPTIVE_SPAN: f64 = 1.0;

/// What two solves took that differ in their number of steps.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Of the shorter one.
    pub shorter: Counters,
    /// Of the longer one.
    pub longer: Counters,
    /// The steps that all runs together tried more in the longer one.
    pub more_steps: u64,
}

impl Counted {
    /// What one more step of one run takes.
    pub fn per_step(&self, count: impl Fn(&Counters) -> u64) -> f64 {
        (count(&self.longer) - count(&self.shorter)) as f64 / self.more_steps as f64
    }

    /// Instructions of one step of one run.
    pub fn instructions(&self) -> f64 {
        self.per_step(|counters| counters.instructions.total())
    }

    /// Accesses to the local memory of threads, in bytes.
    pub fn local_bytes(&self) -> u64 {
        self.longer.local_loaded + self.longer.local_stored
    }
}

/// A system, and what its runs differ in.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What it is called.
    pub name: &'static str,
    system: System,
    batch: Batch,
}

/// The systems whose kernels are counted: the Lorenz system, and one of 20 states.
///
/// # Panics
/// Where their equations do not parse.
pub fn workloads() -> [Workload; 2] {
    let runs = || (0..RUNS).map(f64::from);
    let rho = runs().map(|run| run * 0.1);
    let gain = runs().map(|run| 1.0 + run / 256.0);
    [
        Workload { name: "Lorenz", system: lorenz(), batch: Batch::grid().parameter("rho", rho) },
        Workload {
            name: "chain of 20",
            system: problems::chain().system().unwrap(),
            batch: Batch::grid().parameter("gain", gain),
        },
    ]
}

impl Workload {
    /// The same with other runs.
    #[must_use]
    pub fn with(self, batch: Batch) -> Self {
        Self { batch, ..self }
    }

    /// A solver by a method.
    pub fn solver(&self, case: &Case, precision: Precision) -> SolverBuilder {
        let solver = Solver::builder(&self.system).method(case.method.name()).precision(precision);
        if case.adapts { solver.tolerance(1e-4) } else { solver.dt(DT) }
    }

    /// Solves on the simulated GPU, and gives what that took and the states in the end.
    ///
    /// # Panics
    /// Where it cannot be solved.
    pub fn count(&self, case: &Case, solver: &SolverBuilder) -> (Counted, Vec<f64>) {
        simulated::driver().unwrap();
        let solver = solver.clone().device(Device::cuda(0).unwrap()).build().unwrap();
        let span = if case.adapts { ADAPTIVE_SPAN } else { DT * f64::from(STEPS) };
        let solve = |span: f64| {
            let solution = solver.solve(&self.batch, 0.0..span).unwrap();
            assert!(solution.status().iter().all(|status| status.is_success()));
            (simulated::take_counters("batch_kernel").unwrap(), solution)
        };
        let ((shorter, before), (longer, after)) = (solve(span), solve(2.0 * span));
        let more_steps = after.attempts().sum::<u64>() - before.attempts().sum::<u64>();
        let states = after.end_states().iter().copied().collect();
        (Counted { shorter, longer, more_steps }, states)
    }
}

/// What a plain kernel took that is written for the Lorenz system alone.
#[derive(Debug)]
pub struct HandWritten {
    /// What was counted.
    pub counted: Counted,
    /// What it takes from a GPU.
    pub resources: Resources,
    /// The states in the end.
    pub states: Vec<f64>,
}

/// Runs the kernel `rk4` or `tsit5` of `benches/lorenz.cu` for the runs of the first of [`workloads`].
///
/// # Panics
/// Where it does not compile.
pub fn hand_written(nvrtc: &Nvrtc, method: &str, precision: Precision) -> HandWritten {
    match precision {
        Precision::F32 => run_hand_written(nvrtc, method, precision, |value| value as f32),
        Precision::F64 => run_hand_written(nvrtc, method, precision, |value| value),
    }
}

fn run_hand_written<T: Pod + Into<f64>>(
    nvrtc: &Nvrtc,
    method: &str,
    precision: Precision,
    real: fn(f64) -> T,
) -> HandWritten {
    let name = if precision == Precision::F32 { "float" } else { "double" };
    let text = format!("typedef {name} real;\n{}", include_str!("../benches/lorenz.cu"));
    let capability: ComputeCapability = "9.0".parse().unwrap();
    let compiled = nvrtc.compile(&text, capability, precision).unwrap();
    let mut memory = DeviceMemory::new(1 << 20);
    let module = LoadedModule::new(Module::parse(&compiled.ptx).unwrap(), &mut memory).unwrap();
    let mut upload = |values: Vec<T>| {
        let address = memory.allocate(size_of_val(values.as_slice())).unwrap();
        memory.write(address, bytemuck::cast_slice(&values)).unwrap();
        address
    };
    let runs = RUNS as usize;
    let initial = upload([1.0, 0.0, 0.0].iter().flat_map(|&x| vec![real(x); runs]).collect());
    let rho = upload((0..RUNS).map(|run| real(f64::from(run) * 0.1)).collect());
    let end = memory.allocate(3 * runs * size_of::<T>()).unwrap();
    let mut launch = |steps: u32| {
        let words = [initial, rho, end, u64::from(RUNS), u64::from(steps)];
        let mut arguments = bytemuck::cast_slice(&words).to_vec();
        arguments.extend_from_slice(bytemuck::bytes_of(&real(DT)));
        arguments.resize(arguments.len().next_multiple_of(size_of::<u64>()), 0);
        let launch = Launch {
            module: &module,
            kernel: method,
            grid: [RUNS / BLOCK, 1, 1],
            block: [BLOCK, 1, 1],
            dynamic_shared: 0,
            arguments: &arguments,
        };
        launch.run(&mut memory).unwrap()
    };
    let (shorter, longer) = (launch(STEPS), launch(2 * STEPS));
    let counted = Counted { shorter, longer, more_steps: u64::from(RUNS * STEPS) };
    let states = memory.read(end, 3 * runs * size_of::<T>()).unwrap();
    let states = states.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>);
    HandWritten {
        counted,
        resources: compiled.resources(method).unwrap(),
        states: states.map(Into::into).collect(),
    }
}
