//! From equations and the meaning of their names to a system: the rules, and constant folding.

use indexmap::IndexMap;

use super::error::{Excerpt, SystemError};
use super::expression::{Expression, Function, Operator, Symbol, Value};
use super::parse::{Equation, Left, Name};
use super::{Auxiliary, System, SystemBuilder};
use crate::suggest::nearest;

/// The largest whole power that becomes products.
const LARGEST_POWER: f64 = 64.0;

/// Checks the rules of a system, one by one, and resolves its names.
pub(super) fn resolve(builder: SystemBuilder) -> Result<System, SystemError> {
    let SystemBuilder { text, equations, states, constants, parameters } = builder;
    check_states(&states)?;
    let mut names = Names { text: &text, known: IndexMap::new() };
    for (index, (name, _)) in states.iter().enumerate() {
        names.define(name, Meaning::Symbol(Symbol::State(index)))?;
    }
    for (name, value) in &constants {
        check_constant(name, *value)?;
        names.define(name, Meaning::Constant(*value))?;
    }
    for (index, (name, _)) in parameters.iter().enumerate() {
        names.define(name, Meaning::Symbol(Symbol::Parameter(index)))?;
    }

    let mut derivatives: IndexMap<&str, &Equation> = IndexMap::new();
    let mut auxiliaries: IndexMap<&str, &Equation> = IndexMap::new();
    for equation in &equations {
        let state = match &equation.left {
            Left::Derivative(name) => {
                check_state(name, equation, &states, &text)?;
                Some(name.as_str())
            }
            Left::Name(name) => name.strip_prefix('d').filter(|rest| is_state(rest, &states)),
        };
        let previous = match (&equation.left, state) {
            (_, Some(state)) => derivatives.insert(state, equation),
            (Left::Name(name) | Left::Derivative(name), None) => auxiliaries.insert(name, equation),
        };
        check_single(previous, equation, &text)?;
    }
    for name in auxiliaries.keys() {
        names.define(name, Meaning::Pending)?;
    }
    let missing: Vec<_> = states
        .iter()
        .filter(|(state, _)| !derivatives.contains_key(state.as_str()))
        .map(|(state, _)| format!("d{state}"))
        .collect();
    for (name, equation) in &auxiliaries {
        check_spelling(name, equation, &equations, &missing, &text)?;
    }

    let mut resolver = Resolver { names, equations: auxiliaries, done: Vec::new() };
    resolver.auxiliaries()?;
    let derivatives = states
        .iter()
        .map(|(name, _)| match derivatives.get(name.as_str()) {
            Some(equation) => resolver.equation(equation),
            None => Err(SystemError::NoEquation { name: name.clone() }),
        })
        .collect::<Result<_, _>>()?;
    Ok(System {
        auxiliaries: resolver.done,
        derivatives,
        states: states.into_iter().collect(),
        parameters: parameters.into_iter().collect(),
        constants: constants.into_iter().map(|(name, _)| name).collect(),
    })
}

fn is_state(name: &str, states: &[(String, f64)]) -> bool {
    states.iter().any(|(state, _)| state == name)
}

/// A system has states.
fn check_states(states: &[(String, f64)]) -> Result<(), SystemError> {
    if states.is_empty() { Err(SystemError::NoStates) } else { Ok(()) }
}

/// Constants are finite.
fn check_constant(name: &str, value: f64) -> Result<(), SystemError> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(SystemError::NonFiniteConstant { name: name.to_owned(), value })
    }
}

/// What has a derivative is a state.
fn check_state(
    name: &str,
    equation: &Equation,
    states: &[(String, f64)],
    text: &str,
) -> Result<(), SystemError> {
    if is_state(name, states) {
        return Ok(());
    }
    Err(SystemError::UnknownState {
        name: name.to_owned(),
        known: states.iter().map(|(state, _)| state.clone()).collect(),
        at: Excerpt::new(text, equation.offset),
    })
}

/// Nothing has two equations.
fn check_single(
    previous: Option<&Equation>,
    equation: &Equation,
    text: &str,
) -> Result<(), SystemError> {
    match (previous, &equation.left) {
        (None, _) => Ok(()),
        (Some(_), Left::Derivative(name) | Left::Name(name)) => {
            let at = Excerpt::new(text, equation.offset);
            Err(SystemError::DuplicateEquation { name: name.clone(), at })
        }
    }
}

/// An auxiliary that nothing uses, and whose name is near to what a state without equation lacks, is
/// that state's derivative with a misspelled name.
fn check_spelling(
    name: &str,
    equation: &Equation,
    equations: &[Equation],
    missing: &[String],
    text: &str,
) -> Result<(), SystemError> {
    if !name.starts_with('d') || equations.iter().any(|other| uses(&other.right, name)) {
        return Ok(());
    }
    match nearest(name, missing.iter().map(String::as_str)) {
        Some(meant) => Err(SystemError::MisspelledDerivative {
            name: name.to_owned(),
            meant,
            at: Excerpt::new(text, equation.offset),
        }),
        None => Ok(()),
    }
}

fn uses(expression: &Expression<Name>, name: &str) -> bool {
    match expression {
        Expression::Number(_) => false,
        Expression::Symbol(symbol) => symbol.text == name,
        Expression::Negated(operand) => uses(operand, name),
        Expression::Binary(_, left, right) => uses(left, name) || uses(right, name),
        Expression::Call(_, arguments) => arguments.iter().any(|argument| uses(argument, name)),
    }
}

/// What is known of a name.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Symbol(Symbol),
    Constant(f64),
    /// An auxiliary whose equation is not resolved yet.
    Pending,
}

impl Meaning {
    fn describe(self) -> &'static str {
        match self {
            Self::Symbol(Symbol::Time) => "the time",
            Self::Symbol(Symbol::State(_)) => "a state",
            Self::Symbol(Symbol::Parameter(_)) => "a parameter",
            Self::Constant(_) => "a constant",
            Self::Symbol(Symbol::Auxiliary(_) | Symbol::Direction(_) | Symbol::Part(_))
            | Self::Pending => "an auxiliary",
        }
    }
}

struct Names<'t> {
    text: &'t str,
    known: IndexMap<String, Meaning>,
}

impl Names<'_> {
    fn define(&mut self, name: &str, meaning: Meaning) -> Result<(), SystemError> {
        check_name(name)?;
        match self.known.insert(name.to_owned(), meaning) {
            None => Ok(()),
            Some(first) => Err(SystemError::DuplicateName {
                name: name.to_owned(),
                first: first.describe(),
                second: meaning.describe(),
            }),
        }
    }

    fn meaning(&self, name: &Name) -> Result<Meaning, SystemError> {
        if name.text == "t" {
            return Ok(Meaning::Symbol(Symbol::Time));
        }
        self.known.get(&name.text).copied().ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &Name) -> SystemError {
        SystemError::UnknownSymbol {
            name: name.text.clone(),
            known: self.known.keys().cloned().collect(),
            at: Excerpt::new(self.text, name.offset),
        }
    }
}

/// A name is an identifier that means nothing else in equations.
fn check_name(name: &str) -> Result<(), SystemError> {
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on = characters.all(|next| next.is_ascii_alphanumeric() || next == '_');
    let meaning = match name {
        _ if !(starts && goes_on) => return Err(SystemError::NotAName { name: name.to_owned() }),
        "t" => "the time",
        _ if Function::ALL.iter().any(|function| function.name == name) => "a function",
        _ => return Ok(()),
    };
    Err(SystemError::ReservedName { name: name.to_owned(), meaning })
}

/// Resolves equations: first the auxiliaries, then what uses them.
struct Resolver<'t> {
    names: Names<'t>,
    equations: IndexMap<&'t str, &'t Equation>,
    done: Vec<Auxiliary>,
}

impl<'t> Resolver<'t> {
    /// Resolves each auxiliary after those that it uses. Their faults are faults even where nothing
    /// uses them.
    fn auxiliaries(&mut self) -> Result<(), SystemError> {
        let all: Vec<_> =
            self.equations.iter().map(|(&name, &equation)| (name, equation)).collect();
        for first in all {
            // The auxiliaries on the way, each needed by the one before.
            let mut path = vec![first];
            while let Some(&(name, equation)) = path.last() {
                if let Some(needed) = self.pending(&equation.right) {
                    self.check_cycle(&path, needed)?;
                    path.push(needed);
                } else {
                    self.auxiliary(name, equation)?;
                    path.pop();
                }
            }
        }
        Ok(())
    }

    /// An auxiliary in an expression that is not resolved yet.
    fn pending(&self, expression: &Expression<Name>) -> Option<(&'t str, &'t Equation)> {
        match expression {
            Expression::Number(_) => None,
            Expression::Symbol(name) => match self.names.known.get(&name.text)? {
                Meaning::Pending => {
                    self.equations.get_key_value(name.text.as_str()).map(|(&name, &of)| (name, of))
                }
                Meaning::Symbol(_) | Meaning::Constant(_) => None,
            },
            Expression::Negated(operand) => self.pending(operand),
            Expression::Binary(_, left, right) => {
                self.pending(left).or_else(|| self.pending(right))
            }
            Expression::Call(_, arguments) => {
                arguments.iter().find_map(|argument| self.pending(argument))
            }
        }
    }

    /// An auxiliary does not depend on itself.
    fn check_cycle(
        &self,
        path: &[(&str, &Equation)],
        needed: (&str, &Equation),
    ) -> Result<(), SystemError> {
        let (name, equation) = needed;
        let Some(start) = path.iter().position(|(other, _)| *other == name) else {
            return Ok(());
        };
        let cycle = path.iter().skip(start).chain([&needed]);
        Err(SystemError::Cycle {
            name: name.to_owned(),
            path: cycle.map(|(name, _)| (*name).to_owned()).collect(),
            at: Excerpt::new(self.names.text, equation.offset),
        })
    }

    fn auxiliary(&mut self, name: &str, equation: &Equation) -> Result<(), SystemError> {
        let meaning = match self.names.known.get(name) {
            Some(Meaning::Pending) => match self.equation(equation)? {
                Expression::Number(value) => Meaning::Constant(value),
                value => Meaning::Symbol(self.define(Some(name.to_owned()), value)),
            },
            // Another one needed it before.
            _ => return Ok(()),
        };
        self.names.known.insert(name.to_owned(), meaning);
        Ok(())
    }

    fn equation(&mut self, equation: &Equation) -> Result<Expression<Symbol>, SystemError> {
        let before = self.done.len();
        let value = self.expression(&equation.right)?;
        let bases = self.done.iter().skip(before).map(|base| &base.value);
        bases.chain([&value]).try_for_each(|part| check_value(part, equation, self.names.text))?;
        Ok(value)
    }

    /// Resolves an expression. A sum is as deep as it is long, so left sides are walked.
    fn expression(&mut self, from: &Expression<Name>) -> Result<Expression<Symbol>, SystemError> {
        let mut first = from;
        let mut rest = Vec::new();
        while let Expression::Binary(operator, left, right) = first {
            rest.push((*operator, right));
            first = left;
        }
        let mut value = self.operand(first)?;
        for (operator, right) in rest.into_iter().rev() {
            let right = self.expression(right)?;
            value = match operator {
                Operator::Power => self.power(value, right),
                operator => binary(operator, value, right),
            };
        }
        Ok(value)
    }

    fn operand(&mut self, from: &Expression<Name>) -> Result<Expression<Symbol>, SystemError> {
        Ok(match from {
            Expression::Number(value) => Expression::Number(*value),
            Expression::Symbol(name) => match self.names.meaning(name)? {
                Meaning::Symbol(symbol) => Expression::Symbol(symbol),
                Meaning::Constant(value) => Expression::Number(value),
                Meaning::Pending => return Err(self.names.unknown(name)),
            },
            Expression::Negated(operand) => negated(self.expression(operand)?),
            Expression::Binary(..) => self.expression(from)?,
            Expression::Call(function, arguments) => {
                let mut resolved = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    resolved.push(self.expression(argument)?);
                }
                match <[_; 2]>::try_from(resolved) {
                    Ok([base, exponent]) if *function == Function::POW => {
                        self.power(base, exponent)
                    }
                    Ok(both) => call(*function, both.into()),
                    Err(resolved) => call(*function, resolved),
                }
            }
        })
    }

    fn define(&mut self, name: Option<String>, value: Expression<Symbol>) -> Symbol {
        self.done.push(Auxiliary { name, value });
        Symbol::Auxiliary(self.done.len() - 1)
    }

    /// Whole powers become products, by squaring.
    fn power(
        &mut self,
        base: Expression<Symbol>,
        exponent: Expression<Symbol>,
    ) -> Expression<Symbol> {
        let whole = match exponent {
            Expression::Number(power) if power.fract() == 0.0 && power.abs() <= LARGEST_POWER => {
                power
            }
            _ => return call(Function::POW, vec![base, exponent]),
        };
        let base = match base {
            Expression::Number(_) => return binary(Operator::Power, base, exponent),
            Expression::Symbol(_) => base,
            other => Expression::Symbol(self.define(None, other)),
        };
        let power = product_of(&base, whole.abs() as u32);
        if whole < 0.0 { binary(Operator::Divided, Expression::Number(1.0), power) } else { power }
    }
}

/// `base` multiplied with itself; the compiler computes equal factors once.
fn product_of(base: &Expression<Symbol>, power: u32) -> Expression<Symbol> {
    match power {
        0 => Expression::Number(1.0),
        1 => base.clone(),
        odd if odd % 2 == 1 => binary(Operator::Times, product_of(base, odd - 1), base.clone()),
        even => {
            let half = product_of(base, even / 2);
            binary(Operator::Times, half.clone(), half)
        }
    }
}

/// What depends on constants alone has a value.
fn check_value(
    value: &Expression<Symbol>,
    equation: &Equation,
    text: &str,
) -> Result<(), SystemError> {
    match value {
        Expression::Number(value) if !value.is_finite() => Err(SystemError::NonFiniteValue {
            value: *value,
            at: Excerpt::new(text, equation.offset),
        }),
        Expression::Number(_) | Expression::Symbol(_) => Ok(()),
        Expression::Negated(operand) => check_value(operand, equation, text),
        Expression::Binary(_, left, right) => {
            check_value(left, equation, text)?;
            check_value(right, equation, text)
        }
        Expression::Call(_, arguments) => {
            arguments.iter().try_for_each(|argument| check_value(argument, equation, text))
        }
    }
}

pub(super) fn negated(operand: Expression<Symbol>) -> Expression<Symbol> {
    match operand {
        Expression::Number(value) => Expression::Number(-value),
        Expression::Negated(inner) => *inner,
        other => Expression::Negated(Box::new(other)),
    }
}

/// What has no value is left as it is, for [`check_value`] to find.
fn binary(
    operator: Operator,
    left: Expression<Symbol>,
    right: Expression<Symbol>,
) -> Expression<Symbol> {
    match (left, right) {
        (Expression::Number(left), Expression::Number(right))
            if left.is_finite() && right.is_finite() =>
        {
            Expression::Number(operator.apply(left, right))
        }
        (left, right) => Expression::Binary(operator, Box::new(left), Box::new(right)),
    }
}

pub(super) fn call(function: Function, arguments: Vec<Expression<Symbol>>) -> Expression<Symbol> {
    match (function.value, arguments.as_slice()) {
        (Value::Unary(value), [Expression::Number(x)]) if x.is_finite() => {
            Expression::Number(value(*x))
        }
        (Value::Binary(value), [Expression::Number(x), Expression::Number(y)])
            if x.is_finite() && y.is_finite() =>
        {
            Expression::Number(value(*x, *y))
        }
        _ => Expression::Call(function, arguments),
    }
}
