//! What equations mean: every operator and function, as kernels compute them.
//!
//! From a value of 0, one step of Euler's method over a span of 1 ends at the derivative.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::{Batch, Precision, Solver, System};
use ndarray::Array2;

/// Arguments of both signs, exact in every precision, so mixed that neighbouring lanes differ.
const ARGUMENTS: [f64; 12] =
    [0.5, -2.25, 3.0, -0.125, 40.0, 1.0, -1.0, 0.0, -7.5, 0.015625, 12.75, 1e5];

const PRECISIONS: [(Precision, f64); 2] =
    [(Precision::F32, f32::EPSILON as f64), (Precision::F64, f64::EPSILON)];

/// An expression of `u` and the constant `two`, the units in the last place that it may be off, and
/// what it is.
type Case = (&'static str, f64, fn(f64) -> f64);

/// The values of expressions, of shape (expressions, arguments).
fn evaluate(device: &Device, precision: Precision, expressions: &[&str], u: &[f64]) -> Array2<f64> {
    let equations = expressions.iter().enumerate().map(|(i, text)| format!("dv{i} = {text}\n"));
    let system = System::parse(&equations.collect::<String>())
        .unwrap()
        .states((0..expressions.len()).map(|i| (format!("v{i}"), 0.0)))
        .constants([("two", 2.0)])
        .parameters([("u", 0.0)])
        .build()
        .unwrap();
    let solver = Solver::builder(&system).method("euler").dt(1.0).precision(precision);
    let solver = solver.device(device.clone()).build().unwrap();
    let batch = Batch::grid().parameter("u", u.iter().copied());
    let solution = solver.solve(&batch, 0.0..1.0).unwrap();
    solution.end_states().into_owned()
}

fn assert_values(cases: &[Case]) {
    let expressions: Vec<&str> = cases.iter().map(|(expression, ..)| *expression).collect();
    for device in devices() {
        for (precision, epsilon) in PRECISIONS {
            let values = evaluate(&device.device, precision, &expressions, &ARGUMENTS);
            for ((expression, units, function), values) in cases.iter().zip(values.rows()) {
                for (u, value) in ARGUMENTS.iter().zip(values) {
                    let expected = function(*u);
                    let what = format!("{expression} at u = {u} in {precision} on {device}");
                    let tolerance = units * epsilon * expected.abs();
                    let off = (value - expected).abs();
                    assert!(off <= tolerance, "{what}: {value:e}, not {expected:e}");
                }
            }
        }
    }
}

#[test]
fn arithmetic_has_the_usual_precedence() {
    assert_values(&[
        ("u + 2*3 - 4/8", 2.0, |u| u + 5.5),
        ("u - 1 - 2", 2.0, |u| u - 3.0),
        ("8/(2 + u*u)/2", 4.0, |u| 8.0 / (2.0 + u * u) / 2.0),
        ("-u^2", 2.0, |u| -(u * u)),
        ("(-u)^2", 2.0, |u| u * u),
        ("u - -u", 2.0, |u| 2.0 * u),
        ("2*-u", 2.0, |u| -2.0 * u),
        ("u*(4 + (2 - u))", 4.0, |u| u * (6.0 - u)),
        ("1e-1*u + .5 + 2.5E+0", 4.0, |u| 0.1 * u + 3.0),
    ]);
}

#[test]
fn powers_associate_to_the_right_and_whole_ones_are_products() {
    assert_values(&[
        ("two^3^2 + 0*u", 1.0, |_| 512.0),
        ("u**3", 4.0, |u| u * u * u),
        ("(u + 8)^-1", 2.0, |u| 1.0 / (u + 8.0)),
        ("u^0", 0.0, |_| 1.0),
        ("u^1", 0.0, |u| u),
        ("u^7", 8.0, |u| u.powi(7)),
        ("(u*u)^0.5", 4.0, f64::abs),
        ("2^-u", 4.0, |u| (-u).exp2()),
        // No whole power to the compiler, but one to the function.
        ("u^(two + 0*u)", 4.0, |u| u * u),
        ("pow(u, 3 + 0*u)", 4.0, |u| u * u * u),
    ]);
}

#[test]
fn functions_are_those_of_the_c_library() {
    assert_values(&[
        ("sqrt(abs(u))", 1.0, |u| u.abs().sqrt()),
        ("exp(-abs(u))", 4.0, |u| (-u.abs()).exp()),
        ("log(u + 8)", 4.0, |u| (u + 8.0).ln()),
        ("sin(u)", 4.0, f64::sin),
        ("cos(u)", 4.0, f64::cos),
        ("tan(u)", 8.0, f64::tan),
        ("tanh(u)", 4.0, f64::tanh),
        ("abs(u)", 0.0, f64::abs),
        ("min(u, 1)", 0.0, |u| u.min(1.0)),
        ("max(u, -two)", 0.0, |u| u.max(-2.0)),
        ("pow(abs(u), 1.5)", 4.0, |u| u.abs().powf(1.5)),
    ]);
}

#[test]
fn what_has_no_value_is_not_a_number_in_its_own_lane_only() {
    let cases: [Case; 4] = [
        ("sqrt(u)", 1.0, f64::sqrt),
        ("log(u)", 4.0, f64::ln),
        ("1/u", 1.0, f64::recip),
        ("pow(u, 0.5)", 4.0, |u| u.powf(0.5)),
    ];
    for device in devices() {
        for (precision, _) in PRECISIONS {
            for (expression, _, function) in cases {
                let values = evaluate(&device.device, precision, &[expression], &ARGUMENTS);
                for (u, value) in ARGUMENTS.iter().zip(&values) {
                    let what = format!("{expression} at u = {u} in {precision} on {device}");
                    assert_eq!(value.is_finite(), function(*u).is_finite(), "{what}: {value}");
                }
            }
        }
    }
}

#[test]
fn auxiliaries_may_stand_in_any_order_and_comments_are_skipped() {
    let equations = "# the derivative comes first\n\
                     dx = c - b   # of what follows\n\
                     c = b*b; b = 2*a\n\
                     \n\
                     a = u + 1";
    let system = System::parse(equations).unwrap().states([("x", 0.0)]).parameters([("u", 0.0)]);
    let system = system.build().unwrap();
    for device in devices() {
        let solver = Solver::builder(&system).method("euler").dt(1.0);
        let solver = solver.device(device.device.clone()).build().unwrap();
        let batch = Batch::grid().parameter("u", [0.0, 1.0, 2.5]);
        let solution = solver.solve(&batch, 0.0..1.0).unwrap();
        assert_eq!(solution.end_states().row(0).to_vec(), [2.0, 12.0, 42.0], "{device}");
    }
}

#[test]
fn names_are_free_of_those_that_kernels_use() {
    let system = System::parse("dstate = real*int_ - run\ndrun = state\nmask = 2\nreal = mask + m")
        .unwrap()
        .states([("state", 1.0), ("run", 3.0)])
        .constants([("int_", 4.0)])
        .parameters([("m", 0.5)])
        .build()
        .unwrap();
    for device in devices() {
        let solver = Solver::builder(&system).method("euler").dt(1.0).precision(Precision::F64);
        let solver = solver.device(device.device.clone()).build().unwrap();
        let solution = solver.solve(Batch::grid(), 0.0..1.0).unwrap();
        assert_eq!(solution.end_states().column(0).to_vec(), [8.0, 4.0], "{device}");
    }
}

#[test]
fn time_is_the_time_of_the_stage() {
    let system = System::parse("dx = t").unwrap().states([("x", 0.0)]).build().unwrap();
    for device in devices() {
        let solver = Solver::builder(&system).method("rk4").dt(0.25).precision(Precision::F64);
        let solver = solver.device(device.device.clone()).build().unwrap();
        let solution = solver.solve(Batch::grid(), 2.0..5.0).unwrap();
        let end = solution.end_states()[[0, 0]];
        assert!((end - 10.5).abs() < 1e-13, "{end} on {device}");
    }
}
