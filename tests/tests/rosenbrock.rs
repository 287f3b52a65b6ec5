//! Rosenbrock methods over both linear solvers: their order, their end states against a dense reference,
//! a stiff reaction, and pivots of which nothing is left.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::ops::Range;

use buffer_tests::placement::placements;
use buffer_tests::problems::{self, Problem};
use buffer_tests::reference::{convergence_order, difference};
use buffer_tests::rosenbrock::{Differentiated, Rosenbrock, methods, problems};
use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solver, SolverBuilder, Status, System};

/// Rounding does not reach so far: what is solved to it is solved to rounding.
const TIGHT: f64 = 1e-13;

const LINEAR_SOLVERS: [&str; 2] = ["lu", "minimal_residual"];

/// Spans to be solved one after another, each with its number of steps.
type Spans = Vec<(Range<f64>, usize)>;

/// The problem's span in equal steps.
fn whole(problem: &Problem, steps: usize) -> Spans {
    vec![(problem.span.clone(), steps)]
}

/// Short steps first, for what is fast and soon over.
fn with_transient() -> Spans {
    vec![(0.0..0.01, 1000), (0.01..40.0, 4000)]
}

fn builder(problem: &Problem, method: &str, linear_solver: &str) -> SolverBuilder {
    let solver = Solver::builder(&problem.system().unwrap()).method(method);
    let solver = solver.linear_solver(linear_solver);
    if linear_solver == "lu" { solver } else { solver.solver_tolerance(TIGHT) }
}

/// The state at the end of the last span.
fn end_state(
    problem: &Problem,
    spans: &Spans,
    solver: &SolverBuilder,
    device: &Device,
) -> Vec<f64> {
    let mut state = problem.initial();
    for (span, steps) in spans {
        let dt = (span.end - span.start) / *steps as f64;
        let solver = solver.clone().dt(dt).device(device.clone()).build().unwrap();
        let names = problem.states.iter().map(|(name, _)| name.clone());
        let batch =
            names.zip(&state).fold(Batch::grid(), |batch, (name, y)| batch.state(name, [*y]));
        let solution = solver.solve(batch, span.clone()).unwrap();
        assert_eq!(solution.steps().next(), Some(*steps as u64));
        let status = solution.status()[0];
        assert!(status.is_success(), "{}: {status:?}", problem.name);
        state = solution.end_states().column(0).to_vec();
    }
    state
}

/// The same by the reference.
fn expected(method: &Rosenbrock, problem: &Differentiated, spans: &Spans) -> Vec<f64> {
    spans.iter().fold(problem.problem.initial(), |state, (span, steps)| {
        method.integrate(problem, span.clone(), *steps, &state)
    })
}

#[test]
fn each_method_has_its_order() {
    let device = HostDevice::new().unwrap().into();
    let counts = [320, 640, 1280];
    // The Lorenz system, and one with the time and the state in a product.
    for problem in [problems::lorenz(), problems::seasonal_growth()] {
        let exact = problem.solution();
        for method in methods() {
            for linear_solver in LINEAR_SOLVERS {
                let errors = counts.map(|steps| {
                    let solver = builder(&problem, method.method, linear_solver);
                    difference(
                        &exact,
                        &end_state(&problem, &whole(&problem, steps), &solver, &device),
                    )
                });
                let order = convergence_order(&counts, &errors);
                let off = (order - method.order as f64).abs();
                let what = format!("{} over {linear_solver} of {}", method.method, problem.name);
                assert!(off <= 0.1, "{what}: {order}");
            }
        }
    }
}

#[test]
fn end_states_are_those_of_the_dense_reference_to_rounding() {
    // A GPU where there is one, else all lanes of the host.
    let device = devices().last().unwrap();
    for differentiated in problems() {
        let problem = &differentiated.problem;
        let stiff = problem.name == "robertson";
        let spans = if stiff { with_transient() } else { whole(problem, 200) };
        for method in methods() {
            let expected = expected(&method, &differentiated, &spans);
            // Residuals shrink too slowly where rates lie so far apart.
            for linear_solver in LINEAR_SOLVERS.iter().take(if stiff { 1 } else { 2 }) {
                let solver = builder(problem, method.method, linear_solver);
                let end = end_state(problem, &spans, &solver, &device.device);
                let off = difference(&expected, &end);
                let what = format!("{} by {} over {linear_solver}", problem.name, method.method);
                assert!(off <= 1e-11, "{what} on {device} is off by {off:e}");
            }
        }
    }
}

#[test]
fn a_stiff_reaction_reaches_its_published_state() {
    let published = [7.15827068719e-1, 9.185534764558e-6, 2.84163745746e-1];
    let problem = problems::robertson();
    for (precision, tolerances) in
        [(Precision::F64, [2e-6, 1e-10, 2e-6]), (Precision::F32, [2e-4, 1e-8, 2e-4])]
    {
        for method in methods() {
            for device in devices() {
                let solver = builder(&problem, method.method, "lu").precision(precision);
                let end = end_state(&problem, &with_transient(), &solver, &device.device);
                let what = format!("{} in {precision} on {device}", method.method);
                for ((value, published), tolerance) in end.iter().zip(published).zip(tolerances) {
                    let off = (value - published).abs();
                    assert!(off <= tolerance, "{what}: {value:e} is off by {off:e}");
                }
            }
        }
    }
}

/// The stages of the original lay on each other wherever they were shared: each placement must give the
/// state of the reference.
#[test]
fn no_placement_changes_what_the_reference_confirms() {
    let device = HostDevice::new().unwrap().into();
    let differentiated = problems().into_iter().find(|p| p.problem.name == "lorenz").unwrap();
    let problem = &differentiated.problem;
    for method in methods() {
        let spans = whole(problem, 40);
        let expected = expected(&method, &differentiated, &spans);
        for linear_solver in LINEAR_SOLVERS {
            let declared = builder(problem, method.method, linear_solver);
            let end = end_state(problem, &spans, &declared, &device);
            assert!(difference(&expected, &end) <= 1e-11, "{}: {end:?}", method.method);
            for placement in placements(&declared.factory().unwrap()).unwrap() {
                let places = placement.places.iter();
                let placed = places
                    .fold(declared.clone(), |solver, (path, place)| solver.location(path, *place));
                let placed = end_state(problem, &spans, &placed, &device);
                let what = format!("{} over {linear_solver}", method.method);
                assert_eq!(placed, end, "{what}: {}", placement.name);
            }
        }
    }
}

#[test]
fn a_pivot_that_cancels_ends_its_run_and_no_other() {
    // The implicit midpoint rule solves with I - dt/2 * J. With dt = 0.5, growth at the rate 4 leaves
    // nothing of it; two states that feed each other do so once the first is eliminated.
    let one = "dx = rate*x; dy = -y";
    let two = "dx = rate*y; dy = rate*x";
    for equations in [one, two] {
        let system = System::parse(equations).unwrap().states([("x", 1.0), ("y", 0.5)]);
        let system = system.parameters([("rate", 1.0)]).build().unwrap();
        // The last one is so near that what is left is rounding.
        let rates = [1.0, 4.0, 0.5, 4.0 * (1.0 + f64::EPSILON), -4.1];
        for device in devices() {
            let solver = Solver::builder(&system).method("implicit_midpoint").dt(0.5);
            let solver = solver.linear_solver("lu").device(device.device.clone()).build().unwrap();
            let run = |rates: &[f64]| {
                let batch = Batch::grid().parameter("rate", rates.iter().copied());
                solver.solve(batch, 0.0..2.0).unwrap()
            };
            let all = run(&rates);
            for (index, rate) in rates.iter().enumerate() {
                let what = format!("{equations} at {rate} on {device}");
                let end = all.end_states().column(index).to_vec();
                if (rate - 4.0).abs() < 1e-9 {
                    assert_eq!(all.status()[index], Status::SINGULAR, "{what}");
                    assert!(end.iter().all(|value| value.is_nan()), "{what}: {end:?}");
                } else {
                    assert!(all.status()[index].is_success(), "{what}: {:?}", all.status()[index]);
                    assert_eq!(end, run(&[*rate]).end_states().column(0).to_vec(), "{what}");
                }
            }
        }
    }
}

/// What adaptive solves of Robertson's reactions are held to: the states at some times, to many digits, by
/// Mazzia and Magherini (2008) and by solvers of high order.
const ROBERTSON: [(f64, [f64; 3]); 3] = [
    (0.4, [9.851721138609898e-1, 3.386395378974904e-5, 1.479402218522038e-2]),
    (40.0, [7.158270687190505e-1, 9.185534764557764e-6, 2.841637457458304e-1]),
    (4e4, [3.898337708548285e-2, 1.621768315909682e-7, 9.610164607376856e-1]),
];

#[test]
fn steps_by_tolerance_reach_the_published_states() {
    let problem = problems::robertson();
    // Relative errors after tolerated ones add up, and a method of order 2 has more of them.
    for (method, worst) in
        [("rodas3p", 2e-5), ("ros3p", 2e-5), ("rosenbrock23", 2e-4), ("kvaerno3", 2e-5)]
    {
        for (end, published) in ROBERTSON {
            for device in devices() {
                let solver = Solver::builder(&problem.system().unwrap()).method(method);
                let solver = solver.rtol(1e-6).atol(1e-10).linear_solver("lu");
                let solver = solver.device(device.device.clone()).build().unwrap();
                let solution = solver.solve(Batch::grid(), 0.0..end).unwrap();
                let what = format!("{method} to {end} on {device}");
                assert!(solution.status()[0].is_success(), "{what}: {:?}", solution.status()[0]);
                let states = solution.end_states();
                for (value, published) in states.column(0).iter().zip(published) {
                    let off = (value / published - 1.0).abs();
                    assert!(off <= worst, "{what}: {value:e} is off by {off:e} of itself");
                }
            }
        }
    }
}

#[test]
fn errors_fall_with_the_tolerance() {
    let device = HostDevice::new().unwrap();
    for problem in [problems::lorenz(), problems::seasonal_growth(), problems::chain()] {
        let exact = problem.solution();
        for method in methods() {
            for linear_solver in LINEAR_SOLVERS {
                let errors = [1e-4, 1e-6, 1e-8].map(|tolerance| {
                    let solver = Solver::builder(&problem.system().unwrap()).method(method.method);
                    let solver = solver.linear_solver(linear_solver).tolerance(tolerance);
                    let solver = solver.device(device.clone()).build().unwrap();
                    let solution = solver.solve(Batch::grid(), problem.span.clone()).unwrap();
                    let error = difference(&exact, &solution.end_states().column(0).to_vec());
                    let what = format!("{} of {}", method.method, problem.name);
                    // The estimate of the method of order 2 is of order 3. The Lorenz system magnifies
                    // errors.
                    let power = if method.order == 2 { 2.0 / 3.0 } else { 1.0 };
                    let most = 100.0 * f64::powf(tolerance, power);
                    assert!(error <= most, "{what} at {tolerance}: {error:e}");
                    error
                });
                assert!(errors[2] < errors[1] && errors[1] < errors[0], "{errors:?}");
            }
        }
    }
}
