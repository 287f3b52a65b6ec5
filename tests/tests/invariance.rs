//! Results do not depend on where buffers lie, nor on what else a batch holds: to the bit.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use std::num::NonZero;

use buffer_core::Layout;
use buffer_tests::placement::{Placement, placements};
use buffer_tests::problems::{self, Problem};
use buffer_tests::random::SplitMix64;
use buffer_tests::reference::METHODS;
use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solution, Solver, SolverBuilder};
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

/// The solver with some of its buffers placed.
fn place(solver: &SolverBuilder, placement: &Placement) -> SolverBuilder {
    let places = placement.places.iter();
    places.fold(solver.clone(), |solver, (path, place)| solver.location(path, *place))
}

/// One test per method, so that they share the threads.
fn assert_invariant_to_placement(method: &str) {
    let problem = problems::lorenz();
    for precision in PRECISIONS {
        let declared = problem.solver(method, precision, 40).unwrap();
        let placements = placements(&declared.factory().unwrap()).unwrap();
        for device in devices() {
            let expected = solve(&build(&declared, &device.device), &problem, &rho(37));
            for placement in &placements {
                let placed = build(&place(&declared, placement), &device.device);
                let actual = solve(&placed, &problem, &rho(37));
                let name = &placement.name;
                assert!(expected == actual, "{method} in {precision} on {device}: {name}");
            }
        }
    }
}

#[test]
fn euler_does_not_depend_on_placement() {
    assert_invariant_to_placement("euler");
}

#[test]
fn rk4_does_not_depend_on_placement() {
    assert_invariant_to_placement("rk4");
}

#[test]
fn tsit5_does_not_depend_on_placement() {
    assert_invariant_to_placement("tsit5");
}

#[test]
fn rodas3p_does_not_depend_on_placement() {
    assert_invariant_to_placement("rodas3p");
}

#[test]
fn arrays_larger_than_the_registers_do_not_depend_on_placement() {
    // 20 states are more than a compiler unrolls, so that their arrays lie in memory.
    let problem = problems::chain();
    let declared = problem.solver("tsit5", Precision::F32, 40).unwrap();
    let device = HostDevice::new().unwrap().into();
    let gain: Vec<f64> = (0..37).map(|run| 0.1 * f64::from(run)).collect();
    let batch = Batch::grid().parameter("gain", gain);
    let solve = |solver: &SolverBuilder| {
        bits(&build(solver, &device).solve(&batch, problem.span.clone()).unwrap())
    };
    let expected = solve(&declared);
    for placement in placements(&declared.factory().unwrap()).unwrap() {
        assert!(expected == solve(&place(&declared, &placement)), "{}", placement.name);
    }
}

#[test]
fn placements_move_buffers_that_there_are() {
    let solver = problems::lorenz().solver("tsit5", Precision::F32, 40).unwrap();
    let target = HostDevice::new().unwrap().target(Precision::F32).unwrap();
    let declared = solver.layout(&target).unwrap();
    let all = placements(&solver.factory().unwrap()).unwrap();
    let shared = all.iter().find(|placement| placement.name == "all shared").unwrap();
    let placed = place(&solver, shared).layout(&target).unwrap();
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
