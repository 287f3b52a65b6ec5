//! A run that blows up, or never was a number, says so and changes no other run.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_tests::problems;
use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::{Batch, Precision, Solution, Solver, Status, System, methods};
use ndarray::Axis;

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// `dx = x^2 - 1` from several values: it falls to -1 from below 1, and blows up from above.
fn solve(device: &Device, precision: Precision, method: &str, initial: &[f64]) -> Solution {
    let system = System::parse("dx = x^2 - shift").unwrap().states([("x", 0.0)]);
    let system = system.parameters([("shift", 1.0)]).build().unwrap();
    let solver = Solver::builder(&system).method(method).precision(precision).dt(0.01);
    let solver = solver.save_every(0.5).device(device.clone()).build().unwrap();
    solver.solve(Batch::grid().state("x", initial.iter().copied()), 0.0..10.0).unwrap()
}

/// The bits of all rows of a run.
fn bits(solution: &Solution, run: usize) -> Vec<u64> {
    solution.states().index_axis(Axis(2), run).iter().map(|value| value.to_bits()).collect()
}

#[test]
fn runs_that_fail_change_no_other() {
    let good: Vec<f64> = (0..40).map(|i| 0.9 - 0.05 * f64::from(i)).collect();
    let bad = [f64::NAN, f64::INFINITY, 2.0, f64::NEG_INFINITY, 1e30];
    // A bad run beside every good one, so that lanes are refilled beside lanes that go on.
    let mixed: Vec<f64> =
        good.iter().enumerate().flat_map(|(i, x)| [bad[i % bad.len()], *x]).collect();
    for device in devices() {
        for precision in PRECISIONS {
            for method in methods().filter(|method| !method.is_implicit()) {
                let method = method.name();
                let what = format!("{method} in {precision} on {device}");
                let alone = solve(&device.device, precision, method, &good);
                let beside = solve(&device.device, precision, method, &mixed);
                assert!(alone.status().iter().all(|status| status.is_success()), "{what}");
                for run in 0..good.len() {
                    assert_eq!(beside.status()[2 * run], Status::NON_FINITE, "{what}");
                    assert!(beside.status()[2 * run + 1].is_success(), "{what}");
                    assert_eq!(bits(&alone, run), bits(&beside, 2 * run + 1), "run {run}, {what}");
                }
            }
        }
    }
}

#[test]
fn a_run_that_blows_up_keeps_the_rows_before_and_has_no_others() {
    for device in devices() {
        for precision in PRECISIONS {
            // The solution is -coth(t - atanh(1/2)), with its pole at 0.549.
            let solution = solve(&device.device, precision, "rk4", &[2.0]);
            let states = solution.states();
            let rows: Vec<f64> = states.iter().copied().collect();
            assert_eq!(solution.status(), [Status::NON_FINITE]);
            assert_eq!(rows[0], 2.0);
            let exact = 1.0 / (0.5_f64.atanh() - 0.5).tanh();
            assert!((rows[1] - exact).abs() < 0.1, "{} on {device}, not {exact}", rows[1]);
            assert!(rows[2..].iter().all(|value| value.is_nan()), "{rows:?} on {device}");
        }
    }
}

#[test]
fn a_run_from_what_is_no_number_ends_at_once() {
    for device in devices() {
        for precision in PRECISIONS {
            for initial in [f64::NAN, f64::INFINITY] {
                let solution = solve(&device.device, precision, "tsit5", &[initial]);
                assert_eq!(solution.status(), [Status::NON_FINITE], "on {device}");
                let states = solution.states();
                assert!(states.iter().skip(1).all(|value| value.is_nan()), "on {device}");
            }
        }
    }
}

#[test]
fn a_parameter_that_is_no_number_is_seen_as_well() {
    let problem = problems::lorenz();
    for device in devices() {
        let solver = problem.solver("tsit5", Precision::F64, 100).unwrap();
        let solver = solver.device(device.device.clone()).build().unwrap();
        let batch = Batch::grid().parameter("rho", [21.0, f64::NAN, 21.0]);
        let solution = solver.solve(&batch, problem.span.clone()).unwrap();
        let success: Vec<bool> = solution.status().iter().map(|s| s.is_success()).collect();
        assert_eq!(success, [true, false, true], "on {device}");
        assert_eq!(bits(&solution, 0), bits(&solution, 2), "on {device}");
    }
}

#[test]
fn functions_do_not_look_at_other_lanes() {
    // What a library of vectors does not do by its usual way in one lane, it may do otherwise in all.
    let equations = "dx = sin(x) + cos(x) + tan(x/4) + tanh(x) + exp(-x) + log(x) + x^1.5 - x";
    let system = System::parse(equations).unwrap().states([("x", 1.0)]).build().unwrap();
    let good: Vec<f64> = (0..40).map(|i| 0.5 + 0.05 * f64::from(i)).collect();
    let odd = [f64::NAN, f64::INFINITY, -1.0, 1e30, 0.0, 1e-40, 1e6];
    let mixed: Vec<f64> =
        good.iter().enumerate().flat_map(|(i, x)| [odd[i % odd.len()], *x]).collect();
    for device in devices() {
        for precision in PRECISIONS {
            let solver = Solver::builder(&system).method("rk4").precision(precision).dt(0.01);
            let solver = solver.save_every(0.1).device(device.device.clone()).build().unwrap();
            let solve = |initial: &[f64]| {
                solver.solve(Batch::grid().state("x", initial.iter().copied()), 0.0..0.5).unwrap()
            };
            let (alone, beside) = (solve(&good), solve(&mixed));
            assert!(alone.status().iter().all(|status| status.is_success()), "on {device}");
            for run in 0..good.len() {
                let what = format!("run {run} in {precision} on {device}");
                assert_eq!(bits(&alone, run), bits(&beside, 2 * run + 1), "{what}");
            }
        }
    }
}
