//! Expressions, before and after their names are resolved.

/// An expression over symbols `S`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression<S> {
    Number(f64),
    Symbol(S),
    Negated(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

/// What a name in an equation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    Time,
    State(usize),
    Parameter(usize),
    Auxiliary(usize),
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

/// A function of the language: its name, its name in kernel text, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) kernel_name: &'static str,
    pub(super) value: Value,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Unary(fn(f64) -> f64),
    Binary(fn(f64, f64) -> f64),
}

impl Function {
    pub(super) const ALL: [Self; 11] = [
        Self::unary("sqrt", "SQRT", f64::sqrt),
        Self::unary("exp", "EXP", f64::exp),
        Self::unary("log", "LOG", f64::ln),
        Self::unary("sin", "SIN", f64::sin),
        Self::unary("cos", "COS", f64::cos),
        Self::unary("tan", "TAN", f64::tan),
        Self::unary("tanh", "TANH", f64::tanh),
        Self::unary("abs", "ABS", f64::abs),
        Self::binary("min", "MIN", f64::min),
        Self::binary("max", "MAX", f64::max),
        Self::POW,
    ];

    pub(super) const POW: Self = Self::binary("pow", "POW", f64::powf);

    const fn unary(name: &'static str, kernel_name: &'static str, value: fn(f64) -> f64) -> Self {
        Self { name, kernel_name, value: Value::Unary(value) }
    }

    const fn binary(
        name: &'static str,
        kernel_name: &'static str,
        value: fn(f64, f64) -> f64,
    ) -> Self {
        Self { name, kernel_name, value: Value::Binary(value) }
    }

    pub(super) fn arity(&self) -> usize {
        match self.value {
            Value::Unary(_) => 1,
            Value::Binary(_) => 2,
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
