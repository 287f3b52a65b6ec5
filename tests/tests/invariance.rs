//! Results do not depend on where buffers lie, nor on what else a batch holds: to the bit.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::HashSet;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use buffer_core::{Layout, PlacedBuffer, Storage};
use buffer_tests::placement::{Placement, kernels, placements, roots};
use buffer_tests::problems::{self, Problem};
use buffer_tests::random::SplitMix64;
use buffer_tests::reference::METHODS;
use buffer_tests::solve::{NamedDevice, devices};
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Method, Packing, Precision, Solution, Solver, SolverBuilder, methods};
use ndarray::Axis;

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// The bits of every row of every run.
fn bits(solution: &Solution) -> Vec<Vec<u64>> {
    let states = solution.states();
    let runs = states.axis_iter(Axis(2));
    runs.map(|run| run.iter().map(|value| value.to_bits()).collect()).collect()
}

fn build(solver: &SolverBuilder, device: &Device) -> Solver {
    solver.clone().save_every(0.25).device(device.clone()).build().unwrap()
}

/// `count` different values of rho.
fn rho(count: usize) -> Vec<f64> {
    (0..count).map(|i| 21.0 * (i as f64 + 0.5) / count as f64).collect()
}

fn solve(solver: &Solver, problem: &Problem, rho: &[f64]) -> Vec<Vec<u64>> {
    let batch = Batch::grid().parameter("rho", rho.iter().copied());
    bits(&solver.solve(&batch, problem.span.clone()).unwrap())
}

/// A method on a problem, with steps of a fixed length or to a tolerance.
struct Case {
    name: String,
    solver: SolverBuilder,
    span: Range<f64>,
    batch: Batch,
}

impl Case {
    fn new(problem: &Problem, method: &Method, adaptive: bool) -> Self {
        let solver = if adaptive {
            Solver::builder(&problem.system().unwrap()).method(method.name()).tolerance(1e-4)
        } else {
            // The precision is set later.
            problem.solver(method.name(), Precision::F64, 40).unwrap()
        };
        let steps = if adaptive { "adaptive" } else { "fixed" };
        let (parameter, value) = &problem.parameters[0];
        let values = (0..37).map(|run| value * (0.3 + 0.02 * f64::from(run)));
        Self {
            name: format!("{} with {steps} steps on {}", method.name(), problem.name),
            solver: solver.save_every((problem.span.end - problem.span.start) / 4.0),
            span: problem.span.clone(),
            batch: Batch::grid().parameter(parameter, values),
        }
    }

    fn roots(&self) -> Vec<String> {
        roots(&self.solver.factory().unwrap()).unwrap()
    }

    /// Every kernel of some placements gives the bits of the first one.
    fn check(&self, device: &NamedDevice, precision: Precision, placements: &[Placement]) -> usize {
        let kernels = kernels(&self.solver, &device.device, precision, placements).unwrap();
        let solve = |solver: &SolverBuilder| {
            let solver = solver.clone().device(device.device.clone()).build().unwrap();
            bits(&solver.solve(&self.batch, self.span.clone()).unwrap())
        };
        let declared = solve(&self.solver.clone().precision(precision));
        for (name, solver) in &kernels {
            let what = format!("{} in {precision} on {device}: {name}", self.name);
            assert!(solve(solver) == declared, "{what}");
        }
        kernels.len()
    }
}

/// Checks some cases on all threads.
fn check_all(cases: &[Case], check: impl Fn(usize, &Case) -> usize + Sync) -> usize {
    let next = AtomicUsize::new(0);
    let compared = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(case) = cases.get(index)
                {
                    compared.fetch_add(check(index, case), Ordering::Relaxed);
                }
            });
        }
    });
    compared.into_inner()
}

/// All methods with fixed steps, and those that can with steps to a tolerance: the first of those
/// with the same buffers in all, and the others.
fn cases(problem: &Problem) -> (Vec<Case>, Vec<Case>) {
    let fixed = methods().map(|method| Case::new(problem, &method, false));
    let adaptive = methods().filter(Method::is_adaptive);
    let all = fixed.chain(adaptive.map(|method| Case::new(problem, &method, true)));
    let mut seen = HashSet::new();
    all.partition(|case| seen.insert(case.roots()))
}

/// The placements of some names.
fn named(case: &Case, names: &[&str]) -> Vec<Placement> {
    let mut placements = placements(&case.solver.factory().unwrap()).unwrap();
    placements.retain(|placement| names.contains(&placement.name.as_str()));
    assert_eq!(placements.len(), names.len());
    placements
}

#[test]
fn no_method_depends_on_where_its_buffers_lie() {
    let (first, others) = cases(&problems::lorenz());
    let widest = &devices()[2];
    let compared = check_all(&first, |index, case| {
        let placements = placements(&case.solver.factory().unwrap()).unwrap();
        case.check(widest, PRECISIONS[index % 2], &placements)
    });
    println!("{compared} kernels of {} trees of factories give the same bits", first.len());
    assert!(compared > 11 * first.len());
    check_all(&others, |index, case| {
        case.check(widest, PRECISIONS[index % 2], &named(case, &["all shared", "mixture 0"]))
    });
}

#[test]
fn nothing_depends_on_where_buffers_lie_on_any_device() {
    let (first, _) = cases(&problems::lorenz());
    check_all(&first, |index, case| {
        let check = |(device, named_device): (usize, _)| {
            // The precision that is left out above.
            let precision = PRECISIONS[(index + 1 + device % 2) % 2];
            case.check(named_device, precision, &named(case, &["all shared", "mixture 1"]))
        };
        devices().iter().enumerate().map(check).sum()
    });
}

#[test]
fn arrays_larger_than_the_registers_do_not_depend_on_where_they_lie() {
    // 20 states are more than a compiler unrolls, so that their arrays lie in memory, which `auto`
    // packing makes one of.
    let (first, _) = cases(&problems::chain());
    let widest = &devices()[2];
    check_all(&first, |index, case| {
        let precision = PRECISIONS[index % 2];
        let placements = named(case, &["all local", "mixture 2"]);
        let packed = placements[0].apply(&case.solver).packing(Packing::Auto);
        let layout = packed.layout(&widest.device.target(precision).unwrap()).unwrap();
        let in_one = |buffer: &PlacedBuffer| buffer.storage() == Storage::LocalScratch;
        assert!(layout.instances().iter().any(|i| i.buffers().iter().any(in_one)), "{layout}");
        case.check(widest, precision, &placements)
    });
}

#[test]
fn placements_move_buffers_that_there_are() {
    let solver = problems::lorenz().solver("tsit5", Precision::F32, 40).unwrap();
    let target = HostDevice::new().unwrap().target(Precision::F32).unwrap();
    let declared = solver.layout(&target).unwrap();
    let all = placements(&solver.factory().unwrap()).unwrap();
    let shared = all.iter().find(|placement| placement.name == "all shared").unwrap();
    let placed = shared.apply(&solver).layout(&target).unwrap();
    let buffers = |layout: &Layout| {
        layout.instances().iter().map(|instance| instance.buffers().len()).sum::<usize>()
    };
    assert_eq!(shared.places.len(), buffers(&declared), "a buffer is left out");
    assert_eq!((placed.local_bytes(), placed.local_persistent_bytes()), (0, 0));
    assert_ne!(placed.shared_bytes(), declared.shared_bytes());
}

#[test]
fn a_run_does_not_depend_on_the_batch_around_it() {
    let problem = problems::lorenz();
    for tableau in METHODS {
        for precision in PRECISIONS {
            let solver = problem.solver(tableau.method, precision, 40).unwrap();
            for device in devices() {
                let solver = build(&solver, &device.device);
                let what = format!("{} in {precision} on {device}", tableau.method);
                let rho = rho(1000);
                let all = solve(&solver, &problem, &rho);
                assert!(all[0] != all[1], "runs differ: {what}");
                for first in [0, 1, 500, 999] {
                    let one = solve(&solver, &problem, &rho[first..=first]);
                    assert!(one[0] == all[first], "run {first} alone: {what}");
                }
                assert!(solve(&solver, &problem, &rho[..7]) == all[..7], "7 runs: {what}");

                let mut order: Vec<usize> = (0..rho.len()).collect();
                SplitMix64::new(1).shuffle(&mut order);
                let shuffled: Vec<f64> = order.iter().map(|run| rho[*run]).collect();
                for (bits, run) in solve(&solver, &problem, &shuffled).iter().zip(&order) {
                    assert!(*bits == all[*run], "run {run} in another order: {what}");
                }
            }
        }
    }
}

#[test]
fn a_run_does_not_depend_on_chunks() {
    let problem = problems::lorenz();
    for precision in PRECISIONS {
        let solver = problem.solver("tsit5", precision, 40).unwrap();
        for device in devices() {
            let expected = solve(&build(&solver, &device.device), &problem, &rho(100));
            // Chunks of one run, of some, and of all but some.
            for bytes in [1, 1000, 10_000] {
                let chunked = build(&solver.clone().chunk_bytes(bytes), &device.device);
                let actual = solve(&chunked, &problem, &rho(100));
                assert!(actual == expected, "{bytes} bytes in {precision} on {device}");
            }
        }
    }
}

#[test]
fn a_run_does_not_depend_on_threads() {
    let problem = problems::lorenz();
    for precision in PRECISIONS {
        let solver = problem.solver("tsit5", precision, 40).unwrap();
        let rho = rho(1000);
        let solve = |threads| {
            let host = HostDevice::new().unwrap().threads(NonZero::new(threads).unwrap()).unwrap();
            assert_eq!(host.thread_count(), threads);
            solve(&build(&solver, &host.into()), &problem, &rho)
        };
        let expected = solve(1);
        for threads in [2, 3, 8] {
            assert!(solve(threads) == expected, "{threads} threads in {precision}");
        }
    }
}

#[test]
fn arithmetic_does_not_depend_on_lanes_nor_on_the_device() {
    // The Lorenz system has no functions that a library of vectors rounds in its own way.
    let problem = problems::lorenz();
    for precision in PRECISIONS {
        let solver = problem.solver("tsit5", precision, 40).unwrap();
        let host = |lanes| Device::from(HostDevice::new().unwrap().lanes(lanes).unwrap());
        let expected = solve(&build(&solver, &host(1)), &problem, &rho(37));
        for lanes in [2, 4, 8, 16, 32, 64] {
            let actual = solve(&build(&solver, &host(lanes)), &problem, &rho(37));
            assert!(actual == expected, "{lanes} lanes of {precision}");
        }
        for device in devices() {
            let actual = solve(&build(&solver, &device.device), &problem, &rho(37));
            assert!(actual == expected, "{precision} on {device}");
        }
    }
}
