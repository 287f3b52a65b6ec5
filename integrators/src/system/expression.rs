//! Expressions, before and after their names are resolved.

use super::differentiate::Tangent::{self, Selection, Slopes};
use super::differentiate::tangents;

/// An expression over symbols `S`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression<S> {
    Number(f64),
    Symbol(S),
    Negated(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

impl<S> Expression<S> {
    /// The first number for which `wanted` holds.
    pub(super) fn find_number(&self, wanted: fn(f64) -> bool) -> Option<f64> {
        match self {
            Self::Number(value) => wanted(*value).then_some(*value),
            Self::Symbol(_) => None,
            Self::Negated(operand) => operand.find_number(wanted),
            Self::Binary(_, left, right) => {
                left.find_number(wanted).or_else(|| right.find_number(wanted))
            }
            Self::Call(_, arguments) => {
                arguments.iter().find_map(|argument| argument.find_number(wanted))
            }
        }
    }
}

impl<S: Copy> Expression<S> {
    /// Visits every symbol, as often as it occurs.
    pub(super) fn each_symbol(&self, visit: &mut impl FnMut(S)) {
        match self {
            Self::Number(_) => (),
            Self::Symbol(symbol) => visit(*symbol),
            Self::Negated(operand) => operand.each_symbol(visit),
            Self::Binary(_, left, right) => {
                left.each_symbol(visit);
                right.each_symbol(visit);
            }
            Self::Call(_, arguments) => {
                for argument in arguments {
                    argument.each_symbol(visit);
                }
            }
        }
    }
}

/// What a name in an equation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Symbol {
    Time,
    State(usize),
    Parameter(usize),
    Auxiliary(usize),
    /// An element of the vector along which derivatives are taken.
    Direction(usize),
    /// A part of derivatives that has a name of its own.
    Part(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Divided,
    Power,
}

impl Operator {
    pub(super) fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Plus => left + right,
            Self::Minus => left - right,
            Self::Times => left * right,
            Self::Divided => left / right,
            Self::Power => left.powf(right),
        }
    }
}

/// A function of the language: its name, its name in kernel text, its value, and its tangent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) kernel_name: &'static str,
    pub(super) value: Value,
    pub(super) tangent: Tangent,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Unary(fn(f64) -> f64),
    Binary(fn(f64, f64) -> f64),
    /// The third argument where the first is less than the second, else the fourth.
    Selection,
}

impl Function {
    pub(super) const ALL: [Self; 11] = [
        Self::unary("sqrt", "SQRT", f64::sqrt, Slopes(tangents::sqrt)),
        Self::unary("exp", "EXP", f64::exp, Slopes(tangents::exp)),
        Self::LOG,
        Self::SIN,
        Self::COS,
        Self::unary("tan", "TAN", f64::tan, Slopes(tangents::tan)),
        Self::unary("tanh", "TANH", f64::tanh, Slopes(tangents::tanh)),
        Self::ABS,
        Self::binary("min", "MIN", f64::min, Selection(tangents::min)),
        Self::binary("max", "MAX", f64::max, Selection(tangents::max)),
        Self::POW,
    ];

    pub(super) const LOG: Self = Self::unary("log", "LOG", f64::ln, Slopes(tangents::log));
    pub(super) const SIN: Self = Self::unary("sin", "SIN", f64::sin, Slopes(tangents::sin));
    pub(super) const COS: Self = Self::unary("cos", "COS", f64::cos, Slopes(tangents::cos));
    pub(super) const ABS: Self = Self::unary("abs", "ABS", f64::abs, Selection(tangents::abs));
    pub(super) const POW: Self = Self::binary("pow", "POW", f64::powf, Slopes(tangents::pow));

    /// What derivatives need beyond the language.
    pub(super) const SELECT_LESS: Self = Self {
        name: "",
        kernel_name: "SELECT_LESS",
        value: Value::Selection,
        tangent: Selection(tangents::select_less),
    };

    const fn unary(
        name: &'static str,
        kernel_name: &'static str,
        value: fn(f64) -> f64,
        tangent: Tangent,
    ) -> Self {
        Self { name, kernel_name, value: Value::Unary(value), tangent }
    }

    const fn binary(
        name: &'static str,
        kernel_name: &'static str,
        value: fn(f64, f64) -> f64,
        tangent: Tangent,
    ) -> Self {
        Self { name, kernel_name, value: Value::Binary(value), tangent }
    }

    pub(super) fn arity(&self) -> usize {
        match self.value {
            Value::Unary(_) => 1,
            Value::Binary(_) => 2,
            Value::Selection => 4,
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
