//! Symbolic derivatives of a system, by forward accumulation: each part of an expression is carried
//! with its tangent, so the derivatives are as long as the equations, up to a factor.
//!
//! Where a slope is infinite, as that of a root at zero, zero stands for it: what uses derivatives
//! here corrects its errors with values, and needs numbers to go on with.

use super::System;
use super::expression::{Expression, Function, Operator, Symbol};
use super::resolve::{self, negated};

/// Derivatives of all equations: parts that have names of their own, in order, and one result per
/// state.
pub(super) struct Derivatives {
    /// The part at `i` is [`Symbol::Part`]`(i)`.
    pub(super) parts: Vec<Expression<Symbol>>,
    pub(super) results: Vec<Expression<Symbol>>,
}

impl System {
    /// The product of the Jacobian with the vector whose elements are [`Symbol::Direction`].
    pub(super) fn jacobian_vector(&self) -> Derivatives {
        let mut parts = Vec::new();
        let mut pass = Pass::new(self, &mut parts, |state| symbol(Symbol::Direction(state)));
        let results = self.derivatives.iter().map(|right| pass.dual(right).tangent).collect();
        Derivatives { parts, results }
    }

    /// The diagonal of the Jacobian.
    pub(super) fn jacobian_diagonal(&self) -> Derivatives {
        let mut parts = Vec::new();
        let along = |(own, right)| {
            let seed = |state| if state == own { ONE } else { ZERO };
            Pass::new(self, &mut parts, seed).dual(right).tangent
        };
        let results = self.derivatives.iter().enumerate().map(along).collect();
        Derivatives { parts, results }
    }
}

const ZERO: Expression<Symbol> = Expression::Number(0.0);
const ONE: Expression<Symbol> = Expression::Number(1.0);

/// A value and its derivative.
pub(super) struct Dual {
    value: Expression<Symbol>,
    tangent: Expression<Symbol>,
}

/// Derivatives along one direction.
struct Pass<'a, S> {
    parts: &'a mut Vec<Expression<Symbol>>,
    /// The tangent of each state.
    seed: S,
    /// The tangent of each auxiliary.
    auxiliaries: Vec<Expression<Symbol>>,
}

impl<'a, S: Fn(usize) -> Expression<Symbol>> Pass<'a, S> {
    fn new(system: &System, parts: &'a mut Vec<Expression<Symbol>>, seed: S) -> Self {
        let mut pass = Self { parts, seed, auxiliaries: Vec::new() };
        for auxiliary in &system.auxiliaries {
            let tangent = pass.dual(&auxiliary.value).tangent;
            let tangent = pass.name(tangent);
            pass.auxiliaries.push(tangent);
        }
        pass
    }

    /// A symbol for what is used more than once.
    fn name(&mut self, expression: Expression<Symbol>) -> Expression<Symbol> {
        match expression {
            Expression::Number(_) | Expression::Symbol(_) => expression,
            part => {
                self.parts.push(part);
                symbol(Symbol::Part(self.parts.len() - 1))
            }
        }
    }

    /// Differentiates an expression. A sum is as deep as it is long, so left sides are walked.
    fn dual(&mut self, expression: &Expression<Symbol>) -> Dual {
        let mut first = expression;
        let mut rest = Vec::new();
        while let Expression::Binary(operator, left, right) = first {
            rest.push((*operator, right));
            first = left;
        }
        let mut dual = self.operand(first);
        for (operator, right) in rest.into_iter().rev() {
            let right = self.dual(right);
            dual = self.binary(operator, dual, right);
        }
        dual
    }

    fn operand(&mut self, operand: &Expression<Symbol>) -> Dual {
        match operand {
            Expression::Number(_) => Dual { value: operand.clone(), tangent: ZERO },
            Expression::Symbol(symbol) => {
                let tangent = match *symbol {
                    Symbol::State(index) => (self.seed)(index),
                    Symbol::Auxiliary(index) => {
                        self.auxiliaries.get(index).cloned().unwrap_or(ZERO)
                    }
                    Symbol::Time
                    | Symbol::Parameter(_)
                    | Symbol::Direction(_)
                    | Symbol::Part(_) => ZERO,
                };
                Dual { value: operand.clone(), tangent }
            }
            Expression::Negated(inner) => {
                let Dual { value, tangent } = self.dual(inner);
                Dual { value: negated(value), tangent: negated(tangent) }
            }
            Expression::Binary(..) => self.dual(operand),
            Expression::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.dual(argument)).collect();
                self.call(*function, arguments)
            }
        }
    }

    fn binary(&mut self, operator: Operator, left: Dual, right: Dual) -> Dual {
        match operator {
            Operator::Plus => Dual {
                value: sum(left.value, right.value),
                tangent: sum(left.tangent, right.tangent),
            },
            Operator::Minus => Dual {
                value: difference(left.value, right.value),
                tangent: difference(left.tangent, right.tangent),
            },
            Operator::Times => {
                let (x, y) = (self.name(left.value), self.name(right.value));
                let tangent =
                    sum(product(left.tangent, y.clone()), product(x.clone(), right.tangent));
                Dual { value: product(x, y), tangent }
            }
            Operator::Divided => {
                let divisor = self.name(right.value);
                let value = self.name(quotient(left.value, divisor.clone()));
                let change = difference(left.tangent, product(value.clone(), right.tangent));
                Dual { value, tangent: quotient(change, divisor) }
            }
            Operator::Power => self.call(Function::POW, vec![left, right]),
        }
    }

    fn call(&mut self, function: Function, arguments: Vec<Dual>) -> Dual {
        let (values, tangents): (Vec<_>, Vec<_>) = arguments
            .into_iter()
            .map(|argument| (self.name(argument.value), self.name(argument.tangent)))
            .unzip();
        let value = self.name(call(function, values.clone()));
        let tangent = if tangents.iter().all(|tangent| *tangent == ZERO) {
            ZERO
        } else {
            (function.tangent)(&values, &tangents, &value)
        };
        Dual { value, tangent }
    }
}

/// The tangent of a function from its arguments, their tangents, and its value.
pub(super) type Tangent =
    fn(&[Expression<Symbol>], &[Expression<Symbol>], &Expression<Symbol>) -> Expression<Symbol>;

/// One per function of the language.
pub(super) mod tangents {
    use super::{
        Expression, Function, ONE, Symbol, ZERO, call, difference, negated, product, quotient, sum,
    };

    type Terms<'a> = &'a [Expression<Symbol>];
    type Term<'a> = &'a Expression<Symbol>;

    /// The first argument with its tangent.
    fn first(x: Terms<'_>, dx: Terms<'_>) -> (Expression<Symbol>, Expression<Symbol>) {
        (argument(x, 0), argument(dx, 0))
    }

    fn argument(terms: Terms<'_>, index: usize) -> Expression<Symbol> {
        terms.get(index).cloned().unwrap_or(ZERO)
    }

    pub(in super::super) fn sqrt(
        _: Terms<'_>,
        dx: Terms<'_>,
        root: Term<'_>,
    ) -> Expression<Symbol> {
        let slope = quotient(Expression::Number(0.5), root.clone());
        product(super::select_less(ZERO, root.clone(), slope, ZERO), argument(dx, 0))
    }

    pub(in super::super) fn exp(
        _: Terms<'_>,
        dx: Terms<'_>,
        value: Term<'_>,
    ) -> Expression<Symbol> {
        product(value.clone(), argument(dx, 0))
    }

    pub(in super::super) fn log(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        let (x, dx) = first(x, dx);
        quotient(dx, x)
    }

    pub(in super::super) fn sin(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        let (x, dx) = first(x, dx);
        product(call(Function::COS, vec![x]), dx)
    }

    pub(in super::super) fn cos(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        let (x, dx) = first(x, dx);
        negated(product(call(Function::SIN, vec![x]), dx))
    }

    pub(in super::super) fn tan(
        _: Terms<'_>,
        dx: Terms<'_>,
        value: Term<'_>,
    ) -> Expression<Symbol> {
        product(sum(ONE, product(value.clone(), value.clone())), argument(dx, 0))
    }

    pub(in super::super) fn tanh(
        _: Terms<'_>,
        dx: Terms<'_>,
        value: Term<'_>,
    ) -> Expression<Symbol> {
        product(difference(ONE, product(value.clone(), value.clone())), argument(dx, 0))
    }

    pub(in super::super) fn abs(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        let (x, dx) = first(x, dx);
        super::select_less(x, ZERO, negated(dx.clone()), dx)
    }

    pub(in super::super) fn min(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        super::select_less(argument(x, 0), argument(x, 1), argument(dx, 0), argument(dx, 1))
    }

    pub(in super::super) fn max(x: Terms<'_>, dx: Terms<'_>, _: Term<'_>) -> Expression<Symbol> {
        super::select_less(argument(x, 1), argument(x, 0), argument(dx, 0), argument(dx, 1))
    }

    pub(in super::super) fn select_less(
        x: Terms<'_>,
        dx: Terms<'_>,
        _: Term<'_>,
    ) -> Expression<Symbol> {
        super::select_less(argument(x, 0), argument(x, 1), argument(dx, 2), argument(dx, 3))
    }

    pub(in super::super) fn pow(
        x: Terms<'_>,
        dx: Terms<'_>,
        value: Term<'_>,
    ) -> Expression<Symbol> {
        let (base, exponent) = (argument(x, 0), argument(x, 1));
        sum(
            product(slope_of_base(&base, &exponent), argument(dx, 0)),
            product(slope_of_exponent(base, value), argument(dx, 1)),
        )
    }

    fn slope_of_base(base: Term<'_>, exponent: Term<'_>) -> Expression<Symbol> {
        let less = difference(exponent.clone(), ONE);
        let slope = product(exponent.clone(), call(Function::POW, vec![base.clone(), less]));
        match exponent {
            Expression::Number(power) if *power >= 1.0 => slope,
            _ => super::select_less(ZERO, call(Function::ABS, vec![base.clone()]), slope, ZERO),
        }
    }

    /// At a base of zero the power's own zero prevails over its logarithm.
    fn slope_of_exponent(base: Expression<Symbol>, value: Term<'_>) -> Expression<Symbol> {
        match base {
            Expression::Number(base) if base <= 0.0 => ZERO,
            base => {
                let inside =
                    super::select_less(ZERO, call(Function::ABS, vec![base.clone()]), base, ONE);
                product(value.clone(), call(Function::LOG, vec![inside]))
            }
        }
    }
}

fn symbol(symbol: Symbol) -> Expression<Symbol> {
    Expression::Symbol(symbol)
}

fn sum(left: Expression<Symbol>, right: Expression<Symbol>) -> Expression<Symbol> {
    match (left, right) {
        (ZERO, other) | (other, ZERO) => other,
        (left, Expression::Negated(right)) => difference(left, *right),
        (left, right) => folded(Operator::Plus, left, right),
    }
}

fn difference(left: Expression<Symbol>, right: Expression<Symbol>) -> Expression<Symbol> {
    match (left, right) {
        (left, ZERO) => left,
        (ZERO, right) => negated(right),
        (left, Expression::Negated(right)) => sum(left, *right),
        (left, right) => folded(Operator::Minus, left, right),
    }
}

fn product(left: Expression<Symbol>, right: Expression<Symbol>) -> Expression<Symbol> {
    match (left, right) {
        (ZERO, _) | (_, ZERO) => ZERO,
        (ONE, other) | (other, ONE) => other,
        (Expression::Negated(left), right) => negated(product(*left, right)),
        (left, Expression::Negated(right)) => negated(product(left, *right)),
        (left, right) => folded(Operator::Times, left, right),
    }
}

fn quotient(left: Expression<Symbol>, right: Expression<Symbol>) -> Expression<Symbol> {
    match (left, right) {
        (ZERO, _) => ZERO,
        (left, ONE) => left,
        (left, right) => folded(Operator::Divided, left, right),
    }
}

/// Of numbers, the function's value, unless no literal can say it.
fn call(function: Function, arguments: Vec<Expression<Symbol>>) -> Expression<Symbol> {
    match resolve::call(function, arguments.clone()) {
        Expression::Number(value) if !value.is_finite() => Expression::Call(function, arguments),
        value => value,
    }
}

/// Of two numbers, what they make, unless no literal can say it.
fn folded(
    operator: Operator,
    left: Expression<Symbol>,
    right: Expression<Symbol>,
) -> Expression<Symbol> {
    if let (Expression::Number(x), Expression::Number(y)) = (&left, &right) {
        let value = operator.apply(*x, *y);
        if value.is_finite() {
            return Expression::Number(value);
        }
    }
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

/// `chosen` where `a < b`, else `other`.
fn select_less(
    a: Expression<Symbol>,
    b: Expression<Symbol>,
    chosen: Expression<Symbol>,
    other: Expression<Symbol>,
) -> Expression<Symbol> {
    if chosen == other {
        return chosen;
    }
    match (&a, &b) {
        (Expression::Number(a), Expression::Number(b)) => {
            if a < b {
                chosen
            } else {
                other
            }
        }
        _ => Expression::Call(Function::SELECT_LESS, vec![a, b, chosen, other]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::expression::Value;
    use super::*;

    fn system(equations: &str, states: &[&str]) -> System {
        System::parse(equations)
            .unwrap()
            .states(states.iter().map(|name| (*name, 0.0)))
            .parameters([("p", 0.0)])
            .build()
            .unwrap()
    }

    /// Values of symbols: of the states, the one parameter, a direction, and what comes of them.
    struct Point<'a> {
        states: &'a [f64],
        direction: &'a [f64],
        auxiliaries: Vec<f64>,
        parts: Vec<f64>,
    }

    impl<'a> Point<'a> {
        fn new(system: &System, states: &'a [f64], direction: &'a [f64]) -> Self {
            let mut point = Self { states, direction, auxiliaries: Vec::new(), parts: Vec::new() };
            for auxiliary in &system.auxiliaries {
                point.auxiliaries.push(point.value(&auxiliary.value));
            }
            point
        }

        fn results(mut self, derivatives: &Derivatives) -> Vec<f64> {
            for part in &derivatives.parts {
                self.parts.push(self.value(part));
            }
            derivatives.results.iter().map(|result| self.value(result)).collect()
        }

        fn value(&self, expression: &Expression<Symbol>) -> f64 {
            match expression {
                Expression::Number(value) => *value,
                Expression::Symbol(Symbol::Time) => 0.5,
                Expression::Symbol(Symbol::Parameter(_)) => 2.5,
                Expression::Symbol(Symbol::State(index)) => self.states[*index],
                Expression::Symbol(Symbol::Direction(index)) => self.direction[*index],
                Expression::Symbol(Symbol::Auxiliary(index)) => self.auxiliaries[*index],
                Expression::Symbol(Symbol::Part(index)) => self.parts[*index],
                Expression::Negated(operand) => -self.value(operand),
                Expression::Binary(operator, left, right) => {
                    operator.apply(self.value(left), self.value(right))
                }
                Expression::Call(function, arguments) => {
                    let x: Vec<f64> = arguments.iter().map(|term| self.value(term)).collect();
                    match function.value {
                        Value::Unary(value) => value(x[0]),
                        Value::Binary(value) => value(x[0], x[1]),
                        Value::Selection => x[if x[0] < x[1] { 2 } else { 3 }],
                    }
                }
            }
        }
    }

    fn derivatives(system: &System, states: &[f64]) -> Vec<f64> {
        let point = Point::new(system, states, &[]);
        system.derivatives.iter().map(|right| point.value(right)).collect()
    }

    fn jacobian_vector(system: &System, states: &[f64], direction: &[f64]) -> Vec<f64> {
        Point::new(system, states, direction).results(&system.jacobian_vector())
    }

    fn assert_near(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
        for (a, e) in actual.iter().zip(expected) {
            assert!(
                (a - e).abs() <= tolerance * (1.0 + e.abs()),
                "{what}: {actual:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_jacobian_of_robertson_is_the_one_derived_by_hand() {
        let equations = "dx = -0.04*x + 1e4*y*z; dz = 3e7*y^2; dy = 0.04*x - 1e4*y*z - 3e7*y^2";
        let system = system(equations, &["x", "y", "z"]);
        let (y, z) = (2e-5, 0.125);
        let rows =
            [[-0.04, 1e4 * z, 1e4 * y], [0.04, -1e4 * z - 6e7 * y, -1e4 * y], [0.0, 6e7 * y, 0.0]];
        for (column, direction) in
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].iter().enumerate()
        {
            let expected = rows.map(|row| row[column]);
            let found = jacobian_vector(&system, &[0.75, y, z], direction);
            assert_near(&found, &expected, 1e-14, "a column");
        }
        let found = Point::new(&system, &[0.75, y, z], &[]).results(&system.jacobian_diagonal());
        assert_near(&found, &[rows[0][0], rows[1][1], rows[2][2]], 1e-14, "the diagonal");
    }

    #[test]
    fn every_operation_has_the_slope_that_differences_show() {
        for term in [
            "x + y*t",
            "x - 2*y",
            "-x*y",
            "x*y*x*p",
            "x/y",
            "1/(x*y)",
            "(x - y)/(x + y)",
            "x^3",
            "x^-2",
            "(x + y)^5",
            "x^p",
            "x^0.5",
            "x^y",
            "2^y",
            "p^x",
            "sqrt(x*y)",
            "exp(-x*y)",
            "log(x + y)",
            "sin(x*y)",
            "cos(x*y)",
            "tan(x/y)",
            "tanh(x - y)",
            "abs(x - 2*y)",
            "abs(2*y - x)",
            "min(x, y^2)",
            "min(y^2, x)",
            "max(x, y^2)",
            "max(y^2, x)",
            "pow(x, y)",
        ] {
            let equations = format!("a = {term}; dx = a*a + y; dy = x - a");
            let system = system(&equations, &["x", "y"]);
            for states in [[0.75, 0.5], [1.25, 1.5]] {
                let direction = [0.75, -0.5];
                let at = |h: f64| {
                    derivatives(
                        &system,
                        &[states[0] + h * direction[0], states[1] + h * direction[1]],
                    )
                };
                let h = 1e-6;
                let expected: Vec<f64> =
                    at(h).iter().zip(at(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect();
                let found = jacobian_vector(&system, &states, &direction);
                assert_near(&found, &expected, 1e-8, term);
                let diagonal =
                    Point::new(&system, &states, &[]).results(&system.jacobian_diagonal());
                let own = [
                    jacobian_vector(&system, &states, &[1.0, 0.0])[0],
                    jacobian_vector(&system, &states, &[0.0, 1.0])[1],
                ];
                assert_near(&diagonal, &own, 1e-14, term);
            }
        }
    }

    #[test]
    fn slopes_at_zero_are_numbers() {
        for (term, slope) in [
            ("sqrt(x)", 0.0),
            ("x^0.5", 0.0),
            ("x^1.5", 0.0),
            ("x^p", 0.0),
            ("x^(y + 1)", 0.0),
            ("0^(x + 1)", 0.0),
            ("sqrt(max(x - 1, 0))", 0.0),
            ("abs(x)", 1.0),
        ] {
            let system = system(&format!("dx = {term}; dy = 0"), &["x", "y"]);
            assert_eq!(jacobian_vector(&system, &[0.0, 0.5], &[1.0, 0.0]), [slope, 0.0], "{term}");
        }
    }

    #[test]
    fn zeros_and_ones_are_not_in_the_text() {
        let text = system("dx = 2*x - p*y + t; dy = x*y - y/p", &["x", "y"]).jacobian_text();
        let lines = |function: &str| -> Vec<&str> {
            let body = text.split(function).nth(1).unwrap().split("\n}").next().unwrap();
            body.lines().filter_map(|line| line.trim().strip_prefix("const real d_")).collect()
        };
        assert_eq!(
            lines("system_jacobian_vector"),
            [
                "x = FMA((-u_p), v_y, (REAL(2.0) * v_x));",
                "y = (FMA(u_x, v_y, (v_x * u_y)) - (v_y / u_p));"
            ]
        );
        assert_eq!(
            lines("system_jacobian_diagonal"),
            ["x = REAL(2.0);", "y = (u_x - (REAL(1.0) / u_p));"]
        );
    }

    #[test]
    fn derivatives_are_as_long_as_the_equation() {
        let text = |factors: usize| {
            let product = vec!["(x + p)"; factors].join("*");
            system(&format!("dx = {product}"), &["x"]).jacobian_text().len()
        };
        assert!(text(400) < 5 * text(100), "{} from {}", text(400), text(100));
    }
}
