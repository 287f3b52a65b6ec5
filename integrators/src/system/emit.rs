//! From a system to the kernel text of its right-hand side and of its derivatives.

use super::System;
use super::differentiate::Derivatives;
use super::expression::{Expression, Operator, Symbol};

impl System {
    /// The text of `system_derivatives`, which the factories' texts call.
    ///
    /// Everything is read before anything is written, so a caller may pass one buffer twice.
    pub fn kernel_text(&self) -> String {
        let values = self.state_names().zip(&self.derivatives).map(|(name, derivative)| {
            format!("const real d_{name} = {};", self.expression(derivative))
        });
        let writes = self
            .state_names()
            .enumerate()
            .map(|(index, name)| format!("derivatives[{index}] = d_{name};"));
        let lines = self.values().chain(values).chain(writes);
        format!(
            "enum {{ system_states = {} }};\n{}",
            self.states.len(),
            function("system_derivatives", "BUFFER(real) derivatives", lines)
        )
    }

    /// The text of `system_jacobian_vector`, the product of the Jacobian with a vector, and of
    /// `system_jacobian_diagonal`. Everything is read before anything is written.
    pub fn jacobian_text(&self) -> String {
        let direction = self
            .state_names()
            .enumerate()
            .map(|(index, name)| format!("const real v_{name} = v[{index}];"));
        let product = self.values().chain(direction).chain(self.results(&self.jacobian_vector()));
        let diagonal = self.values().chain(self.results(&self.jacobian_diagonal()));
        function("system_jacobian_vector", "BUFFER(const real) v, BUFFER(real) result", product)
            + &function("system_jacobian_diagonal", "BUFFER(real) result", diagonal)
    }

    /// Lines that name the values of states, parameters and auxiliaries.
    fn values(&self) -> impl Iterator<Item = String> {
        let states = self.state_names().enumerate();
        let parameters = self.parameter_names().enumerate();
        states
            .map(|(index, name)| format!("const real u_{name} = state[{index}];"))
            .chain(
                parameters
                    .map(|(index, name)| format!("const real u_{name} = parameters[{index}];")),
            )
            .chain(self.auxiliaries.iter().enumerate().map(|(index, auxiliary)| {
                let name = self.symbol(Symbol::Auxiliary(index));
                format!("const real {name} = {};", self.expression(&auxiliary.value))
            }))
    }

    /// Lines that write derivatives into `result`.
    fn results(&self, derivatives: &Derivatives) -> Vec<String> {
        let parts = derivatives.parts.iter().enumerate().map(|(index, part)| {
            let name = self.symbol(Symbol::Part(index));
            format!("const real {name} = {};", self.expression(part))
        });
        let values = derivatives
            .results
            .iter()
            .zip(self.state_names())
            .map(|(value, name)| format!("const real d_{name} = {};", self.expression(value)));
        let writes = self
            .state_names()
            .enumerate()
            .map(|(index, name)| format!("result[{index}] = d_{name};"));
        parts.chain(values).chain(writes).collect()
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
            Symbol::Direction(index) => {
                self.state_names().nth(index).map(|name| format!("v_{name}"))
            }
            Symbol::Part(index) => Some(format!("part_{index}")),
        }
        .unwrap_or_else(|| "t".to_owned())
    }

    fn expression(&self, expression: &Expression<Symbol>) -> String {
        self.term(expression).text()
    }

    /// The text of an expression. A sum is as deep as it is long, so left sides are walked.
    fn term(&self, expression: &Expression<Symbol>) -> Term {
        let mut first = expression;
        let mut rest = Vec::new();
        while let Expression::Binary(operator, left, right) = first {
            rest.push((*operator, right));
            first = left;
        }
        let first = match first {
            Expression::Number(value) => Term::Number(*value),
            Expression::Symbol(symbol) => Term::Text(self.symbol(*symbol)),
            Expression::Negated(operand) => Term::Text(self.term(operand).negated()),
            Expression::Binary(..) => Term::Text(self.expression(first)),
            Expression::Call(function, arguments) => {
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.expression(argument)).collect();
                Term::Text(format!("{}({})", function.kernel_name, arguments.join(", ")))
            }
        };
        rest.into_iter()
            .rev()
            .fold(first, |left, (operator, right)| left.combined(operator, self.term(right)))
    }
}

/// The text of a function of the state and the time.
fn function(name: &str, outputs: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("    {line}\n")).collect();
    format!(
        "INLINE void {name}(BUFFER(const real) state, BUFFER(const real) parameters, real t,\n\
         \x20   {outputs})\n\
         {{\n\
         {lines}\
         }}\n"
    )
}

/// The text of an expression, as far as its place in a larger one may change it.
enum Term {
    Number(f64),
    Text(String),
    /// Part of a fused multiply-add, if it is added to something.
    Product(Box<Self>, String),
}

impl Term {
    fn text(self) -> String {
        match self {
            Self::Number(value) => format!("REAL({value:?})"),
            Self::Text(text) => text,
            Self::Product(left, right) => format!("({} * {right})", left.text()),
        }
    }

    fn negated(self) -> String {
        match self {
            Self::Number(value) => Self::Number(-value).text(),
            other => format!("(-{})", other.text()),
        }
    }

    fn combined(self, operator: Operator, right: Self) -> Self {
        let text = match (operator, self, right) {
            (Operator::Times, left, right) => {
                return Self::Product(Box::new(left), right.text());
            }
            (Operator::Plus, sum, Self::Product(a, b))
            | (Operator::Plus, Self::Product(a, b), sum) => {
                format!("FMA({}, {b}, {})", a.text(), sum.text())
            }
            (Operator::Minus, sum, Self::Product(a, b)) => {
                format!("FMA({}, {b}, {})", a.negated(), sum.text())
            }
            (Operator::Minus, Self::Product(a, b), right) => {
                format!("FMA({}, {b}, {})", a.text(), right.negated())
            }
            (Operator::Plus, left, right) => format!("({} + {})", left.text(), right.text()),
            (Operator::Minus, left, right) => format!("({} - {})", left.text(), right.text()),
            (Operator::Divided, left, right) => format!("({} / {})", left.text(), right.text()),
            (Operator::Power, base, exponent) => {
                format!("POW({}, {})", base.text(), exponent.text())
            }
        };
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of `dx`, as text.
    fn emitted(equations: &str) -> String {
        let system = System::parse(&format!("{equations}\ndy = 0"))
            .unwrap()
            .states([("x", 0.0), ("y", 0.0)])
            .constants([("k", 4.0)])
            .parameters([("p", 0.0)])
            .build()
            .unwrap();
        let text = system.kernel_text();
        let line = text.lines().find_map(|line| line.trim().strip_prefix("const real d_x = "));
        line.unwrap().trim_end_matches(';').to_owned()
    }

    #[test]
    fn a_sum_with_a_product_is_one_fused_multiply_add() {
        for (equation, expected) in [
            ("dx = x*y + p", "FMA(u_x, u_y, u_p)"),
            ("dx = p + x*y", "FMA(u_x, u_y, u_p)"),
            ("dx = x*y + p*x", "FMA(u_p, u_x, (u_x * u_y))"),
            ("dx = x*y - p", "FMA(u_x, u_y, (-u_p))"),
            ("dx = p - x*y", "FMA((-u_x), u_y, u_p)"),
            ("dx = x*y - k*x", "FMA(REAL(-4.0), u_x, (u_x * u_y))"),
            ("dx = x + y - p", "((u_x + u_y) - u_p)"),
            ("dx = k*(x - y)", "(REAL(4.0) * (u_x - u_y))"),
            ("dx = x/y + p", "((u_x / u_y) + u_p)"),
        ] {
            assert_eq!(emitted(equation), expected, "{equation}");
        }
    }

    #[test]
    fn constants_are_folded_and_whole_powers_are_products() {
        for (equation, expected) in [
            ("dx = 2*k/8 - x", "(REAL(1.0) - u_x)"),
            ("a = sqrt(k)\ndx = a*x", "(REAL(2.0) * u_x)"),
            ("dx = x^3", "((u_x * u_x) * u_x)"),
            ("dx = x^-2", "(REAL(1.0) / (u_x * u_x))"),
            ("dx = (x + y)^2", "(base_0 * base_0)"),
            ("dx = x^p", "POW(u_x, u_p)"),
            ("dx = min(t, -(-x))", "MIN(t, u_x)"),
        ] {
            assert_eq!(emitted(equation), expected, "{equation}");
        }
    }
}
