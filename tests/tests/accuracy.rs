//! Final states, against the reference and against published values.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use buffer_tests::problems::{self, Problem};
use buffer_tests::reference::{METHODS, Tableau, difference};
use buffer_tests::solve::devices;
use integrators::device::Device;
use integrators::{Batch, Precision, Solution, Solver, System};
use ndarray::Axis;

/// How many steps each problem takes: enough for the steps of Euler's method to be stable.
const STEPS: usize = 500;

fn solve(
    problem: &Problem,
    tableau: &Tableau,
    precision: Precision,
    steps: usize,
    device: &Device,
) -> Solution {
    let solver = problem.solver(tableau.method, precision, steps).unwrap();
    let solver = solver.device(device.clone()).build().unwrap();
    solver.solve(Batch::grid(), problem.span.clone()).unwrap()
}

fn assert_near_reference(precision: Precision, tolerance: f64) {
    for problem in problems::all() {
        for tableau in METHODS {
            let expected = problem.integrate(&tableau, STEPS);
            for device in devices() {
                let solution = solve(&problem, &tableau, precision, STEPS, &device.device);
                assert_eq!(solution.steps().next(), Some(STEPS as u64), "{}", problem.name);
                let end = solution.end_states().column(0).to_vec();
                let off = difference(&expected, &end);
                assert!(
                    off <= tolerance,
                    "{} by {} on {device} is off by {off:e}",
                    problem.name,
                    tableau.method
                );
            }
        }
    }
}

#[test]
fn end_states_in_f64_are_those_of_the_reference() {
    assert_near_reference(Precision::F64, 1e-12);
}

#[test]
fn end_states_in_f32_are_those_of_the_reference_but_for_rounding() {
    assert_near_reference(Precision::F32, 1e-4);
}

#[test]
fn the_lorenz_system_reaches_its_published_state() {
    let published = [-6.4505791473, -8.8952114787, 14.6491458666];
    let problem = problems::lorenz();
    for tableau in METHODS.iter().filter(|tableau| tableau.order >= 4) {
        for device in devices() {
            let solution = solve(&problem, tableau, Precision::F64, 4000, &device.device);
            for (value, published) in solution.end_states().column(0).iter().zip(published) {
                let off = (value - published).abs();
                assert!(off <= 1e-9, "{} on {device} is off by {off:e}", tableau.method);
            }
        }
    }
}

#[test]
fn every_saved_row_is_the_state_at_its_time() {
    let problem = problems::driven_decay();
    for tableau in METHODS {
        for device in devices() {
            let solver = problem.solver(tableau.method, Precision::F64, 200).unwrap();
            let solver = solver.save_every(0.25).device(device.device.clone()).build().unwrap();
            let solution = solver.solve(Batch::grid(), problem.span.clone()).unwrap();
            assert_eq!(solution.times(), [0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]);
            assert_eq!(solution.states().index_axis(Axis(0), 0)[[0, 0]], 2.0);
            for (time, row) in solution.times().iter().zip(solution.states().axis_iter(Axis(0))) {
                let steps = (time / solution.step().unwrap()).round() as usize;
                let right_side = problem.right_side();
                let expected =
                    tableau.integrate(&right_side, 0.0..*time, steps, &problem.initial());
                let off = difference(&expected, &row.column(0).to_vec());
                assert!(off <= 1e-12, "{} at {time} on {device}: {off:e}", tableau.method);
            }
        }
    }
}

#[test]
fn time_in_f32_does_not_drift() {
    // A million steps of 1e-4 from 1000, where numbers of f32 lie 6e-5 apart: a time that is added
    // up there is wrong by a fifth of what has passed.
    let system = System::parse("dx = cos(6.283185307179586*t)").unwrap();
    let system = system.states([("x", 0.0)]).build().unwrap();
    for device in devices() {
        let solver = Solver::builder(&system).method("rk4").dt(1e-4).precision(Precision::F32);
        let solver = solver.save_every(0.25).device(device.device.clone()).build().unwrap();
        let solution = solver.solve(Batch::grid(), 1000.0..1100.0).unwrap();
        let states = solution.states();
        for (time, row) in solution.times().iter().zip(states.axis_iter(Axis(0))) {
            let expected = (TAU * time).sin() / TAU;
            let off = (row[[0, 0]] - expected).abs();
            assert!(off < 1e-3, "off by {off:e} at {time} on {device}");
        }
    }
}
