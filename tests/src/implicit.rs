//! Diagonally implicit Runge-Kutta methods in textbook form, in plain `f64`.
//!
//! Every stage is solved to rounding, by Newton's method with a dense Jacobian of differences: nothing
//! symbolic, nothing iterative, nothing kept from step to step. The tableaus are typed in a second time.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test that asked for it")]

use std::ops::Range;

use crate::reference::{RightSide, advance, integrate};

/// The coefficients of a diagonally implicit method.
#[derive(Debug, Clone)]
pub struct ImplicitTableau {
    /// The method's name, as a solver takes it.
    pub method: &'static str,
    /// The order of convergence.
    pub order: usize,
    /// Row `i` weighs the slopes of the stages up to stage `i`, which is the last of them.
    pub a: Vec<Vec<f64>>,
    /// The weights of the slopes in a step.
    pub b: Vec<f64>,
    /// The order and the weights of the embedded result.
    pub embedded: Option<(usize, Vec<f64>)>,
}

/// The methods, by rising order.
pub fn methods() -> Vec<ImplicitTableau> {
    let stiff = |method, order, a: Vec<Vec<f64>>| {
        let b = a[a.len() - 1].clone();
        ImplicitTableau { method, order, a, b, embedded: None }
    };
    let embedded = |tableau: ImplicitTableau, order, weights: &[f64]| ImplicitTableau {
        embedded: Some((order, weights.to_vec())),
        ..tableau
    };
    let half = 1.0 - 0.5_f64.sqrt();
    // The roots of 6 g^3 - 18 g^2 + 9 g - 1 make both methods of order 3 L-stable.
    let g: f64 = 0.435_866_521_508_459;
    let alexander = -(6.0 * g * g - 16.0 * g + 1.0) / 4.0;
    let kvaerno = [
        (6.0 * g - 1.0) / (12.0 * g),
        -1.0 / ((24.0 * g - 12.0) * g),
        (-6.0 * g * g + 6.0 * g - 1.0) / (6.0 * g - 3.0),
    ];
    let kvaerno3 = [
        vec![0.0],
        vec![g, g],
        vec![(-4.0 * g * g + 6.0 * g - 1.0) / (4.0 * g), (1.0 - 2.0 * g) / (4.0 * g), g],
        vec![kvaerno[0], kvaerno[1], kvaerno[2], g],
    ];
    let kvaerno5 = [
        vec![0.0],
        vec![0.26, 0.26],
        vec![0.13, 0.8403332099679081, 0.26],
        vec![0.22371961478320504, 0.476755323197997, -0.06470895363112615, 0.26],
        vec![
            0.16648564323248322,
            0.1045001884159172,
            0.03631482272098715,
            -0.13090704451073998,
            0.26,
        ],
        vec![
            0.13855640231268224,
            0.0,
            -0.04245337201752043,
            0.02446657898003141,
            0.6194303907248068,
            0.26,
        ],
        vec![
            0.13659751177640292,
            0.0,
            -0.05496908796538376,
            -0.04118626728321046,
            0.629933048990164,
            0.06962479448202728,
            0.26,
        ],
    ];
    vec![
        ImplicitTableau {
            method: "implicit_midpoint",
            order: 2,
            a: vec![vec![0.5]],
            b: vec![1.0],
            embedded: None,
        },
        stiff("trapezoidal_dirk", 2, vec![vec![0.0], vec![0.5, 0.5]]),
        stiff("sdirk_2_2", 2, vec![vec![half], vec![1.0 - half, half]]),
        stiff(
            "l_stable_dirk_3",
            3,
            vec![vec![g], vec![(1.0 - g) / 2.0, g], vec![alexander, 1.0 - g - alexander, g]],
        ),
        embedded(stiff("kvaerno3", 3, kvaerno3.to_vec()), 2, &kvaerno3[2]),
        embedded(
            stiff(
                "l_stable_sdirk_4",
                4,
                vec![
                    vec![0.25],
                    vec![0.5, 0.25],
                    vec![0.34, -0.04, 0.25],
                    vec![371.0 / 1360.0, -137.0 / 2720.0, 15.0 / 544.0, 0.25],
                    vec![25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 0.25],
                ],
            ),
            3,
            &[59.0 / 48.0, -17.0 / 96.0, 225.0 / 32.0, -85.0 / 12.0],
        ),
        embedded(stiff("kvaerno5", 5, kvaerno5.to_vec()), 4, &kvaerno5[5]),
    ]
}

impl ImplicitTableau {
    /// The state one step of length `h` after `t`.
    pub fn step(&self, right_side: &RightSide<'_>, t: f64, h: f64, state: &[f64]) -> Vec<f64> {
        advance(state, h, &self.b, &self.slopes(right_side, t, h, state))
    }

    /// The state one step of length `h` after `t`, and the estimate of its error.
    ///
    /// # Panics
    /// Where the method has none.
    #[expect(clippy::expect_used, reason = "fails the test that calls it")]
    pub fn step_with_error(
        &self,
        right_side: &RightSide<'_>,
        t: f64,
        h: f64,
        state: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let slopes = self.slopes(right_side, t, h, state);
        let (_, b_hat) = self.embedded.as_ref().expect("the method has an estimate");
        let b_hat = b_hat.iter().chain(std::iter::repeat(&0.0));
        let weights: Vec<f64> = self.b.iter().zip(b_hat).map(|(b, b_hat)| b - b_hat).collect();
        (
            advance(state, h, &self.b, &slopes),
            advance(&vec![0.0; state.len()], h, &weights, &slopes),
        )
    }

    /// The slopes of the stages.
    fn slopes(&self, right_side: &RightSide<'_>, t: f64, h: f64, state: &[f64]) -> Vec<Vec<f64>> {
        let mut slopes: Vec<Vec<f64>> = Vec::with_capacity(self.b.len());
        for row in &self.a {
            let time = t + h * row.iter().sum::<f64>();
            let (own, before) = (row[slopes.len()], &row[..slopes.len()]);
            let base = advance(state, h, before, &slopes);
            slopes.push(solve_stage(right_side, time, h * own, &base));
        }
        slopes
    }

    /// The state at the end of `span`, after equal steps.
    pub fn integrate(
        &self,
        right_side: &RightSide<'_>,
        span: Range<f64>,
        steps: usize,
        initial: &[f64],
    ) -> Vec<f64> {
        integrate(span, steps, initial, |t, h, state| self.step(right_side, t, h, state))
    }
}

/// The slope `k = f(t, base + h * k)`, to rounding.
fn solve_stage(right_side: &RightSide<'_>, t: f64, h: f64, base: &[f64]) -> Vec<f64> {
    let n = base.len();
    let slope_at = |y: &[f64]| {
        let mut slope = vec![0.0; n];
        right_side(t, y, &mut slope);
        slope
    };
    let mut stage = base.to_vec();
    let mut smallest = f64::INFINITY;
    for _ in 0..50 {
        let slope = slope_at(&stage);
        let mut matrix = vec![vec![0.0; n + 1]; n];
        for j in 0..n {
            let shift = 1e-7 * (1.0 + stage[j].abs());
            let mut shifted = stage.clone();
            shifted[j] += shift;
            let changed = slope_at(&shifted);
            for i in 0..n {
                let derivative = (changed[i] - slope[i]) / shift;
                matrix[i][j] = f64::from(u8::from(i == j)) - h * derivative;
            }
        }
        for i in 0..n {
            matrix[i][n] = base[i] + h * slope[i] - stage[i];
        }
        let correction = eliminate(matrix);
        let size = correction.iter().fold(0.0, |size: f64, c| size.max(c.abs()));
        if size >= smallest {
            break;
        }
        smallest = size;
        for (value, change) in stage.iter_mut().zip(correction) {
            *value += change;
        }
    }
    slope_at(&stage)
}

/// Solves a linear system whose right side is the last column, by elimination with pivots.
pub fn eliminate(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for column in 0..n {
        let size = |row: &usize| rows[*row][column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(column);
        rows.swap(column, pivot);
        for row in column + 1..n {
            let factor = rows[row][column] / rows[column][column];
            let pivot = rows[column].clone();
            for (value, pivot) in rows[row].iter_mut().zip(pivot).skip(column) {
                *value -= factor * pivot;
            }
        }
    }
    let mut solution = vec![0.0; n];
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| rows[row][k] * solution[k]).sum();
        solution[row] = (rows[row][n] - known) / rows[row][row];
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;
    use crate::reference::{convergence_order, difference};

    #[test]
    fn elimination_exchanges_rows() {
        let solution = eliminate(vec![vec![0.0, 2.0, 6.0], vec![4.0, 1.0, 11.0]]);
        assert_eq!(solution, [2.0, 3.0]);
    }

    #[test]
    fn a_step_of_the_trapezoidal_rule_is_its_rational_function() {
        let trapezoid = &methods()[1];
        let state = trapezoid.step(&|_, y, dy| dy[0] = -3.0 * y[0], 0.0, 0.5, &[1.0]);
        assert!((state[0] - 0.25 / 1.75).abs() < 1e-15, "{state:?}");
    }

    #[test]
    fn the_reference_converges_at_the_order_of_its_method() {
        for (problem, counts) in problems::smooth() {
            let exact = problem.solution();
            for tableau in methods() {
                let right_side = problem.right_side();
                let errors = counts.map(|count| {
                    let span = problem.span.clone();
                    let end = tableau.integrate(&right_side, span, count, &problem.initial());
                    difference(&exact, &end)
                });
                let order = convergence_order(&counts, &errors);
                let off = (order - tableau.order as f64).abs();
                assert!(off < 0.1, "{} of {}: {order}", tableau.method, problem.name);
            }
        }
    }
}
