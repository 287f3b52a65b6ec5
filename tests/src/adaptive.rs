//! Steps that a tolerance chooses, in textbook form, in plain `f64`.
//!
//! The sequence of steps is the kernels': where a digit of a step is not determined by the textbook, as
//! in a power, it is computed to the same few digits, from the polynomials that the kernels state.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test that asked for it")]

use std::ops::Range;

use crate::reference::RightSide;

/// What chooses steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Controller {
    /// By the last error.
    I,
    /// By the last two errors.
    Pi,
    /// By the last two errors and steps.
    Gustafsson,
}

/// How steps are chosen.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    /// What chooses them.
    pub controller: Controller,
    /// The tolerance of a state near 0.
    pub atol: f64,
    /// The tolerance relative to a state.
    pub rtol: f64,
    /// The order of the estimate.
    pub order: usize,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The state at the end.
    pub state: Vec<f64>,
    /// The steps that were accepted.
    pub steps: u64,
    /// All that were tried.
    pub attempts: u64,
}

impl Control {
    /// Integrates over a span with `step`, which gives a state and an estimate of its error.
    pub fn integrate(
        &self,
        right_side: &RightSide<'_>,
        span: Range<f64>,
        initial: &[f64],
        step: impl Fn(f64, f64, &[f64]) -> (Vec<f64>, Vec<f64>),
    ) -> Outcome {
        let (mut t, mut state) = (span.start, initial.to_vec());
        let mut h = self.first_step(right_side, t, initial);
        let (mut steps, mut attempts) = (0, 0);
        // The length of the last accepted step, and the logarithm of its error.
        let mut previous: Option<(f64, f64)> = None;
        let power = self.order as f64 + 1.0;
        loop {
            let last = span.end - t <= 1.01 * h;
            let length = if last { span.end - t } else { h };
            let (next, error) = step(t, length, &state);
            let squares = error.iter().zip(&next).zip(&state).map(|((error, next), state)| {
                (error / (self.atol + self.rtol * next.abs().max(state.abs()))).powi(2)
            });
            let square = squares.sum::<f64>() / state.len() as f64;
            let accepted = square <= 1.0;
            let excess = log2(square) / 2.0;
            let growth = match (self.controller, previous) {
                (Controller::Pi, previous) if accepted => {
                    (0.4 * previous.map_or(0.0, |(_, error)| error) - 0.7 * excess) / power
                }
                (Controller::Gustafsson, Some((step, error))) if accepted => {
                    (log2(length / step) + (error - 2.0 * excess) / power).min(-excess / power)
                }
                _ => -excess / power,
            };
            let (least, most) = (0.2_f64.log2(), 10.0_f64.log2());
            let factor = exp2((growth + 0.9_f64.log2()).clamp(least, most));
            attempts += 1;
            if accepted {
                (t, state) = (t + length, next);
                steps += 1;
                if last {
                    return Outcome { state, steps, attempts };
                }
                let smallest = if self.controller == Controller::Pi { -13.0 } else { -6.65 };
                previous = Some((length, excess.max(smallest)));
            }
            h = length * factor;
        }
    }

    /// Hairer, Norsett and Wanner (1993), section II.4, by largest components.
    fn first_step(&self, right_side: &RightSide<'_>, t: f64, state: &[f64]) -> f64 {
        let norm = |values: &[f64]| {
            let scaled =
                values.iter().zip(state).map(|(v, y)| v.abs() / (self.atol + self.rtol * y.abs()));
            scaled.fold(0.0, f64::max)
        };
        let slope_at = |t: f64, y: &[f64]| {
            let mut slope = vec![0.0; y.len()];
            right_side(t, y, &mut slope);
            slope
        };
        let slope = slope_at(t, state);
        let (d0, d1) = (norm(state), norm(&slope));
        let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 } else { 0.01 * d0 / d1 };
        let probe: Vec<f64> = state.iter().zip(&slope).map(|(y, dy)| y + h0 * dy).collect();
        let bend: Vec<f64> = slope_at(t + h0, &probe)
            .iter()
            .zip(&slope)
            .map(|(new, old)| (new - old) / h0)
            .collect();
        let most = d1.max(norm(&bend));
        let h1 = if most <= 1e-15 {
            (h0 * 1e-3).max(1e-6)
        } else {
            exp2(log2(0.01 / most) / (self.order as f64 + 1.0))
        };
        h1.min(100.0 * h0)
    }
}

/// The logarithm: the exponent, and a cubic for the rest.
fn log2(x: f64) -> f64 {
    let exponent = x.log2().floor();
    let left = x / exponent.exp2() - 1.0;
    exponent + left * (1.42286534 + left * (-0.58208548 + left * 0.15922014))
}

/// The power of 2: the nearest whole one, and a cubic for the rest.
fn exp2(x: f64) -> f64 {
    let whole = x.round_ties_even();
    let left = x - whole;
    whole.exp2() * (1.0 + left * (0.69328228 + left * (0.24220640 + left * 0.05501029)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;
    use crate::reference::{METHODS, difference};

    #[test]
    fn powers_are_right_to_three_digits() {
        for k in -600..600 {
            let x = (f64::from(k) * 0.1).exp2();
            assert!((log2(x) - f64::from(k) * 0.1).abs() < 1e-3, "{x}");
            assert!((exp2(f64::from(k) * 0.1) / x - 1.0).abs() < 2e-4, "{x}");
        }
    }

    #[test]
    fn errors_follow_the_tolerance() {
        let problem = problems::lorenz();
        let (right_side, exact) = (problem.right_side(), problem.solution());
        for tableau in METHODS {
            let Some((order, _)) = tableau.embedded else { continue };
            for controller in [Controller::I, Controller::Pi, Controller::Gustafsson] {
                for tolerance in [1e-4, 1e-6, 1e-8] {
                    let control = Control { controller, atol: tolerance, rtol: tolerance, order };
                    let outcome =
                        control.integrate(&right_side, 0.0..1.0, &problem.initial(), |t, h, y| {
                            tableau.step_with_error(&right_side, t, h, y)
                        });
                    let off = difference(&exact, &outcome.state);
                    let what = format!("{} at {tolerance:e}: {off:e}", tableau.method);
                    assert!(off < 100.0 * tolerance && off > 1e-3 * tolerance, "{what}");
                    assert!(outcome.attempts >= outcome.steps && outcome.steps > 10, "{what}");
                }
            }
        }
    }
}
