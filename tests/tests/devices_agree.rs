//! Host and GPU compute the same bits wherever the equations are made of `+ - * / sqrt` and fused
//! multiply-adds, by every method that a solver knows.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;

use buffer_tests::cuda::lorenz;
use buffer_tests::problems;
use buffer_tests::solve::gpu;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{
    Batch, Location, Precision, Solution, SolveError, Solver, SolverBuilder, System,
};

/// All methods, one name each.
fn methods() -> Vec<&'static str> {
    let builder = Solver::builder(&lorenz());
    let Err(SolveError::UnknownMethod { known, .. }) = builder.clone().method("?").factory() else {
        panic!("`?` is a method");
    };
    let target = HostDevice::new().unwrap().target(Precision::F64).unwrap();
    let mut texts = BTreeSet::new();
    let is_new = |method: &&'static str| {
        let solver = builder.clone().method(*method);
        texts.insert(solver.source(&solver.layout(&target).unwrap()).unwrap().text)
    };
    known.into_iter().filter(is_new).collect()
}

/// Every value; which of the many NaNs it is is no matter.
fn bits(solution: &Solution) -> Vec<Option<u64>> {
    let states = solution.states();
    states.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
}

fn solve(solver: &SolverBuilder, device: &Device, batch: &Batch) -> Solution {
    solver.clone().device(device.clone()).build().unwrap().solve(batch, 0.0..0.25).unwrap()
}

/// A system and some runs of it, of which the last one leaves the numbers.
fn check(system: &System, batch: &Batch, places: &[&[(&str, Location)]], steps: u32) {
    let gpu = match gpu() {
        Ok(gpu) => gpu.device,
        Err(reason) => {
            println!("skipped: no GPU to compare with: {reason}");
            return;
        }
    };
    let hosts = [1, 8].map(|lanes| HostDevice::new().unwrap().lanes(lanes).unwrap().into());
    for method in methods() {
        for precision in [Precision::F32, Precision::F64] {
            for places in places {
                let what = format!("{method} in {precision} with {places:?}");
                let solver = Solver::builder(system).method(method).precision(precision);
                let solver = solver.dt(0.25 / f64::from(steps)).save_every(0.125);
                let solver = places
                    .iter()
                    .fold(solver, |solver, (path, place)| solver.location(*path, *place));
                let found = solve(&solver, &gpu, batch);
                let ended = found.status().iter().filter(|status| status.is_success()).count();
                assert_eq!(ended, found.runs() - 1, "{what}");
                for host in &hosts {
                    let expected = solve(&solver, host, batch);
                    assert_eq!(found.status(), expected.status(), "{what}");
                    assert!(bits(&found) == bits(&expected), "{what} on {host}");
                }
            }
        }
    }
}

#[test]
fn every_method_is_compared() {
    let methods = methods();
    for method in ["euler", "classical-rk4", "tsit5", "kvaerno3", "l_stable_sdirk_4"] {
        assert!(methods.contains(&method), "{methods:?}");
    }
    assert!(methods.iter().filter(|method| method.contains("rk4")).count() == 1, "{methods:?}");
}

#[test]
fn lorenz_is_the_same_on_both_in_every_place() {
    let rho = (0..45).map(|run| f64::from(run) * 0.6).chain([f64::NAN]);
    let shared = [
        ("loop.state", Location::Shared),
        ("loop.proposed_state", Location::Shared),
        ("loop.parameters", Location::Shared),
    ];
    check(&lorenz(), &Batch::grid().parameter("rho", rho), &[&[], &shared], 20);
}

#[test]
fn quotients_and_roots_are_the_same_on_both() {
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
    check(&system, &Batch::grid().parameter("k", k), &[&[]], 25);
}

#[test]
fn a_chain_of_many_states_is_the_same_on_both() {
    let chain = problems::chain();
    let (first, _) = chain.states.first().unwrap();
    let initial = (0..9).map(|run| 1.0 + f64::from(run) / 8.0).chain([f64::NAN]);
    check(&chain.system().unwrap(), &Batch::grid().state(first.clone(), initial), &[&[]], 10);
}
