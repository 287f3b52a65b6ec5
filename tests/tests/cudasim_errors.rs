//! What goes wrong on a GPU in the middle of a batch: every failure is a typed error, and what was
//! solved before it is kept.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use buffer_tests::cuda::{lorenz, nvrtc};
use buffer_tests::simulated;
use integrators::device::cuda::{CudaDevice, CudaError};
use integrators::device::{Device, DeviceError};
use integrators::{Batch, Precision, Solution, SolveError, Solver, Status};

/// Runs of a batch, which takes seven launches.
const RUNS: usize = 200;
const CHUNK: usize = 32;

/// The simulated GPU is one for all tests, and so are the failures that are asked of it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    simulated::fail_nothing();
    alone
}

fn solver(precision: Precision) -> Solver {
    // Three states and a parameter go in, three rows of states and three ends may come out.
    let run_bytes = 13 * if precision == Precision::F32 { 4 } else { 8 } + 12;
    Solver::builder(&lorenz())
        .method("rk4")
        .precision(precision)
        .dt(0.01)
        .save_every(0.05)
        .chunk_bytes(CHUNK * run_bytes)
        .device(Device::cuda(0).unwrap())
        .build()
        .unwrap()
}

fn batch() -> Batch {
    Batch::grid().parameter("rho", (0..RUNS).map(|run| run as f64 * 0.1))
}

fn bits(solution: &Solution) -> Vec<u64> {
    solution.states().iter().map(|value| value.to_bits()).collect()
}

/// Holds what is kept of an interrupted solve against a whole one, and gives how many runs were solved
/// and what came in the way.
fn check_interrupted(error: SolveError, whole: &Solution) -> (usize, SolveError) {
    let (solved, kept, error) = match error {
        SolveError::Interrupted { solved, runs, solution, error } => {
            assert_eq!(runs, RUNS);
            (solved, solution, *error)
        }
        error => return (0, error),
    };
    assert!(solved > 0 && solved < RUNS && solved % CHUNK == 0, "{solved}");
    assert_eq!((kept.times(), kept.runs()), (whole.times(), RUNS));
    assert!(kept.status()[..solved].iter().all(|status| status.is_success()));
    assert!(kept.status()[solved..].iter().all(|status| *status == Status::UNSOLVED));
    for ((index, kept), whole) in kept.states().indexed_iter().zip(whole.states().iter()) {
        let is_kept = if index.2 < solved { kept == whole } else { kept.is_nan() };
        assert!(is_kept, "{kept} at {index:?} of {solved} solved runs");
    }
    (solved, error)
}

/// What the device says; none where it is another error.
fn of_gpu(error: &SolveError) -> &CudaError {
    match error {
        SolveError::Device(DeviceError::Cuda(error)) => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn memory_may_be_short_at_any_allocation_of_a_solve() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let solver = solver(Precision::F64);
    let Device::Cuda(gpu) = solver.device() else { panic!("no GPU") };
    let free = gpu.free_memory().unwrap();
    let whole = solver.solve(batch(), 0.0..0.1).unwrap();
    let mut counts = Vec::new();
    for allocation in 0.. {
        simulated::fail_allocation(allocation);
        let Err(error) = solver.solve(batch(), 0.0..0.1) else { break };
        let (solved, error) = check_interrupted(error, &whole);
        assert!(matches!(of_gpu(&error), CudaError::Memory { .. }), "{error}");
        assert_eq!(gpu.free_memory().unwrap(), free, "what was taken is given back");
        counts.push(solved / CHUNK);
    }
    // Four allocations for each of seven chunks: states, parameters, rows and statuses.
    let expected: Vec<_> = (0..28).map(|allocation| allocation / 4).collect();
    assert_eq!(counts, expected);
    simulated::fail_nothing();
    assert_eq!(bits(&solver.solve(batch(), 0.0..0.1).unwrap()), bits(&whole));
}

#[test]
fn memory_may_be_short_at_any_allocation_of_a_sanitizer() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let gpu = CudaDevice::new(0).unwrap();
    let free = gpu.free_memory().unwrap();
    // In one launch, however little one should move.
    let solver = Solver::builder(&lorenz()).method("euler").dt(0.05).chunk_bytes(1);
    let solver = solver.device(gpu.clone());
    let mut failures = Vec::new();
    for allocation in 0.. {
        simulated::fail_allocation(allocation);
        match solver.clone().sanitize(batch(), 0.0..0.1) {
            Ok(sanitized) => {
                assert!(sanitized.faults.is_empty(), "{sanitized}");
                break;
            }
            Err(error) => failures.push(match of_gpu(&error) {
                CudaError::KernelMemory => "variables",
                CudaError::Memory { .. } => "tables",
                error => panic!("{error}"),
            }),
        }
        assert_eq!(gpu.free_memory().unwrap(), free, "what was taken is given back");
    }
    assert_eq!(failures, ["variables", "tables", "tables", "tables", "tables"]);
    simulated::fail_nothing();
}

#[test]
fn a_kernel_that_fails_leaves_what_was_solved_before() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let whole = solver(Precision::F32).solve(batch(), 0.0..0.1).unwrap();
    for launch in 0..7 {
        let solver = solver(Precision::F32);
        simulated::fail_launch(launch);
        let error = solver.solve(batch(), 0.0..0.1).unwrap_err();
        let shown = error.to_string();
        let (solved, error) = check_interrupted(error, &whole);
        assert_eq!(solved, CHUNK * launch as usize);
        assert!(matches!(of_gpu(&error), CudaError::Lost { .. }), "{error}");
        assert!(shown.contains("unspecified launch failure"), "{shown}");
        if launch > 0 {
            let begin =
                format!("only the first {solved} of 200 runs were solved, since then the GPU");
            assert!(shown.starts_with(&begin) && shown.contains("help: "), "{shown}");
        }
        // From there on the device does nothing, and says so.
        let error = solver.solve(batch(), 0.0..0.1).unwrap_err();
        assert!(matches!(of_gpu(&error), CudaError::Lost { .. }), "{error}");
    }
}

#[test]
fn a_gpu_may_be_lost_at_any_call_of_a_solve() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let whole = solver(Precision::F64).solve(batch(), 0.0..0.1).unwrap();
    let mut chunks = Vec::new();
    for call in 0.. {
        let solver = solver(Precision::F64);
        simulated::lose_device(call);
        let Err(error) = solver.solve(batch(), 0.0..0.1) else { break };
        let (solved, error) = check_interrupted(error, &whole);
        let CudaError::Lost { reason, .. } = of_gpu(&error) else { panic!("{error}") };
        assert!(reason.contains("uncorrectable ECC error"), "{reason}");
        chunks.push(solved / CHUNK);
    }
    // Later and later, and at each chunk.
    assert!(chunks.is_sorted(), "{chunks:?}");
    chunks.dedup();
    assert_eq!(chunks, [0, 1, 2, 3, 4, 5, 6]);
    simulated::fail_nothing();
    assert_eq!(bits(&solver(Precision::F64).solve(batch(), 0.0..0.1).unwrap()), bits(&whole));
}

#[test]
fn a_gpu_may_be_lost_at_any_call_of_a_build() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let mut failed = 0;
    for call in 0.. {
        let device = Device::cuda(0).unwrap();
        let builder = Solver::builder(&lorenz()).method("euler").dt(0.01).device(device.clone());
        simulated::lose_device(call);
        let Err(error) = builder.build() else { break };
        let CudaError::Lost { reason, .. } = of_gpu(&error) else { panic!("{error}") };
        assert!(reason.contains("uncorrectable ECC error"), "{reason}");
        failed += 1;
    }
    assert!(failed > 3, "{failed} calls");
    simulated::fail_nothing();
}
