//! Random expressions: what a kernel computes, against what Rust does with the tree that the text
//! was printed from.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_tests::random::SplitMix64;
use buffer_tests::solve::devices;
use integrators::{Batch, Precision, Solver, System};

const EXPRESSIONS: usize = 60;
const DEPTH: usize = 5;
const CONSTANT: f64 = 1.25;

enum Expression {
    Number(f64),
    U,
    W,
    Constant,
    Negative(Box<Expression>),
    Binary(char, Box<Expression>, Box<Expression>),
    Power(Box<Expression>, u8),
}

use Expression::{Binary, Constant, Negative, Number, Power, U, W};

impl Expression {
    fn random(random: &mut SplitMix64, depth: usize) -> Self {
        if depth == 0 || random.below(8) == 0 {
            return match random.below(4) {
                0 => Number(random.below(32) as f64 / 8.0),
                1 => U,
                2 => W,
                _ => Constant,
            };
        }
        let mut operand = || Box::new(Self::random(random, depth - 1));
        let (left, right) = (operand(), operand());
        match random.below(8) {
            0 => Negative(left),
            1 => Power(left, random.below(4) as u8),
            // A sum of squares and 1 is no zero to divide by.
            2 => {
                let square = Box::new(Power(right, 2));
                Binary('/', left, Box::new(Binary('+', Box::new(Number(1.0)), square)))
            }
            3 => Binary('+', left, right),
            4 => Binary('-', left, right),
            _ => Binary('*', left, right),
        }
    }

    /// How strongly it binds: a sum least, a name most.
    fn strength(&self) -> u8 {
        match self {
            Binary('+' | '-', ..) => 1,
            Binary(..) => 2,
            Negative(_) => 3,
            Power(..) => 4,
            Number(_) | U | W | Constant => 5,
        }
    }

    /// The text, with parentheses where it would mean something else without.
    fn text(&self, strength: u8) -> String {
        let own = self.strength();
        let text = match self {
            Number(value) => format!("{value:?}"),
            U => "u".to_owned(),
            W => "w".to_owned(),
            Constant => "k".to_owned(),
            Negative(operand) => format!("-{}", operand.text(own + 1)),
            // The left operand of equal strength comes first, the right one does not.
            Binary(sign, left, right) => {
                format!("{} {sign} {}", left.text(own), right.text(own + 1))
            }
            Power(base, exponent) => format!("{}^{exponent}", base.text(5)),
        };
        if own < strength { format!("({text})") } else { text }
    }

    /// The value, and the size of the terms that it is the sum of: rounding is relative to that.
    fn value(&self, u: f64, w: f64) -> (f64, f64) {
        match self {
            Number(value) => (*value, *value),
            U => (u, u.abs()),
            W => (w, w.abs()),
            Constant => (CONSTANT, CONSTANT),
            Negative(operand) => {
                let (value, size) = operand.value(u, w);
                (-value, size)
            }
            Binary(sign, left, right) => {
                let ((a, a_size), (b, b_size)) = (left.value(u, w), right.value(u, w));
                match sign {
                    '+' => (a + b, a_size + b_size),
                    '-' => (a - b, a_size + b_size),
                    '*' => (a * b, a_size * b_size),
                    // What is wrong in a divisor is relative to the divisor.
                    _ => (a / b, a_size / b.abs() * (b_size / b.abs())),
                }
            }
            Power(base, exponent) => {
                let (value, size) = base.value(u, w);
                (value.powi((*exponent).into()), size.powi((*exponent).into()))
            }
        }
    }
}

#[test]
fn random_expressions_have_the_values_of_their_trees() {
    let mut random = SplitMix64::new(2024);
    let expressions: Vec<Expression> =
        (0..EXPRESSIONS).map(|_| Expression::random(&mut random, DEPTH)).collect();
    let equations: String = expressions
        .iter()
        .enumerate()
        .map(|(i, expression)| format!("dv{i} = {}\n", expression.text(0)))
        .collect();
    // One step of Euler's method over a span of 1, from 0, ends at the derivative.
    let system = System::parse(&equations)
        .unwrap()
        .states((0..EXPRESSIONS).map(|i| (format!("v{i}"), 0.0)))
        .constants([("k", CONSTANT)])
        .parameters([("u", 0.0), ("w", 0.0)])
        .build()
        .unwrap();
    let u: Vec<f64> = (0..37).map(|i| -2.0 + 0.109375 * f64::from(i)).collect();
    let w: Vec<f64> = (0..37).map(|i| 1.5 - 0.078125 * f64::from(i)).collect();
    let batch = Batch::zip().parameter("u", u.iter().copied()).parameter("w", w.iter().copied());
    for device in devices() {
        let solver = Solver::builder(&system).method("euler").dt(1.0).precision(Precision::F64);
        let solver = solver.device(device.device.clone()).build().unwrap();
        let solution = solver.solve(&batch, 0.0..1.0).unwrap();
        for (expression, values) in expressions.iter().zip(solution.end_states().rows()) {
            for ((u, w), value) in u.iter().zip(&w).zip(values) {
                let (expected, size) = expression.value(*u, *w);
                assert!(
                    (value - expected).abs() <= 64.0 * f64::EPSILON * size,
                    "{} at u = {u}, w = {w} is {value:e} on {device}, not {expected:e}",
                    expression.text(0)
                );
            }
        }
    }
}
