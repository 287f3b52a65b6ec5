//! Initial value problems: as equations for a solver, and as a closure for the reference.
//!
//! The two are written apart from each other, so that a fault in either shows.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test that asked for it")]

use std::ops::Range;

use crate::reference::{RightSide, TSIT5, Tableau};

/// Named values: states, constants, or parameters.
pub type Values = Vec<(String, f64)>;

/// A right side that takes the parameters beside time and state.
type Slopes = Box<dyn Fn(f64, &[f64], &[f64], &mut [f64])>;

/// A closed form of the solution, from time, initial state and parameters.
type Exact = fn(f64, &[f64], &[f64]) -> Vec<f64>;

/// An initial value problem.
pub struct Problem {
    /// What it is called in messages.
    pub name: &'static str,
    /// The equations, as a solver reads them.
    pub equations: String,
    /// The states with their initial values.
    pub states: Values,
    /// The constants.
    pub constants: Values,
    /// The parameters.
    pub parameters: Values,
    /// The time span.
    pub span: Range<f64>,
    slopes: Slopes,
    exact: Option<Exact>,
}

impl Problem {
    /// The right side with the problem's own parameters.
    pub fn right_side(&self) -> impl Fn(f64, &[f64], &mut [f64]) {
        self.right_side_with(values(&self.parameters))
    }

    /// The right side with other parameters.
    pub fn right_side_with(&self, parameters: Vec<f64>) -> impl Fn(f64, &[f64], &mut [f64]) {
        move |t, y, dy| (self.slopes)(t, y, &parameters, dy)
    }

    /// The initial values of the states.
    pub fn initial(&self) -> Vec<f64> {
        values(&self.states)
    }

    /// The state at the end of the span, by the reference in equal steps.
    pub fn integrate(&self, tableau: &Tableau, steps: usize) -> Vec<f64> {
        let right_side = self.right_side();
        let right_side: &RightSide<'_> = &right_side;
        tableau.integrate(right_side, self.span.clone(), steps, &self.initial())
    }

    /// The state at the end of the span, by the closed form or by far more steps than a test takes.
    pub fn solution(&self) -> Vec<f64> {
        self.exact(self.span.end).unwrap_or_else(|| self.integrate(&TSIT5, 20_000))
    }

    /// The exact state at a time, where a closed form is known.
    pub fn exact(&self, t: f64) -> Option<Vec<f64>> {
        self.exact
            .map(|exact| exact(t - self.span.start, &self.initial(), &values(&self.parameters)))
    }
}

/// All problems.
pub fn all() -> Vec<Problem> {
    vec![lorenz(), harmonic_oscillator(), driven_decay(), epidemic(), chain()]
}

/// The problems that show an order of convergence, each with numbers of steps between those where
/// higher orders still count and those where rounding does.
pub fn smooth() -> Vec<(Problem, [usize; 3])> {
    vec![
        (lorenz(), [320, 640, 1280]),
        (harmonic_oscillator(), [80, 160, 320]),
        (driven_decay(), [40, 80, 160]),
        (epidemic(), [80, 160, 320]),
    ]
}

/// The Lorenz system, from (1, 0, 0) with `rho` = 21.
pub fn lorenz() -> Problem {
    Problem {
        name: "lorenz",
        equations: "dx = sigma*(y - x)\ndy = x*(rho - z) - y\ndz = x*y - beta*z".to_owned(),
        states: named([("x", 1.0), ("y", 0.0), ("z", 0.0)]),
        constants: named([("sigma", 10.0), ("beta", 8.0 / 3.0)]),
        parameters: named([("rho", 21.0)]),
        span: 0.0..1.0,
        slopes: Box::new(|_, y, p, dy| {
            dy[0] = 10.0 * (y[1] - y[0]);
            dy[1] = y[0] * (p[0] - y[2]) - y[1];
            dy[2] = y[0] * y[1] - 8.0 / 3.0 * y[2];
        }),
        exact: None,
    }
}

/// Position and velocity of an undamped spring.
pub fn harmonic_oscillator() -> Problem {
    Problem {
        name: "harmonic oscillator",
        equations: "d(position, t) = velocity\nd(velocity, t) = -omega^2 * position".to_owned(),
        states: named([("position", 1.0), ("velocity", 0.5)]),
        constants: Vec::new(),
        parameters: named([("omega", 2.0)]),
        span: 0.0..2.0,
        slopes: Box::new(|_, y, p, dy| {
            dy[0] = y[1];
            dy[1] = -p[0] * p[0] * y[0];
        }),
        exact: Some(|t, initial, p| {
            let (sin, cos) = (p[0] * t).sin_cos();
            let (position, velocity) = (initial[0], initial[1]);
            vec![position * cos + velocity / p[0] * sin, velocity * cos - p[0] * position * sin]
        }),
    }
}

/// Decay driven by a cosine of time: what sees a wrong stage time.
pub fn driven_decay() -> Problem {
    Problem {
        name: "driven decay",
        equations: "dx = -rate*x + cos(frequency*t)".to_owned(),
        states: named([("x", 2.0)]),
        constants: named([("frequency", 5.0)]),
        parameters: named([("rate", 0.5)]),
        span: 0.0..2.0,
        slopes: Box::new(|t, y, p, dy| dy[0] = (5.0 * t).cos() - p[0] * y[0]),
        exact: Some(|t, initial, p| {
            let (rate, frequency) = (p[0], 5.0);
            let scale = rate * rate + frequency * frequency;
            let (sin, cos) = f64::sin_cos(frequency * t);
            let forced = (rate * cos + frequency * sin) / scale;
            vec![(initial[0] - rate / scale) * (-rate * t).exp() + forced]
        }),
    }
}

/// An epidemic whose infection saturates: a quotient, and a name that is no state.
pub fn epidemic() -> Problem {
    Problem {
        name: "epidemic",
        equations: "infection = contact*s*i/(1 + saturation*i)   # per day\n\
                    ds = -infection; di = infection - recovery*i; dr = recovery*i"
            .to_owned(),
        states: named([("s", 0.99), ("i", 0.01), ("r", 0.0)]),
        constants: named([("saturation", 0.4), ("recovery", 0.2)]),
        parameters: named([("contact", 1.5)]),
        span: 0.0..5.0,
        slopes: Box::new(|_, y, p, dy| {
            let infection = p[0] * y[0] * y[1] / (1.0 + 0.4 * y[1]);
            dy[0] = -infection;
            dy[1] = infection - 0.2 * y[1];
            dy[2] = 0.2 * y[1];
        }),
        exact: None,
    }
}

/// A ring of 20 cells that exchange and decay, each at rates of its own.
pub fn chain() -> Problem {
    const CELLS: usize = 20;
    let exchange = |i: usize| 1.0 / (1.0 + i as f64);
    let decay = |i: usize| i as f64 / CELLS as f64;
    let previous = |i: usize| (i + CELLS - 1) % CELLS;
    let equation = |i: usize| {
        let (exchange, decay, previous) = (exchange(i), decay(i), previous(i));
        format!("dx{i} = gain*{exchange:?}*(x{previous} - x{i}) - {decay:?}*x{i}^3\n")
    };
    Problem {
        name: "chain",
        equations: (0..CELLS).map(equation).collect(),
        states: (0..CELLS).map(|i| (format!("x{i}"), 1.0 + (i as f64).sin())).collect(),
        constants: Vec::new(),
        parameters: named([("gain", 2.0)]),
        span: 0.0..3.0,
        slopes: Box::new(move |_, y, p, dy| {
            for i in 0..CELLS {
                dy[i] = p[0] * exchange(i) * (y[previous(i)] - y[i]) - decay(i) * y[i].powi(3);
            }
        }),
        exact: None,
    }
}

/// The reactions of Robertson (1966): three species, at rates nine orders of magnitude apart.
pub fn robertson() -> Problem {
    Problem {
        name: "robertson",
        equations: "slow = 0.04*x; fast = 1e4*y*z\n\
                    dx = fast - slow; dy = slow - fast - 3e7*y^2; dz = 3e7*y^2"
            .to_owned(),
        states: named([("x", 1.0), ("y", 0.0), ("z", 0.0)]),
        constants: Vec::new(),
        parameters: Vec::new(),
        span: 0.0..40.0,
        slopes: Box::new(|_, y, _, dy| {
            let (slow, fast) = (0.04 * y[0], 1e4 * y[1] * y[2]);
            dy[0] = fast - slow;
            dy[1] = slow - fast - 3e7 * y[1] * y[1];
            dy[2] = 3e7 * y[1] * y[1];
        }),
        exact: None,
    }
}

/// Growth to a capacity that comes and goes: time and state in one product.
pub fn seasonal_growth() -> Problem {
    Problem {
        name: "seasonal growth",
        equations: "dx = rate*x*(1 - x/(2 + sin(3*t)))".to_owned(),
        states: named([("x", 0.5)]),
        constants: Vec::new(),
        parameters: named([("rate", 2.0)]),
        span: 0.0..2.0,
        slopes: Box::new(|t, y, p, dy| {
            dy[0] = p[0] * y[0] * (1.0 - y[0] / (2.0 + (3.0 * t).sin()));
        }),
        exact: None,
    }
}

fn named<const N: usize>(values: [(&str, f64); N]) -> Values {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn values(named: &[(String, f64)]) -> Vec<f64> {
    named.iter().map(|(_, value)| *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::difference;

    #[test]
    fn closed_forms_start_at_the_initial_values_and_solve_their_equations() {
        for problem in all() {
            let Some(initial) = problem.exact(problem.span.start) else { continue };
            assert!(difference(&problem.initial(), &initial) < 1e-15, "{}", problem.name);
            let (t, h) = (0.7, 1e-5);
            let (before, now, after) =
                (problem.exact(t - h), problem.exact(t), problem.exact(t + h));
            let (before, now, after) = (before.unwrap(), now.unwrap(), after.unwrap());
            let mut slope = vec![0.0; now.len()];
            problem.right_side()(t, &now, &mut slope);
            let central: Vec<f64> =
                after.iter().zip(&before).map(|(a, b)| (a - b) / (2.0 * h)).collect();
            assert!(difference(&slope, &central) < 1e-8, "{}", problem.name);
        }
    }

    #[test]
    fn the_lorenz_system_reaches_its_published_state() {
        let end = lorenz().integrate(&TSIT5, 4000);
        let published = [-6.4505791473, -8.8952114787, 14.6491458666];
        assert!(difference(&published, &end) < 1e-10, "{end:?}");
    }
}
