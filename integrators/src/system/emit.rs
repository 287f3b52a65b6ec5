//! From a system to the kernel text of its right-hand side.

use super::System;
use super::expression::{Expression, Operator, Symbol};

impl System {
    /// The text of `system_derivatives`, which the factories' texts call.
    ///
    /// Everything is read before anything is written, so a caller may pass one buffer twice.
    pub(crate) fn kernel_text(&self) -> String {
        let states = self.states.keys().enumerate();
        let parameters = self.parameters.keys().enumerate();
        let auxiliaries = self.auxiliaries.iter().enumerate();
        let lines = states
            .clone()
            .map(|(index, name)| format!("const real u_{name} = state[{index}];"))
            .chain(
                parameters
                    .map(|(index, name)| format!("const real u_{name} = parameters[{index}];")),
            )
            .chain(auxiliaries.map(|(index, auxiliary)| {
                let name = self.symbol(Symbol::Auxiliary(index));
                format!("const real {name} = {};", self.expression(&auxiliary.value))
            }))
            .chain(self.state_names().zip(&self.derivatives).map(|(name, derivative)| {
                format!("const real d_{name} = {};", self.expression(derivative))
            }))
            .chain(states.map(|(index, name)| format!("derivatives[{index}] = d_{name};")))
            .map(|line| format!("    {line}\n"));
        format!(
            "enum {{ system_states = {} }};\n\
             INLINE void system_derivatives(BUFFER(const real) state, BUFFER(const real) parameters,\n\
             \x20                              real t, BUFFER(real) derivatives)\n\
             {{\n\
             {}\
             }}\n",
            self.states.len(),
            lines.collect::<String>()
        )
    }

    /// The name of a symbol in kernel text. The prefix keeps users' names apart from ours.
    fn symbol(&self, symbol: Symbol) -> String {
        let user = |name: Option<&str>| name.map(|name| format!("u_{name}"));
        match symbol {
            Symbol::Time => None,
            Symbol::State(index) => user(self.state_names().nth(index)),
            Symbol::Parameter(index) => user(self.parameter_names().nth(index)),
            Symbol::Auxiliary(index) => {
                let name =
                    self.auxiliaries.get(index).and_then(|auxiliary| auxiliary.name.as_deref());
                user(name).or_else(|| Some(format!("base_{index}")))
            }
        }
        .unwrap_or_else(|| "t".to_owned())
    }

    fn expression(&self, expression: &Expression<Symbol>) -> String {
        match expression {
            Expression::Number(value) => format!("REAL({value:?})"),
            Expression::Symbol(symbol) => self.symbol(*symbol),
            Expression::Negated(operand) => self.negated(operand),
            Expression::Binary(Operator::Plus, left, right) => {
                match (product(left), product(right)) {
                    (_, Some((a, b))) => self.fused(self.expression(a), b, self.expression(left)),
                    (Some((a, b)), None) => {
                        self.fused(self.expression(a), b, self.expression(right))
                    }
                    (None, None) => self.infix(left, '+', right),
                }
            }
            Expression::Binary(Operator::Minus, left, right) => {
                match (product(left), product(right)) {
                    (_, Some((a, b))) => self.fused(self.negated(a), b, self.expression(left)),
                    (Some((a, b)), None) => self.fused(self.expression(a), b, self.negated(right)),
                    (None, None) => self.infix(left, '-', right),
                }
            }
            Expression::Binary(Operator::Times, left, right) => self.infix(left, '*', right),
            Expression::Binary(Operator::Divided, left, right) => self.infix(left, '/', right),
            Expression::Binary(Operator::Power, base, exponent) => {
                format!("POW({}, {})", self.expression(base), self.expression(exponent))
            }
            Expression::Call(function, arguments) => {
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.expression(argument)).collect();
                format!("{}({})", function.kernel_name, arguments.join(", "))
            }
        }
    }

    fn fused(&self, a: String, b: &Expression<Symbol>, sum: String) -> String {
        format!("FMA({a}, {}, {sum})", self.expression(b))
    }

    fn infix(
        &self,
        left: &Expression<Symbol>,
        operator: char,
        right: &Expression<Symbol>,
    ) -> String {
        format!("({} {operator} {})", self.expression(left), self.expression(right))
    }

    fn negated(&self, operand: &Expression<Symbol>) -> String {
        match operand {
            Expression::Number(value) => format!("REAL({:?})", -value),
            Expression::Negated(inner) => self.expression(inner),
            other => format!("(-{})", self.expression(other)),
        }
    }
}

fn product(expression: &Expression<Symbol>) -> Option<(&Expression<Symbol>, &Expression<Symbol>)> {
    match expression {
        Expression::Binary(Operator::Times, left, right) => Some((left, right)),
        _ => None,
    }
}
