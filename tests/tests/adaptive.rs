//! Steps that a tolerance chooses: which they are, what comes out, and what ends a run.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::f64::consts::TAU;
use std::num::NonZero;

use buffer_tests::adaptive::{Control, Controller, Outcome};
use buffer_tests::implicit;
use buffer_tests::problems::{self, Problem};
use buffer_tests::random::SplitMix64;
use buffer_tests::reference::{self, difference};
use buffer_tests::solve::{NamedDevice, devices};
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{
    Batch, Method, Precision, Solution, Solver, SolverBuilder, Status, System, methods,
};
use ndarray::Axis;

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

fn adaptive() -> impl Iterator<Item = Method> {
    methods().filter(Method::is_adaptive)
}

fn builder(problem: &Problem, method: &str, tolerance: f64) -> SolverBuilder {
    Solver::builder(&problem.system().unwrap()).method(method).tolerance(tolerance)
}

fn host(lanes: usize) -> Device {
    HostDevice::new().unwrap().lanes(lanes).unwrap().into()
}

fn all_lanes() -> Device {
    HostDevice::new().unwrap().into()
}

fn solve(solver: SolverBuilder, problem: &Problem, device: &Device) -> Solution {
    let solver = solver.device(device.clone()).build().unwrap();
    solver.solve(Batch::grid(), problem.span.clone()).unwrap()
}

fn end(solution: &Solution) -> Vec<f64> {
    assert!(solution.status().iter().all(|status| status.is_success()), "{:?}", solution.status());
    solution.end_states().column(0).to_vec()
}

/// The solver takes the reference's steps, and comes to the same state.
fn check_steps(
    expected: &Outcome,
    solver: &SolverBuilder,
    problem: &Problem,
    device: &NamedDevice,
    what: &str,
) {
    let solution = solve(solver.clone(), problem, &device.device);
    let off = difference(&expected.state, &end(&solution));
    let counts = (solution.steps().next().unwrap(), solution.attempts().next().unwrap());
    assert_eq!(counts, (expected.steps, expected.attempts), "{what} on {device}");
    assert!(off <= 1e-11, "{what} on {device} is off by {off:e}");
}

const CONTROLLERS: [(&str, Controller); 3] =
    [("i", Controller::I), ("pi", Controller::Pi), ("gustafsson", Controller::Gustafsson)];

#[test]
fn explicit_methods_take_the_steps_of_the_textbook() {
    // Small systems on all devices, and a larger one where that is quick.
    let few = &devices()[devices().len() - 2..];
    for (problem, devices) in [
        (problems::lorenz(), devices()),
        (problems::driven_decay(), devices()),
        (problems::chain(), &few[..1]),
    ] {
        let right_side = problem.right_side();
        for tableau in reference::METHODS {
            let Some((order, _)) = tableau.embedded else { continue };
            for (name, controller) in CONTROLLERS {
                for tolerance in [1e-4, 1e-7] {
                    let control = Control { controller, atol: tolerance, rtol: tolerance, order };
                    let (span, initial) = (problem.span.clone(), problem.initial());
                    let expected = control.integrate(&right_side, span, &initial, |t, h, y| {
                        tableau.step_with_error(&right_side, t, h, y)
                    });
                    let solver = builder(&problem, tableau.method, tolerance).controller(name);
                    let what = format!("{} of {} by {name}", tableau.method, problem.name);
                    for device in devices {
                        check_steps(&expected, &solver, &problem, device, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn implicit_methods_take_the_steps_of_the_textbook() {
    // A GPU where there is one, else all lanes of the host.
    let device = devices().last().unwrap();
    for (problem, tolerance) in [(problems::lorenz(), 1e-5), (problems::driven_decay(), 1e-6)] {
        let right_side = problem.right_side();
        for tableau in implicit::methods() {
            let Some((order, _)) = tableau.embedded else { continue };
            for (name, controller) in CONTROLLERS {
                let control = Control { controller, atol: tolerance, rtol: tolerance, order };
                let (span, initial) = (problem.span.clone(), problem.initial());
                let expected = control.integrate(&right_side, span, &initial, |t, h, y| {
                    tableau.step_with_error(&right_side, t, h, y)
                });
                let solver = builder(&problem, tableau.method, tolerance).controller(name);
                let what = format!("{} of {} by {name}", tableau.method, problem.name);
                let solver = solver.solver_tolerance(1e-13);
                check_steps(&expected, &solver, &problem, device, &what);
            }
        }
    }
}

#[test]
fn errors_follow_the_tolerance() {
    for problem in [problems::lorenz(), problems::driven_decay(), problems::chain()] {
        // Of some runs, so that an error that happens to vanish says nothing.
        let (name, value) = &problem.parameters[0];
        let values: Vec<f64> = (0..6).map(|i| value * (0.5 + 0.1 * f64::from(i))).collect();
        let exact = values.iter().map(|value| {
            let right_side = problem.right_side_with(vec![*value]);
            reference::TSIT5.integrate(&right_side, problem.span.clone(), 5000, &problem.initial())
        });
        let exact: Vec<Vec<f64>> = exact.collect();
        for method in adaptive() {
            let tolerances = [1e-4, 1e-5, 1e-6, 1e-7];
            let errors = tolerances.map(|tolerance| {
                let solver = builder(&problem, method.name(), tolerance).device(all_lanes());
                let batch = Batch::grid().parameter(name.as_str(), values.iter().copied());
                let solution = solver.build().unwrap().solve(batch, problem.span.clone()).unwrap();
                let ends = solution.end_states();
                let error = |(exact, end): (&Vec<f64>, _)| difference(exact, end);
                let ends: Vec<Vec<f64>> =
                    ends.columns().into_iter().map(|end| end.to_vec()).collect();
                exact.iter().zip(ends.iter().map(Vec::as_slice)).map(error).fold(0.0, f64::max)
            });
            let what = format!("{} of {}: {errors:?}", method.name(), problem.name);
            // The estimate of `rosenbrock23` is of a higher order than its result, which a tolerance of
            // an eighth makes four times as exact; so is that of `rodas3p` where the derivative depends
            // on little but the time. That of the others is of a lower one.
            let higher = ["rosenbrock23", "rodas3p"].contains(&method.name());
            let power = if higher { 2.0 / 3.0 } else { 1.0 };
            for (error, tolerance) in errors.into_iter().zip(tolerances) {
                assert!(error < 100.0 * tolerance.powf(power), "{what}");
            }
            let shrinks = (errors[0] / errors[3]).log10() / 3.0;
            assert!((power - 0.5..power + 0.6).contains(&shrinks), "{what}");
        }
    }
}

#[test]
fn errors_in_f32_are_within_the_tolerance() {
    for problem in [problems::lorenz(), problems::driven_decay(), problems::chain()] {
        let exact = problem.solution();
        for method in adaptive() {
            let solver = builder(&problem, method.name(), 1e-4).precision(Precision::F32);
            let off = difference(&exact, &end(&solve(solver, &problem, &all_lanes())));
            assert!(off < 5e-3, "{} of {}: {off:e}", method.name(), problem.name);
        }
    }
}

fn robertson() -> System {
    System::parse(
        "slow = 0.04*x; fast = 1e4*y*z; dx = fast - slow\ndz = 3e7*y^2\ndy = slow - fast - 3e7*y^2",
    )
    .unwrap()
    .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
    .build()
    .unwrap()
}

#[test]
fn a_stiff_reaction_reaches_its_published_state() {
    let published = [7.15827068719e-1, 9.185534764558e-6, 2.84163745746e-1];
    for method in adaptive().filter(Method::is_implicit) {
        for device in devices() {
            for (precision, rtol, atol) in
                [(Precision::F64, 1e-6, 1e-10), (Precision::F32, 1e-4, 1e-8)]
            {
                let solver = Solver::builder(&robertson()).method(method.name()).rtol(rtol);
                let solver = solver.atol(atol).precision(precision).device(device.device.clone());
                let solution = solver.build().unwrap().solve(Batch::grid(), 0.0..40.0).unwrap();
                let what = format!("{} in {precision} on {device}", method.name());
                for (value, published) in end(&solution).iter().zip(published) {
                    let off = (value - published).abs() / (atol + rtol * published);
                    assert!(off <= 50.0, "{what}: {value:e} is off by {off} tolerances");
                }
                let attempts = solution.attempts().next().unwrap();
                assert!(attempts < 2000, "{what}: {attempts} attempts");
            }
        }
    }
}

#[test]
fn units_do_not_matter() {
    // In units of a power of two every number is that power times another one, and rounds as that does.
    let unit = (-30.0_f64).exp2();
    let reaction = |unit: f64| {
        let text = "slow = 0.04*x; fast = a*y*z; burn = b*y^2\n\
                    dx = fast - slow; dy = slow - fast - burn; dz = burn";
        let system = System::parse(text).unwrap().states([("x", unit), ("y", 0.0), ("z", 0.0)]);
        system.constants([("a", 1e4 / unit), ("b", 3e7 / unit)]).build().unwrap()
    };
    for method in adaptive().filter(Method::is_implicit) {
        for linear_solver in ["lu", "minimal_residual"] {
            for (precision, rtol, atol) in
                [(Precision::F64, 1e-6, 1e-10), (Precision::F32, 1e-4, 1e-8)]
            {
                let solve = |unit: f64| {
                    let solver = Solver::builder(&reaction(unit)).method(method.name()).rtol(rtol);
                    let solver = solver.atol(atol * unit).linear_solver(linear_solver);
                    let solver = solver.precision(precision).device(host(8)).build().unwrap();
                    solver.solve(Batch::grid(), 0.0..0.4).unwrap()
                };
                let (one, other) = (solve(1.0), solve(unit));
                let what = format!("{} over {linear_solver} in {precision}", method.name());
                assert_eq!(one.attempts().next(), other.attempts().next(), "{what}");
                let scaled: Vec<f64> = end(&one).iter().map(|value| value * unit).collect();
                assert_eq!(end(&other), scaled, "{what}");
            }
        }
    }
}

#[test]
fn save_points_are_reached_exactly() {
    // The state is the time, far from where it is counted from.
    let system = System::parse("dx = 1").unwrap().states([("x", 0.0)]).build().unwrap();
    for device in devices() {
        for (precision, closeness) in [(Precision::F32, 1e-5), (Precision::F64, 1e-13)] {
            let solver = Solver::builder(&system).tolerance(1e-5).precision(precision);
            let solver = solver.save_every(0.1).first_step(1e-3).device(device.device.clone());
            let solution = solver.build().unwrap().solve(Batch::grid(), 1000.0..1010.0).unwrap();
            let states = solution.states();
            assert_eq!(states.dim().0, 101);
            for (time, row) in solution.times().iter().zip(states.axis_iter(Axis(0))) {
                let off = (row[[0, 0]] - (time - 1000.0)).abs() / (1.0 + time - 1000.0);
                assert!(off < closeness, "{off:e} at {time} in {precision} on {device}");
            }
            // Some steps that grow from the first one, and from then on one to each save point.
            let steps = solution.steps().next().unwrap();
            assert!((102..106).contains(&steps), "{steps} steps in {precision} on {device}");
        }
    }
}

#[test]
fn every_saved_row_is_the_state_at_its_time() {
    let problem = problems::driven_decay();
    for method in adaptive() {
        let solver = builder(&problem, method.name(), 1e-7).save_every(0.25);
        let solution = solve(solver, &problem, &all_lanes());
        assert_eq!(solution.times(), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]);
        for (time, row) in solution.times().iter().zip(solution.states().axis_iter(Axis(0))) {
            let off = difference(&problem.exact(*time).unwrap(), &row.column(0).to_vec());
            assert!(off < 1e-5, "{} at {time}: {off:e}", method.name());
        }
    }
}

#[test]
fn time_in_f32_does_not_drift() {
    // Numbers of f32 lie 6e-5 apart at 1000, and steps are a thousand times as long.
    let system = System::parse("dx = cos(6.283185307179586*t)").unwrap();
    let system = system.states([("x", 0.0)]).build().unwrap();
    for device in devices() {
        let solver = Solver::builder(&system).tolerance(1e-5).precision(Precision::F32);
        let solver = solver.save_every(0.25).device(device.device.clone()).build().unwrap();
        let solution = solver.solve(Batch::grid(), 1000.0..1100.0).unwrap();
        let states = solution.states();
        for (time, row) in solution.times().iter().zip(states.axis_iter(Axis(0))) {
            let off = (row[[0, 0]] - (TAU * time).sin() / TAU).abs();
            assert!(off < 3e-3, "off by {off:e} at {time} on {device}");
        }
    }
}

#[test]
fn no_step_is_longer_than_it_may_be() {
    // Nothing happens but for a twentieth of the time, which few points of a long step would see.
    let pulse = System::parse("dx = max(0, 1 - (4*(t - 5))^2)").unwrap();
    let pulse = pulse.states([("x", 0.0)]).build().unwrap();
    for device in devices() {
        for precision in PRECISIONS {
            for method in ["tsit5", "kvaerno3", "rodas3p"] {
                let what = format!("{method} in {precision} on {device}");
                let solver = Solver::builder(&pulse).method(method).tolerance(1e-5);
                let solver = solver.precision(precision).device(device.device.clone());
                let solve = |solver: SolverBuilder| {
                    solver.build().unwrap().solve(Batch::grid(), 0.0..10.0).unwrap()
                };
                let bounded = solve(solver.clone().max_step(0.125));
                let off = (end(&bounded)[0] - 1.0 / 3.0).abs();
                assert!(off < 1e-2, "{what}: off by {off:e}");
                assert!(bounded.steps().next().unwrap() >= 80, "{what}");
                if method == "tsit5" {
                    assert_eq!(end(&solve(solver)), [0.0], "{what}: nothing is seen without it");
                }
            }
        }
    }
}

#[test]
fn the_longest_steps_fill_a_span() {
    // All steps are the longest one, the last one, too, whatever rounding makes of their sum.
    let system = System::parse("dx = 1").unwrap().states([("x", 0.0)]).build().unwrap();
    for precision in PRECISIONS {
        for (end, count) in [(1.0, 10), (0.7, 7), (3.0, 100), (10.0, 3)] {
            let step = end / f64::from(count);
            let solver = Solver::builder(&system).tolerance(1e-4).precision(precision);
            let solver = solver.max_step(step).first_step(2.0 * step).device(host(8));
            let solution = solver.build().unwrap().solve(Batch::grid(), 0.0..end).unwrap();
            assert_eq!(solution.steps().next(), Some(count as u64), "{end} in {precision}");
        }
    }
}

/// The bits of every row of every run, and how many steps it took and tried.
fn bits(solution: &Solution) -> Vec<(Vec<u64>, u64, u64)> {
    let states = solution.states();
    let rows = states.axis_iter(Axis(2));
    let rows = rows.map(|run| run.iter().map(|value| value.to_bits()).collect());
    let counts = solution.steps().zip(solution.attempts());
    rows.zip(counts).map(|(rows, (steps, attempts))| (rows, steps, attempts)).collect()
}

fn sweep(solver: &SolverBuilder, device: &Device, rho: &[f64]) -> Vec<(Vec<u64>, u64, u64)> {
    let solver = solver.clone().save_every(0.25).device(device.clone()).build().unwrap();
    let batch = Batch::grid().parameter("rho", rho.iter().copied());
    bits(&solver.solve(&batch, 0.0..1.0).unwrap())
}

/// `count` different values of rho.
fn rho(count: usize) -> Vec<f64> {
    (0..count).map(|i| 21.0 * (i as f64 + 0.5) / count as f64).collect()
}

#[test]
fn a_run_does_not_depend_on_lanes() {
    for precision in PRECISIONS {
        for (method, lanes) in
            [("tsit5", [2, 16, 64].as_slice()), ("kvaerno3", &[4, 32]), ("rodas3p", &[2, 8])]
        {
            let solver = builder(&problems::lorenz(), method, 1e-4).precision(precision);
            let expected = sweep(&solver, &host(1), &rho(19));
            assert!(expected[0].2 != expected[18].2, "runs differ: {method}");
            for &lanes in lanes {
                let actual = sweep(&solver, &host(lanes), &rho(19));
                assert!(actual == expected, "{method} in {precision}, {lanes} lanes");
            }
        }
    }
}

#[test]
fn a_run_does_not_depend_on_the_batch_around_it() {
    let rho = rho(500);
    for precision in PRECISIONS {
        for (method, controller) in [("tsit5", "i"), ("rk23", "pi"), ("kvaerno3", "gustafsson")] {
            let solver = builder(&problems::lorenz(), method, 1e-4).precision(precision);
            let solver = solver.controller(controller);
            let what = format!("{method} by {controller} in {precision}");
            let all = sweep(&solver, &all_lanes(), &rho);
            for run in [0, 1, 250, 499] {
                let one = sweep(&solver, &all_lanes(), &rho[run..=run]);
                assert!(one[0] == all[run], "run {run} alone: {what}");
            }
            let mut order: Vec<usize> = (0..rho.len()).collect();
            SplitMix64::new(1).shuffle(&mut order);
            let shuffled: Vec<f64> = order.iter().map(|run| rho[*run]).collect();
            for (bits, run) in sweep(&solver, &all_lanes(), &shuffled).iter().zip(&order) {
                assert!(*bits == all[*run], "run {run} in another order: {what}");
            }
            for bytes in [1, 1000] {
                let chunked = sweep(&solver.clone().chunk_bytes(bytes), &all_lanes(), &rho);
                assert!(chunked == all, "{bytes} bytes: {what}");
            }
            let one_thread = HostDevice::new().unwrap().threads(NonZero::<usize>::MIN).unwrap();
            assert!(sweep(&solver, &one_thread.into(), &rho) == all, "one thread: {what}");
        }
    }
}

/// `dx = x^2 - 1` from several values: it falls to -1 from below 1, and has a pole from above.
fn falling(method: &str, precision: Precision) -> SolverBuilder {
    let system = System::parse("dx = x^2 - shift").unwrap().states([("x", 0.0)]);
    let system = system.parameters([("shift", 1.0)]).build().unwrap();
    Solver::builder(&system).method(method).precision(precision).tolerance(1e-4).save_every(0.5)
}

#[test]
fn runs_that_fail_change_no_other_and_keep_the_rows_before() {
    let good: Vec<f64> = (0..20).map(|i| 0.9 - 0.05 * f64::from(i)).collect();
    let bad = [f64::NAN, f64::INFINITY, 2.0, 1e30];
    let mixed: Vec<f64> =
        good.iter().enumerate().flat_map(|(i, x)| [bad[i % bad.len()], *x]).collect();
    for device in devices() {
        for precision in PRECISIONS {
            for method in adaptive() {
                let what = format!("{} in {precision} on {device}", method.name());
                let solver = falling(method.name(), precision).device(device.device.clone());
                let solver = solver.build().unwrap();
                let run = |initial: &[f64]| {
                    let batch = Batch::grid().state("x", initial.iter().copied());
                    solver.solve(batch, 0.0..5.0).unwrap()
                };
                let (alone, beside) = (run(&good), run(&mixed));
                assert!(alone.status().iter().all(|status| status.is_success()), "{what}");
                let (alone_bits, beside_bits) = (bits(&alone), bits(&beside));
                let rows = beside.states();
                for index in 0..good.len() {
                    assert!(alone_bits[index] == beside_bits[2 * index + 1], "{what}");
                    let (initial, status) = (mixed[2 * index], beside.status()[2 * index]);
                    assert!(!status.is_success(), "{what} from {initial}");
                    if !initial.is_finite() {
                        assert_eq!(status, Status::NON_FINITE, "{what} from {initial}");
                        assert_eq!(beside_bits[2 * index].2, 1, "{what} from {initial}");
                    }
                    assert!(beside_bits[2 * index].2 < 1500, "{what} from {initial}");
                    let row = |row: usize| rows[[row, 0, 2 * index]];
                    assert!((2..11).all(|index| row(index).is_nan()), "{what} from {initial}");
                    if initial == 2.0 {
                        // -coth(t - atanh(1/2)), with its pole at 0.549.
                        let exact = 1.0 / (0.5_f64.atanh() - 0.5).tanh();
                        assert!((row(1) / exact - 1.0).abs() < 0.05, "{what}: {}", row(1));
                    }
                }
            }
        }
    }
}

#[test]
fn where_the_solution_ends_its_run_ends() {
    for device in devices() {
        for precision in PRECISIONS {
            let solver = falling("tsit5", precision).device(device.device.clone());
            let batch = Batch::grid().state("x", [2.0]);
            let solution = solver.build().unwrap().solve(batch, 0.0..5.0).unwrap();
            let status = solution.status()[0];
            assert!(
                [Status::STEP_TOO_SMALL, Status::NON_FINITE].contains(&status),
                "{status:?} in {precision} on {device}"
            );
        }
        // The derivative is no number from t = 1.
        let system = System::parse("dx = sqrt(1 - t)").unwrap().states([("x", 0.0)]);
        let solver = Solver::builder(&system.build().unwrap()).tolerance(1e-6).save_every(0.75);
        let solver = solver.device(device.device.clone()).build().unwrap();
        let solution = solver.solve(Batch::grid(), 0.0..3.0).unwrap();
        let saved: Vec<bool> = solution.states().iter().map(|value| value.is_finite()).collect();
        assert_eq!(solution.status(), [Status::NON_FINITE], "on {device}");
        assert_eq!(saved, [true, true, false, false, false], "on {device}");
    }
}

#[test]
fn a_run_gives_up_after_as_many_steps_as_it_may_try() {
    let problem = problems::lorenz();
    for device in devices() {
        let solver = |steps| {
            let solver = builder(&problem, "tsit5", 1e-8).max_steps(steps);
            solve(solver, &problem, &device.device)
        };
        let needed = solver(100_000).attempts().next().unwrap();
        assert!(solver(needed as usize).status()[0].is_success(), "on {device}");
        let short = solver(needed as usize - 1);
        assert_eq!(short.status(), [Status::TOO_MANY_STEPS], "on {device}");
        assert_eq!(short.attempts().next(), Some(needed - 1), "on {device}");
        assert!(short.end_states().iter().all(|value| value.is_nan()), "on {device}");
    }
}
