//! Symbolic derivatives of a system, by forward accumulation: each part of an expression is carried
//! with its tangents, one for each direction that it changes along, so the derivatives are as long as
//! the equations, up to a factor and the number of directions.
//!
//! Where a slope is infinite, as that of a root at zero, zero stands for it: what uses derivatives
//! here corrects its errors with values, and needs numbers to go on with.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Expression, Function, Operator, Symbol};
use super::resolve::{self, negated};
use super::{System, SystemFunction};

/// Derivatives of all equations: parts that have names of their own, in order, and one result per
/// state.
pub(super) struct Derivatives {
    /// The part at `i` is [`Symbol::Part`]`(i)`.
    pub(super) parts: Vec<Expression<Symbol>>,
    pub(super) results: Vec<Expression<Symbol>>,
}

/// The Jacobian without what is zero wherever it is taken.
pub(super) struct Jacobian {
    /// As of [`Derivatives`].
    pub(super) parts: Vec<Expression<Symbol>>,
    /// Rows, columns and values, row by row.
    pub(super) entries: Vec<(usize, usize, Expression<Symbol>)>,
}

impl System {
    /// The product of the Jacobian with the vector whose elements are [`Symbol::Direction`].
    pub(super) fn jacobian_vector(&self) -> Derivatives {
        self.along_one_direction(|seed| match seed {
            Symbol::State(state) => Some(symbol(Symbol::Direction(state))),
            _ => None,
        })
    }

    /// The derivatives with respect to the time where it stands in the equations.
    pub(super) fn time_derivative(&self) -> Derivatives {
        self.along_one_direction(|seed| (seed == Symbol::Time).then_some(ONE))
    }

    /// The Jacobian, entry by entry.
    pub(super) fn jacobian(&self) -> Jacobian {
        let (parts, tangents) = self.tangents(|seed| match seed {
            Symbol::State(state) => Tangents::from([(state, ONE)]),
            _ => Tangents::new(),
        });
        let entries = tangents.into_iter().enumerate().flat_map(|(row, tangents)| {
            tangents.into_iter().map(move |(column, value)| (row, column, value))
        });
        Jacobian { parts, entries: entries.collect() }
    }

    /// The diagonal of the Jacobian.
    pub(super) fn jacobian_diagonal(&self) -> Derivatives {
        let Jacobian { parts, entries } = self.jacobian();
        let mut results = vec![ZERO; self.derivatives.len()];
        for (row, column, value) in entries {
            if let Some(result) = results.get_mut(row).filter(|_| row == column) {
                *result = value;
            }
        }
        Derivatives { parts, results }
    }

    /// What a function computes, with the parts of it.
    pub(super) fn values_of(&self, function: SystemFunction) -> Vec<Expression<Symbol>> {
        let Derivatives { mut parts, results } = match function {
            SystemFunction::JacobianVector => self.jacobian_vector(),
            SystemFunction::JacobianDiagonal => self.jacobian_diagonal(),
            SystemFunction::TimeDerivative => self.time_derivative(),
            SystemFunction::Jacobian => {
                let Jacobian { parts, entries } = self.jacobian();
                let results = entries.into_iter().map(|(_, _, value)| value).collect();
                Derivatives { parts, results }
            }
        };
        parts.extend(results);
        parts
    }

    fn along_one_direction(
        &self,
        seed: impl Fn(Symbol) -> Option<Expression<Symbol>>,
    ) -> Derivatives {
        let (parts, tangents) =
            self.tangents(|symbol| seed(symbol).map(|tangent| (0, tangent)).into_iter().collect());
        let only = |mut tangents: Tangents| tangents.remove(&0).unwrap_or(ZERO);
        Derivatives { parts, results: tangents.into_iter().map(only).collect() }
    }

    /// The parts and the tangents of all equations, from those of the symbols.
    fn tangents(
        &self,
        seed: impl Fn(Symbol) -> Tangents,
    ) -> (Vec<Expression<Symbol>>, Vec<Tangents>) {
        let mut pass = Pass { parts: Vec::new(), seed, auxiliaries: Vec::new() };
        for auxiliary in &self.auxiliaries {
            let tangents = pass.dual(&auxiliary.value).tangents;
            let tangents = pass.name_all(tangents);
            pass.auxiliaries.push(tangents);
        }
        let tangents = self.derivatives.iter().map(|right| pass.dual(right).tangents).collect();
        (pass.parts, tangents)
    }
}

const ZERO: Expression<Symbol> = Expression::Number(0.0);
const ONE: Expression<Symbol> = Expression::Number(1.0);

/// The derivatives of something along each direction that it changes along.
type Tangents = BTreeMap<usize, Expression<Symbol>>;

/// A value and its derivatives.
struct Dual {
    value: Expression<Symbol>,
    tangents: Tangents,
}

/// Derivatives along some directions.
struct Pass<S> {
    parts: Vec<Expression<Symbol>>,
    /// The tangents of the states and of the time.
    seed: S,
    /// The tangents of each auxiliary.
    auxiliaries: Vec<Tangents>,
}

impl<S: Fn(Symbol) -> Tangents> Pass<S> {
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

    fn name_all(&mut self, tangents: Tangents) -> Tangents {
        tangents.into_iter().map(|(along, tangent)| (along, self.name(tangent))).collect()
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
            Expression::Number(_) => Dual { value: operand.clone(), tangents: Tangents::new() },
            Expression::Symbol(symbol) => {
                let tangents = match *symbol {
                    Symbol::Auxiliary(index) => {
                        self.auxiliaries.get(index).cloned().unwrap_or_default()
                    }
                    other => (self.seed)(other),
                };
                Dual { value: operand.clone(), tangents }
            }
            Expression::Negated(inner) => {
                let Dual { value, tangents } = self.dual(inner);
                let tangents = each(tangents, negated);
                Dual { value: negated(value), tangents }
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
                tangents: both(left.tangents, right.tangents, sum),
            },
            Operator::Minus => Dual {
                value: difference(left.value, right.value),
                tangents: both(left.tangents, right.tangents, difference),
            },
            Operator::Times => {
                let (x, y) = (self.name(left.value), self.name(right.value));
                let tangents = both(left.tangents, right.tangents, |dx, dy| {
                    sum(product(dx, y.clone()), product(x.clone(), dy))
                });
                Dual { value: product(x, y), tangents }
            }
            Operator::Divided => {
                let divisor = self.name(right.value);
                let value = self.name(quotient(left.value, divisor.clone()));
                let tangents = both(left.tangents, right.tangents, |dx, dy| {
                    quotient(difference(dx, product(value.clone(), dy)), divisor.clone())
                });
                Dual { value, tangents }
            }
            Operator::Power => self.call(Function::POW, vec![left, right]),
        }
    }

    fn call(&mut self, function: Function, arguments: Vec<Dual>) -> Dual {
        let (values, tangents): (Vec<_>, Vec<_>) = arguments
            .into_iter()
            .map(|argument| (self.name(argument.value), argument.tangents))
            .unzip();
        let value = self.name(call(function, values.clone()));
        let tangents = match function.tangent {
            Tangent::Slopes(slopes) => {
                let slopes = slopes(&values, &value);
                let terms = slopes.into_iter().zip(tangents);
                let changing = terms.filter(|(_, tangents)| !tangents.is_empty());
                changing.fold(Tangents::new(), |total, (slope, tangents)| {
                    let slope = self.name(slope);
                    both(total, tangents, |total, dx| sum(total, product(slope.clone(), dx)))
                })
            }
            Tangent::Selection(select) => {
                let tangents: Vec<_> =
                    tangents.into_iter().map(|tangents| self.name_all(tangents)).collect();
                let along: BTreeSet<usize> =
                    tangents.iter().flat_map(|t| t.keys().copied()).collect();
                let tangent = |along: usize| {
                    let dx: Vec<_> = tangents
                        .iter()
                        .map(|tangents| tangents.get(&along).cloned().unwrap_or(ZERO))
                        .collect();
                    (along, select(&values, &dx))
                };
                along.into_iter().map(tangent).filter(is_not_zero).collect()
            }
        };
        Dual { value, tangents }
    }
}

fn is_not_zero((_, tangent): &(usize, Expression<Symbol>)) -> bool {
    *tangent != ZERO
}

/// What becomes of tangents, one by one.
fn each(tangents: Tangents, of: impl Fn(Expression<Symbol>) -> Expression<Symbol>) -> Tangents {
    tangents.into_iter().map(|(along, tangent)| (along, of(tangent))).collect()
}

/// What becomes of the tangents of two things, direction by direction.
fn both(
    left: Tangents,
    mut right: Tangents,
    of: impl Fn(Expression<Symbol>, Expression<Symbol>) -> Expression<Symbol>,
) -> Tangents {
    let mut tangents = Tangents::new();
    for (along, dx) in left {
        let dy = right.remove(&along).unwrap_or(ZERO);
        tangents.insert(along, of(dx, dy));
    }
    for (along, dy) in right {
        tangents.insert(along, of(ZERO, dy));
    }
    tangents.into_iter().filter(is_not_zero).collect()
}

type Terms<'a> = &'a [Expression<Symbol>];
type Term<'a> = &'a Expression<Symbol>;

/// How a function's tangent comes of those of its arguments.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tangent {
    /// By its slope along each argument, from the arguments and its value.
    Slopes(fn(Terms<'_>, Term<'_>) -> Vec<Expression<Symbol>>),
    /// It is one of them, as the arguments say. The others may be infinite, so none is multiplied.
    Selection(fn(Terms<'_>, Terms<'_>) -> Expression<Symbol>),
}

/// One per function of the language.
pub(super) mod tangents {
    use super::{
        Expression, Function, ONE, Symbol, Term, Terms, ZERO, call, difference, negated, product,
        quotient, sum,
    };

    fn argument(terms: Terms<'_>, index: usize) -> Expression<Symbol> {
        terms.get(index).cloned().unwrap_or(ZERO)
    }

    pub(in super::super) fn sqrt(_: Terms<'_>, root: Term<'_>) -> Vec<Expression<Symbol>> {
        let slope = quotient(Expression::Number(0.5), root.clone());
        vec![super::select_less(ZERO, root.clone(), slope, ZERO)]
    }

    pub(in super::super) fn exp(_: Terms<'_>, value: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![value.clone()]
    }

    pub(in super::super) fn log(x: Terms<'_>, _: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![quotient(ONE, argument(x, 0))]
    }

    pub(in super::super) fn sin(x: Terms<'_>, _: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![call(Function::COS, x.to_vec())]
    }

    pub(in super::super) fn cos(x: Terms<'_>, _: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![negated(call(Function::SIN, x.to_vec()))]
    }

    pub(in super::super) fn tan(_: Terms<'_>, value: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![sum(ONE, product(value.clone(), value.clone()))]
    }

    pub(in super::super) fn tanh(_: Terms<'_>, value: Term<'_>) -> Vec<Expression<Symbol>> {
        vec![difference(ONE, product(value.clone(), value.clone()))]
    }

    pub(in super::super) fn abs(x: Terms<'_>, dx: Terms<'_>) -> Expression<Symbol> {
        let (x, dx) = (argument(x, 0), argument(dx, 0));
        super::select_less(x, ZERO, negated(dx.clone()), dx)
    }

    pub(in super::super) fn min(x: Terms<'_>, dx: Terms<'_>) -> Expression<Symbol> {
        super::select_less(argument(x, 0), argument(x, 1), argument(dx, 0), argument(dx, 1))
    }

    pub(in super::super) fn max(x: Terms<'_>, dx: Terms<'_>) -> Expression<Symbol> {
        super::select_less(argument(x, 1), argument(x, 0), argument(dx, 0), argument(dx, 1))
    }

    pub(in super::super) fn select_less(x: Terms<'_>, dx: Terms<'_>) -> Expression<Symbol> {
        super::select_less(argument(x, 0), argument(x, 1), argument(dx, 2), argument(dx, 3))
    }

    pub(in super::super) fn pow(x: Terms<'_>, value: Term<'_>) -> Vec<Expression<Symbol>> {
        let (base, exponent) = (argument(x, 0), argument(x, 1));
        vec![slope_of_base(&base, &exponent), slope_of_exponent(base, value)]
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
    use super::super::SystemFunction;
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
        t: f64,
        states: &'a [f64],
        direction: &'a [f64],
        auxiliaries: Vec<f64>,
        parts: Vec<f64>,
    }

    impl<'a> Point<'a> {
        fn new(system: &System, states: &'a [f64], direction: &'a [f64]) -> Self {
            Self::at(0.5, system, states, direction)
        }

        fn at(t: f64, system: &System, states: &'a [f64], direction: &'a [f64]) -> Self {
            let (auxiliaries, parts) = (Vec::new(), Vec::new());
            let mut point = Self { t, states, direction, auxiliaries, parts };
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
                Expression::Symbol(Symbol::Time) => self.t,
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

    /// All entries, those that are not in the pattern zero.
    fn jacobian(system: &System, states: &[f64]) -> Vec<Vec<f64>> {
        let Jacobian { parts, entries } = system.jacobian();
        let mut rows = vec![vec![0.0; states.len()]; states.len()];
        let (places, results): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|(row, column, value)| ((row, column), value)).unzip();
        let values = Point::new(system, states, &[]).results(&Derivatives { parts, results });
        for ((row, column), value) in places.into_iter().zip(values) {
            rows[row][column] = value;
        }
        rows
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
                let columns = [
                    jacobian_vector(&system, &states, &[1.0, 0.0]),
                    jacobian_vector(&system, &states, &[0.0, 1.0]),
                ];
                assert_near(&diagonal, &[columns[0][0], columns[1][1]], 1e-14, term);
                let rows = jacobian(&system, &states);
                for row in 0..2 {
                    assert_near(&rows[row], &[columns[0][row], columns[1][row]], 1e-14, term);
                }
            }
        }
    }

    #[test]
    fn the_time_has_the_slopes_that_differences_show() {
        for term in
            ["t", "x*t^2", "sin(3*t)*y", "exp(-x*t)", "x^t", "min(x*t, y)", "y/(x + t)", "x*y"]
        {
            let equations = format!("a = {term}; dx = a*a + y; dy = x - a");
            let system = system(&equations, &["x", "y"]);
            let states = [0.75, 1.5];
            let at = |t: f64| {
                let point = Point::at(t, &system, &states, &[]);
                system.derivatives.iter().map(|right| point.value(right)).collect::<Vec<_>>()
            };
            let h = 1e-6;
            let expected: Vec<f64> =
                at(0.5 + h).iter().zip(at(0.5 - h)).map(|(a, b)| (a - b) / (2.0 * h)).collect();
            let found = Point::new(&system, &states, &[]).results(&system.time_derivative());
            assert_near(&found, &expected, 1e-8, term);
            assert_eq!(system.depends_on_time(), term != "x*y", "{term}");
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
            assert_eq!(jacobian(&system, &[0.0, 0.5])[0][0], slope, "{term}");
        }
    }

    #[test]
    fn zeros_and_ones_are_not_in_the_text() {
        let system = system("dx = 2*x - p*y + t; dy = x*y - y/p", &["x", "y"]);
        let lines = |function| -> Vec<String> {
            let text = system.function_text(function);
            let lines = text.lines().filter_map(|line| line.trim().strip_prefix("const real "));
            lines
                .filter(|line| line.starts_with("d_") || line.starts_with("j_"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(
            lines(SystemFunction::JacobianVector),
            [
                "d_x = FMA((-u_p), v_y, (REAL(2.0) * v_x));",
                "d_y = (FMA(u_x, v_y, (v_x * u_y)) - (v_y / u_p));"
            ]
        );
        assert_eq!(
            lines(SystemFunction::JacobianDiagonal),
            ["d_x = REAL(2.0);", "d_y = (u_x - (REAL(1.0) / u_p));"]
        );
        assert_eq!(
            lines(SystemFunction::Jacobian),
            [
                "j_0_0 = REAL(2.0);",
                "j_0_1 = (-u_p);",
                "j_1_0 = u_y;",
                "j_1_1 = (u_x - (REAL(1.0) / u_p));"
            ]
        );
        assert_eq!(lines(SystemFunction::TimeDerivative), ["d_x = REAL(1.0);", "d_y = REAL(0.0);"]);
    }

    #[test]
    fn what_derivatives_do_not_need_is_not_in_their_text() {
        let equations = "a = exp(x); b = exp(y); dx = a + t*y; dy = b + p";
        let system = system(equations, &["x", "y"]);
        let count = |function| system.function_text(function).matches("EXP(").count();
        // What the equations call on once is called on once.
        assert_eq!(count(SystemFunction::Jacobian), 2);
        assert_eq!(count(SystemFunction::TimeDerivative), 0);
        let text = system.function_text(SystemFunction::TimeDerivative);
        assert!(!text.contains("u_x") && !text.contains("u_p"), "{text}");
    }

    #[test]
    fn a_part_of_many_columns_is_computed_once() {
        let system = system("a = sin(x*y*p); dx = a/(1 + x*y); dy = a*y", &["x", "y"]);
        let text = system.function_text(SystemFunction::Jacobian);
        assert_eq!(text.matches("COS(").count(), 1, "{text}");
        assert_eq!(text.matches("SIN(").count(), 1, "{text}");
    }

    #[test]
    fn derivatives_are_as_long_as_the_equation() {
        let text = |factors: usize| {
            let product = vec!["(x + p)"; factors].join("*");
            let system = system(&format!("dx = {product}"), &["x"]);
            system.function_text(SystemFunction::JacobianVector).len()
        };
        assert!(text(400) < 5 * text(100), "{} from {}", text(400), text(100));
    }
}
