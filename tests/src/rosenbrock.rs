//! Rosenbrock methods as their authors wrote them down, in plain `f64`, and problems with derivatives
//! made by hand.
//!
//! Each method has its own form, none that of the kernels; every matrix is dense and eliminated with
//! pivots.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test that asked for it")]

use std::ops::Range;

use crate::implicit::eliminate;
use crate::problems::{self, Problem};
use crate::reference::{advance, integrate};

/// A problem with its derivatives by state and by time.
pub struct Differentiated {
    /// The problem.
    pub problem: Problem,
    jacobian: fn(f64, &[f64]) -> Vec<Vec<f64>>,
    by_time: fn(f64, &[f64]) -> Vec<f64>,
}

/// A step of a method: from a problem, a time, a step, and a state.
type Step = fn(&Differentiated, f64, f64, &[f64]) -> Vec<f64>;

/// A Rosenbrock method.
pub struct Rosenbrock {
    /// The method's name, as a solver takes it.
    pub method: &'static str,
    /// The order of convergence.
    pub order: usize,
    step: Step,
}

/// The methods.
pub fn methods() -> [Rosenbrock; 3] {
    [
        Rosenbrock { method: "ros3p", order: 3, step: ros3p },
        Rosenbrock { method: "rodas3p", order: 3, step: rodas3p },
        Rosenbrock { method: "rosenbrock23", order: 2, step: rosenbrock23 },
    ]
}

impl Rosenbrock {
    /// The state at the end of `span`, after equal steps.
    pub fn integrate(
        &self,
        problem: &Differentiated,
        span: Range<f64>,
        steps: usize,
        initial: &[f64],
    ) -> Vec<f64> {
        integrate(span, steps, initial, |t, h, state| (self.step)(problem, t, h, state))
    }
}

/// The problems: of one state and of several, with the time and without, stiff and not.
pub fn problems() -> [Differentiated; 6] {
    let no_time = |_: f64, y: &[f64]| vec![0.0; y.len()];
    [
        Differentiated {
            problem: problems::lorenz(),
            jacobian: |_, y| {
                vec![
                    vec![-10.0, 10.0, 0.0],
                    vec![21.0 - y[2], -1.0, -y[0]],
                    vec![y[1], y[0], -8.0 / 3.0],
                ]
            },
            by_time: no_time,
        },
        Differentiated {
            problem: problems::harmonic_oscillator(),
            jacobian: |_, _| vec![vec![0.0, 1.0], vec![-4.0, 0.0]],
            by_time: no_time,
        },
        Differentiated {
            problem: problems::driven_decay(),
            jacobian: |_, _| vec![vec![-0.5]],
            by_time: |t, _| vec![-5.0 * (5.0 * t).sin()],
        },
        Differentiated {
            problem: problems::seasonal_growth(),
            jacobian: |t, y| vec![vec![2.0 * (1.0 - 2.0 * y[0] / (2.0 + (3.0 * t).sin()))]],
            by_time: |t, y| {
                let capacity = 2.0 + (3.0 * t).sin();
                vec![2.0 * y[0] * y[0] * 3.0 * (3.0 * t).cos() / (capacity * capacity)]
            },
        },
        Differentiated {
            problem: problems::robertson(),
            jacobian: |_, y| {
                vec![
                    vec![-0.04, 1e4 * y[2], 1e4 * y[1]],
                    vec![0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
                    vec![0.0, 6e7 * y[1], 0.0],
                ]
            },
            by_time: no_time,
        },
        Differentiated {
            problem: problems::chain(),
            jacobian: |_, y| {
                let n = y.len();
                let mut rows = vec![vec![0.0; n]; n];
                for i in 0..n {
                    let exchange = 2.0 / (1.0 + i as f64);
                    rows[i][(i + n - 1) % n] = exchange;
                    rows[i][i] = -exchange - 3.0 * i as f64 / n as f64 * y[i] * y[i];
                }
                rows
            },
            by_time: no_time,
        },
    ]
}

impl Differentiated {
    fn slope(&self, t: f64, y: &[f64]) -> Vec<f64> {
        let mut slope = vec![0.0; y.len()];
        self.problem.right_side()(t, y, &mut slope);
        slope
    }

    /// Solves (diagonal * I - factor * J) x = b, J being that at `t` and `y`.
    fn solve(&self, t: f64, y: &[f64], diagonal: f64, factor: f64, b: &[f64]) -> Vec<f64> {
        let mut rows = (self.jacobian)(t, y);
        for (i, row) in rows.iter_mut().enumerate() {
            for value in row.iter_mut() {
                *value *= -factor;
            }
            row[i] += diagonal;
            row.push(b[i]);
        }
        eliminate(rows)
    }
}

/// A sum of vectors with weights.
fn sum(terms: &[(f64, &[f64])]) -> Vec<f64> {
    let n = terms[0].1.len();
    (0..n).map(|i| terms.iter().map(|(weight, vector)| weight * vector[i]).sum()).collect()
}

/// Lang and Verwer (2001), equations 2.1 and 2.2 with the coefficients of table 1: products with the
/// Jacobian stand in the stages.
fn ros3p(problem: &Differentiated, t: f64, h: f64, y: &[f64]) -> Vec<f64> {
    // (I - h gamma J) k_i = f(t + alpha_i h, y + h sum alpha_ij k_j) + h J sum gamma_ij k_j
    //                       + h gamma_i df/dt
    let gamma = 0.5 + 3.0_f64.sqrt() / 6.0;
    let alpha: [&[f64]; 3] = [&[], &[1.0], &[1.0, 0.0]];
    let below: [&[f64]; 3] = [&[], &[-1.0], &[-gamma, 0.5 - 2.0 * gamma]];
    let stages = classical(problem, t, h, y, gamma, &alpha, &below);
    advance(y, h, &[2.0 / 3.0, 0.0, 1.0 / 3.0], &stages)
}

/// The stages of a method in classical form, from the rows of its alpha and gamma below the diagonal.
fn classical(
    problem: &Differentiated,
    t: f64,
    h: f64,
    y: &[f64],
    gamma: f64,
    alpha: &[&[f64]],
    below: &[&[f64]],
) -> Vec<Vec<f64>> {
    let (jacobian, by_time) = ((problem.jacobian)(t, y), (problem.by_time)(t, y));
    let zero = vec![0.0; y.len()];
    let mut stages: Vec<Vec<f64>> = Vec::new();
    for (alpha, below) in alpha.iter().zip(below) {
        let time = t + h * alpha.iter().sum::<f64>();
        let slope = problem.slope(time, &advance(y, h, alpha, &stages));
        let coupled = advance(&zero, h, below, &stages);
        let product: Vec<f64> = jacobian
            .iter()
            .map(|row| row.iter().zip(&coupled).map(|(entry, value)| entry * value).sum())
            .collect();
        let time_weight = h * (gamma + below.iter().sum::<f64>());
        let right = sum(&[(1.0, &slope), (1.0, &product), (time_weight, &by_time)]);
        stages.push(problem.solve(t, y, 1.0, h * gamma, &right));
    }
    stages
}

/// In the form with the inverse of the step on the diagonal, whose matrix is I / (gamma h) - J.
fn rodas3p(problem: &Differentiated, t: f64, h: f64, y: &[f64]) -> Vec<f64> {
    let gamma = 1.0 / 3.0;
    let by_time = (problem.by_time)(t, y);
    let solve = |slope: &[f64], coupled: &[(f64, &[f64])], time_weight: f64| {
        let mut terms = vec![(1.0, slope), (h * time_weight, by_time.as_slice())];
        terms.extend(coupled.iter().map(|(weight, stage)| (weight / h, *stage)));
        problem.solve(t, y, 1.0 / (gamma * h), 1.0, &sum(&terms))
    };
    let first = problem.slope(t, y);
    let k1 = solve(&first, &[], 1.0 / 3.0);
    let second = problem.slope(t + h * 4.0 / 9.0, &sum(&[(1.0, y), (4.0 / 3.0, &k1)]));
    let k2 = solve(&second, &[(-4.0, &k1)], -1.0 / 9.0);
    let k3 = solve(&first, &[(8.25, &k1), (6.75, &k2)], 1.0);
    let stage = sum(&[(1.0, y), (2.90625, &k1), (3.375, &k2), (0.40625, &k3)]);
    let last = problem.slope(t + h, &stage);
    let k4 = solve(&last, &[(1.21875, &k1), (-5.0625, &k2), (-1.96875, &k3)], 0.0);
    let k5 = solve(&last, &[(4.03125, &k1), (-15.1875, &k2), (-4.03125, &k3), (6.0, &k4)], 0.0);
    sum(&[(1.0, &stage), (1.0, &k5)])
}

/// Shampine and Reichelt (1997), section 2.
fn rosenbrock23(problem: &Differentiated, t: f64, h: f64, y: &[f64]) -> Vec<f64> {
    let d = 1.0 / (2.0 + 2.0_f64.sqrt());
    let by_time = (problem.by_time)(t, y);
    let solve = |b: &[f64]| problem.solve(t, y, 1.0, h * d, b);
    let k1 = solve(&sum(&[(1.0, &problem.slope(t, y)), (h * d, &by_time)]));
    let middle = problem.slope(t + 0.5 * h, &sum(&[(1.0, y), (0.5 * h, &k1)]));
    let change = solve(&sum(&[(1.0, &middle), (-1.0, &k1)]));
    sum(&[(1.0, y), (h, &k1), (h, &change)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{convergence_order, difference};

    #[test]
    fn derivatives_made_by_hand_are_those_of_differences() {
        for problem in problems() {
            let (t, h) = (0.4, 1e-4);
            let y: Vec<f64> = problem.problem.initial().iter().map(|y| 0.3 + 0.5 * y).collect();
            let central = |before: &[f64], after: &[f64]| -> Vec<f64> {
                after.iter().zip(before).map(|(a, b)| (a - b) / (2.0 * h)).collect()
            };
            let name = problem.problem.name;
            let expected = central(&problem.slope(t - h, &y), &problem.slope(t + h, &y));
            let off = difference(&expected, &(problem.by_time)(t, &y));
            assert!(off < 1e-5, "{name} by time: {off:e}");
            let jacobian = (problem.jacobian)(t, &y);
            for j in 0..y.len() {
                let shifted = |by: f64| {
                    let mut y = y.clone();
                    y[j] += by;
                    problem.slope(t, &y)
                };
                let expected = central(&shifted(-h), &shifted(h));
                let column: Vec<f64> = jacobian.iter().map(|row| row[j]).collect();
                let off = difference(&expected, &column);
                assert!(off < 1e-5, "{name} by state {j}: {off:e}");
            }
        }
    }

    #[test]
    fn the_reference_converges_at_the_order_of_its_method() {
        let counts = [320, 640, 1280];
        for problem in problems().iter().take(4) {
            let exact = problem.problem.solution();
            for method in methods() {
                let errors = counts.map(|count| {
                    let span = problem.problem.span.clone();
                    let initial = problem.problem.initial();
                    difference(&exact, &method.integrate(problem, span, count, &initial))
                });
                let order = convergence_order(&counts, &errors);
                let off = (order - method.order as f64).abs();
                assert!(off < 0.1, "{} of {}: {order}", method.method, problem.problem.name);
            }
        }
    }
}
