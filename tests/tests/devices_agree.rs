//! Host and GPU compute the same bits wherever the equations are made of `+ - * / sqrt` and fused
//! multiply-adds, by every method that a solver knows.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_tests::cuda::{Case, PLACES, case, cases, placed};
use buffer_tests::problems;
use buffer_tests::solve::gpu_or_skip;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solution, Solver, SolverBuilder, System};

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// Every value; which of the many NaNs it is is no matter.
fn bits(solution: &Solution) -> Vec<Option<u64>> {
    let states = solution.states();
    states.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
}

fn solve(solver: &SolverBuilder, device: &Device, batch: &Batch) -> Solution {
    solver.clone().device(device.clone()).build().unwrap().solve(batch, 0.0..0.25).unwrap()
}

/// The GPU; none where there is none, which is then said.
fn device() -> Option<Device> {
    gpu_or_skip().map(|gpu| gpu.device)
}

/// Solves some runs, of which the last one leaves the numbers.
fn check(gpu: &Device, solver: &SolverBuilder, batch: &Batch, what: &str) {
    let found = solve(solver, gpu, batch);
    let ended = found.status().iter().filter(|status| status.is_success()).count();
    assert_eq!(ended, found.runs() - 1, "{what}");
    for lanes in [1, 8] {
        let expected =
            solve(solver, &HostDevice::new().unwrap().lanes(lanes).unwrap().into(), batch);
        assert_eq!(found.status(), expected.status(), "{what}");
        assert!(found.steps().eq(expected.steps()), "{what}");
        assert!(found.attempts().eq(expected.attempts()), "{what}");
        assert!(bits(&found) == bits(&expected), "{what} on {lanes} lanes");
    }
}

/// A solver of a system by a case's method.
fn solver(system: &System, case: &Case, precision: Precision) -> SolverBuilder {
    let solver = Solver::builder(system).method(case.method.name()).precision(precision);
    let solver = solver.save_every(0.125);
    if case.adapts { solver.tolerance(1e-4) } else { solver.dt(0.25 / 20.0) }
}

#[test]
fn lorenz_is_the_same_on_both_in_every_place() {
    let Some(gpu) = device() else { return };
    let rho = (0..45).map(|run| f64::from(run) * 0.6).chain([f64::NAN]);
    let batch = Batch::grid().parameter("rho", rho);
    for case in cases() {
        for precision in PRECISIONS {
            for place in PLACES {
                let solver = placed(case.solver(precision), place);
                check(&gpu, &solver, &batch, &format!("{case} in {precision}, {place}"));
            }
        }
    }
}

#[test]
fn quotients_and_roots_are_the_same_on_both() {
    let Some(gpu) = device() else { return };
    let equations = "
        radius = sqrt(x*x + y*y + 1/4)
        pull = k*x/(radius*radius*radius)
        dx = v - x*y/(1 + x*x)
        dv = -pull + (y - v)/(2 + radius)
        dy = sqrt(radius + 1)/radius - y*y*y";
    let system = System::parse(equations)
        .unwrap()
        .states([("x", 1.0), ("v", 0.0), ("y", 0.5)])
        .parameters([("k", 1.0)])
        .build()
        .unwrap();
    let k = (0..37).map(|run| 0.1 + f64::from(run) * 0.3).chain([f64::INFINITY]);
    let batch = Batch::grid().parameter("k", k);
    for case in cases() {
        for precision in PRECISIONS {
            let solver = solver(&system, &case, precision);
            check(&gpu, &solver, &batch, &format!("{case} in {precision}"));
        }
    }
}

#[test]
fn a_chain_of_many_states_is_the_same_on_both() {
    let Some(gpu) = device() else { return };
    let chain = problems::chain();
    let (system, (first, _)) = (chain.system().unwrap(), chain.states.first().unwrap());
    let initial = (0..9).map(|run| 1.0 + f64::from(run) / 8.0).chain([f64::NAN]);
    let batch = Batch::grid().state(first.clone(), initial);
    for case in [case("tsit5", false), case("tsit5", true), case("kvaerno3", true)] {
        for precision in PRECISIONS {
            let solver = solver(&system, &case, precision);
            check(&gpu, &solver, &batch, &format!("{case} in {precision}"));
        }
    }
}
