//! Implicit methods: their order, their end states against a dense reference, stiff systems, and what
//! happens where a stage cannot be solved.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::ops::Range;

use buffer_tests::implicit::{ImplicitTableau, methods};
use buffer_tests::placement::placements;
use buffer_tests::problems::{self, Problem};
use buffer_tests::reference::{convergence_order, difference};
use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solution, Solver, SolverBuilder, Status, System};
use ndarray::Axis;

/// Rounding does not reach so far: what is solved to it is solved to rounding.
const TIGHT: f64 = 1e-13;

const LINEAR_SOLVERS: [&str; 2] = ["lu", "minimal_residual"];

fn end_state(
    problem: &Problem,
    method: &str,
    linear_solver: &str,
    steps: usize,
    device: &Device,
) -> Vec<f64> {
    let solver = problem.solver(method, Precision::F64, steps).unwrap();
    let solver = solver.linear_solver(linear_solver).solver_tolerance(TIGHT);
    let solver = solver.device(device.clone()).build().unwrap();
    let solution = solver.solve(Batch::grid(), problem.span.clone()).unwrap();
    assert!(solution.status()[0].is_success(), "{method} of {}", problem.name);
    solution.end_states().column(0).to_vec()
}

fn host(lanes: usize) -> Device {
    HostDevice::new().unwrap().lanes(lanes).unwrap().into()
}

#[test]
fn each_method_has_its_order() {
    let device = HostDevice::new().unwrap().into();
    for (problem, counts) in problems::smooth() {
        let exact = problem.solution();
        for tableau in methods() {
            // Errors of order 5 are soon those of rounding, so they are looked at from further off.
            let (counts, closeness) = if tableau.order < 5 {
                (counts, 0.1)
            } else {
                (counts.map(|count| count / 2), 0.2)
            };
            let errors = counts.map(|steps| {
                difference(&exact, &end_state(&problem, tableau.method, "lu", steps, &device))
            });
            let order = convergence_order(&counts, &errors);
            let off = (order - tableau.order as f64).abs();
            assert!(off <= closeness, "{} of {}: {order}", tableau.method, problem.name);
        }
    }
}

#[test]
fn end_states_are_those_of_dense_newton_to_rounding() {
    const STEPS: usize = 200;
    // A GPU where there is one, else all lanes of the host.
    let device = devices().last().unwrap();
    for problem in [problems::lorenz(), problems::driven_decay(), problems::chain()] {
        let right_side = problem.right_side();
        for tableau in methods() {
            let span = problem.span.clone();
            let expected = tableau.integrate(&right_side, span, STEPS, &problem.initial());
            for linear_solver in LINEAR_SOLVERS {
                let end = end_state(&problem, tableau.method, linear_solver, STEPS, &device.device);
                let off = difference(&expected, &end);
                let what = format!("{} by {} over {linear_solver}", problem.name, tableau.method);
                assert!(off <= 1e-11, "{what} on {device} is off by {off:e}");
            }
        }
    }
}

#[test]
fn a_stiff_reaction_is_that_of_dense_newton_to_rounding() {
    // Short steps first, for what is fast and soon over.
    const SPANS: [(Range<f64>, usize); 2] = [(0.0..0.01, 1000), (0.01..40.0, 4000)];
    let problem = problems::robertson();
    let right_side = problem.right_side();
    let device = devices().last().unwrap();
    for tableau in methods() {
        if !["kvaerno3", "l_stable_sdirk_4"].contains(&tableau.method) {
            continue;
        }
        let mut expected = problem.initial();
        let mut found = expected.clone();
        for (span, steps) in SPANS {
            expected = tableau.integrate(&right_side, span.clone(), steps, &expected);
            let dt = (span.end - span.start) / steps as f64;
            let solver = Solver::builder(&robertson()).method(tableau.method).dt(dt);
            let solver = solver.solver_tolerance(TIGHT).device(device.device.clone());
            let names = problem.states.iter().map(|(name, _)| name.clone());
            let batch =
                names.zip(&found).fold(Batch::grid(), |batch, (name, y)| batch.state(name, [*y]));
            let solution = solver.build().unwrap().solve(batch, span).unwrap();
            assert!(solution.status()[0].is_success(), "{}", tableau.method);
            found = solution.end_states().column(0).to_vec();
        }
        let off = difference(&expected, &found);
        assert!(off <= 1e-11, "{} on {device} is off by {off:e}", tableau.method);
    }
}

#[test]
fn a_state_far_below_the_solvers_tolerance_moves_all_the_same() {
    let decay = System::parse("dx = -x").unwrap().states([("x", 1e-12)]).build().unwrap();
    for method in ["kvaerno3", "rodas3p"] {
        for linear_solver in LINEAR_SOLVERS {
            let solver = Solver::builder(&decay).method(method).linear_solver(linear_solver);
            let solver = solver.dt(0.01).device(host(8)).build().unwrap();
            let solution = solver.solve(Batch::grid(), 0.0..1.0).unwrap();
            let off = (solution.end_states()[[0, 0]] * 1e12 / (-1.0_f64).exp() - 1.0).abs();
            assert!(off < 1e-6, "{method} over {linear_solver} is off by {off:e}");
        }
    }
}

fn robertson() -> System {
    problems::robertson().system().unwrap()
}

/// A method with its linear solver; one of them with each.
fn over_linear_solvers(tableau: ImplicitTableau) -> Vec<(ImplicitTableau, &'static str)> {
    let solvers = if tableau.method == "kvaerno3" { 2 } else { 1 };
    let solvers = LINEAR_SOLVERS.into_iter().take(solvers);
    solvers.map(|linear_solver| (tableau.clone(), linear_solver)).collect()
}

#[test]
fn a_stiff_reaction_reaches_its_published_state() {
    let published = [7.15827068719e-1, 9.185534764558e-6, 2.84163745746e-1];
    for (precision, tolerances) in
        [(Precision::F64, [2e-6, 1e-10, 2e-6]), (Precision::F32, [2e-4, 1e-8, 2e-4])]
    {
        // In steps of this length, Newton's method does not find the first stages of kvaerno5.
        let tableaus = methods().into_iter().filter(|tableau| tableau.method != "kvaerno5");
        for (tableau, linear_solver) in tableaus.flat_map(over_linear_solvers) {
            for device in devices() {
                let solver = Solver::builder(&robertson()).method(tableau.method).dt(0.01);
                let solver = solver.linear_solver(linear_solver).precision(precision);
                let solver = solver.device(device.device.clone()).build().unwrap();
                let solution = solver.solve(Batch::grid(), 0.0..40.0).unwrap();
                let what =
                    format!("{} over {linear_solver} in {precision} on {device}", tableau.method);
                let ends = solution.end_states();
                for ((value, published), tolerance) in
                    ends.column(0).iter().zip(published).zip(tolerances)
                {
                    let off = (value - published).abs();
                    assert!(off <= tolerance, "{what}: {value:e} is off by {off:e}");
                }
            }
        }
    }
}

#[test]
fn every_function_of_the_language_may_stand_in_a_stiff_equation() {
    // Where a derivative were wrong, corrections would shrink by little or not at all.
    let terms = [
        "sqrt(x + 1)",
        "exp(-x)",
        "log(x + 2)",
        "sin(x)",
        "cos(x)",
        "tan(x/4)",
        "tanh(x)",
        "abs(x)",
        "min(x, 2*x - 1)",
        "max(x, x^2)",
        "pow(x + 1, 1.5)",
        "(x + 1)^(x/4)",
        "2^x",
        "1/(x + 2)",
        "x^3",
    ];
    let equations: String =
        terms.iter().enumerate().map(|(i, term)| format!("r{i} = {term}\n")).collect();
    let sum: Vec<String> = (0..terms.len()).map(|i| format!("r{i}*r{i}")).collect();
    let system = System::parse(&format!("{equations}dx = -50*x - 3*({})/15 + 60", sum.join(" + ")));
    let system = system.unwrap().states([("x", 0.3)]).build().unwrap();
    for device in devices() {
        let solve = |solver: SolverBuilder| {
            let solver = solver.dt(1e-3).device(device.device.clone()).build().unwrap();
            solver.solve(Batch::grid(), 0.0..1.0).unwrap().end_states()[[0, 0]]
        };
        let solver = |method| Solver::builder(&system).method(method);
        let implicit = solve(solver("l_stable_sdirk_4").solver_tolerance(TIGHT));
        let off = (implicit - solve(solver("tsit5"))).abs();
        assert!(off < 1e-9, "off by {off:e} on {device}");
    }
}

/// The bits of every row of every run.
fn bits(solution: &Solution) -> Vec<Vec<u64>> {
    let states = solution.states();
    let runs = states.axis_iter(Axis(2));
    runs.map(|run| run.iter().map(|value| value.to_bits()).collect()).collect()
}

/// Some runs whose stages take different numbers of corrections.
fn solve(solver: &SolverBuilder, device: &Device) -> Vec<Vec<u64>> {
    let solver = solver.clone().save_every(0.25).device(device.clone()).build().unwrap();
    let rho = (0..19).map(|run| f64::from(run) + 0.5);
    bits(&solver.solve(Batch::grid().parameter("rho", rho), 0.0..1.0).unwrap())
}

#[test]
fn results_do_not_depend_on_placement() {
    for (precision, lanes) in [(Precision::F32, 16), (Precision::F64, 1)] {
        for linear_solver in LINEAR_SOLVERS {
            let declared = problems::lorenz().solver("kvaerno3", precision, 40).unwrap();
            let declared = declared.linear_solver(linear_solver);
            let expected = solve(&declared, &host(lanes));
            for placement in placements(&declared.factory().unwrap()).unwrap() {
                let what = format!("{precision} over {linear_solver}: {}", placement.name);
                assert!(solve(&placement.apply(&declared), &host(lanes)) == expected, "{what}");
            }
        }
    }
}

#[test]
fn results_depend_neither_on_lanes_nor_on_the_runs_beside() {
    for precision in [Precision::F32, Precision::F64] {
        for method in ["l_stable_sdirk_4", "rodas3p"] {
            for linear_solver in LINEAR_SOLVERS {
                let solver = problems::lorenz().solver(method, precision, 40).unwrap();
                let solver = solver.linear_solver(linear_solver);
                let expected = solve(&solver, &host(1));
                assert!(expected[0] != expected[1], "runs differ");
                for lanes in [2, 8, 16] {
                    let what =
                        format!("{method} over {linear_solver}, {lanes} lanes of {precision}");
                    assert!(solve(&solver, &host(lanes)) == expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_stage_that_cannot_be_solved_ends_its_run_and_no_other() {
    // From above 1 the solution has a pole, and near it the equations of a stage have no solution.
    let system = System::parse("dx = x^2 - shift").unwrap().states([("x", 0.0)]);
    let system = system.parameters([("shift", 1.0)]).build().unwrap();
    let good: Vec<f64> = (0..20).map(|i| 0.9 - 0.05 * f64::from(i)).collect();
    let bad = [f64::NAN, f64::INFINITY, 3.0, 1e30];
    let mixed: Vec<f64> =
        good.iter().enumerate().flat_map(|(i, x)| [bad[i % bad.len()], *x]).collect();
    for device in devices() {
        for precision in [Precision::F32, Precision::F64] {
            for (tableau, linear_solver) in methods().into_iter().flat_map(over_linear_solvers) {
                let what =
                    format!("{} over {linear_solver} in {precision} on {device}", tableau.method);
                let solver = Solver::builder(&system).method(tableau.method).precision(precision);
                let solver = solver.linear_solver(linear_solver);
                let solver = solver.dt(0.25).save_every(0.5).device(device.device.clone());
                let solver = solver.build().unwrap();
                let run = |initial: &[f64]| {
                    let batch = Batch::grid().state("x", initial.iter().copied());
                    solver.solve(batch, 0.0..5.0).unwrap()
                };
                let (alone, beside) = (run(&good), run(&mixed));
                assert!(alone.status().iter().all(|status| status.is_success()), "{what}");
                let (alone_bits, beside_bits) = (bits(&alone), bits(&beside));
                for index in 0..good.len() {
                    assert_eq!(alone_bits[index], beside_bits[2 * index + 1], "{what}");
                    let status = beside.status()[2 * index];
                    let initial = mixed[2 * index];
                    assert!(!status.is_success(), "{what} from {initial}");
                    assert!(
                        initial.is_finite() || status == Status::NON_FINITE,
                        "{what}: {status:?}"
                    );
                    let rows = beside.states();
                    let end = rows[[rows.dim().0 - 1, 0, 2 * index]];
                    assert!(end.is_nan(), "{what} from {initial}: {end}");
                }
            }
        }
    }
}
