//! From a system to the kernel text of its right-hand side and of its derivatives.

use std::collections::HashSet;

use super::differentiate::{Derivatives, Jacobian};
use super::expression::{Expression, Operator, Symbol};
use super::{System, SystemFunction};

/// A function of more lines is compiled once, not wherever it is called.
const LONG: usize = 64;

/// A value that a function writes: the name of its variable, and what it is.
type Output<'a> = (String, &'a Expression<Symbol>);

impl System {
    /// The text of `system_derivatives`, which the factories' texts call.
    ///
    /// Everything is read before anything is written, so a caller may pass one buffer twice.
    pub fn kernel_text(&self) -> String {
        let outputs = self.of_states(&self.derivatives);
        format!(
            "enum {{ system_states = {} }};\n{}",
            self.states.len(),
            self.function("system_derivatives", "BUFFER(real) derivatives", &[], &outputs)
        )
    }

    /// The text of derivatives that factories' texts call. Everything is read before anything is
    /// written.
    pub fn function_text(&self, function: SystemFunction) -> String {
        match function {
            SystemFunction::JacobianVector => {
                let arguments = "BUFFER(const real) v, BUFFER(real) product";
                self.derivatives_text("system_jacobian_vector", arguments, &self.jacobian_vector())
            }
            SystemFunction::JacobianDiagonal => {
                let arguments = "BUFFER(real) diagonal";
                let diagonal = self.jacobian_diagonal();
                self.derivatives_text("system_jacobian_diagonal", arguments, &diagonal)
            }
            SystemFunction::Jacobian => self.jacobian_text(),
            SystemFunction::TimeDerivative => {
                let arguments = "BUFFER(real) time_derivative";
                let derivative = self.time_derivative();
                self.derivatives_text("system_time_derivative", arguments, &derivative)
            }
        }
    }

    fn derivatives_text(&self, name: &str, arguments: &str, derivatives: &Derivatives) -> String {
        let Derivatives { parts, results } = derivatives;
        self.function(name, arguments, parts, &self.of_states(results))
    }

    fn jacobian_text(&self) -> String {
        let Jacobian { parts, entries } = self.jacobian();
        let outputs: Vec<_> = entries
            .iter()
            .map(|(row, column, value)| (format!("j_{row}_{column}"), value))
            .collect();
        format!(
            "enum {{ system_jacobian_entries = {} }};\n{}",
            entries.len(),
            self.function("system_jacobian", "BUFFER(real) jacobian", &parts, &outputs)
        )
    }

    fn of_states<'a>(&self, values: &'a [Expression<Symbol>]) -> Vec<Output<'a>> {
        self.state_names().map(|name| format!("d_{name}")).zip(values).collect()
    }

    /// The text of a function of the state, the parameters and the time, which writes `outputs` into
    /// the last of its arguments. What they do not need is not in it.
    fn function(
        &self,
        name: &str,
        arguments: &str,
        parts: &[Expression<Symbol>],
        outputs: &[Output<'_>],
    ) -> String {
        let used = self.used(parts, outputs);
        let define = |symbol: Symbol, value: String| {
            used.contains(&symbol).then(|| format!("const real {} = {value};", self.symbol(symbol)))
        };
        let states = 0..self.states.len();
        let parameters = 0..self.parameters.len();
        let lines = states
            .clone()
            .filter_map(|index| define(Symbol::State(index), format!("state[{index}]")))
            .chain(parameters.filter_map(|index| {
                define(Symbol::Parameter(index), format!("parameters[{index}]"))
            }))
            .chain(
                states.filter_map(|index| define(Symbol::Direction(index), format!("v[{index}]"))),
            )
            .chain(self.auxiliaries.iter().enumerate().filter_map(|(index, auxiliary)| {
                define(Symbol::Auxiliary(index), self.expression(&auxiliary.value))
            }))
            .chain(
                parts
                    .iter()
                    .enumerate()
                    .filter_map(|(index, part)| define(Symbol::Part(index), self.expression(part))),
            )
            .chain(
                outputs.iter().map(|(name, value)| {
                    format!("const real {name} = {};", self.expression(value))
                }),
            );
        let result = arguments.rsplit(' ').next().unwrap_or_default();
        let writes = outputs
            .iter()
            .enumerate()
            .map(|(index, (name, _))| format!("{result}[{index}] = {name};"));
        let lines: Vec<String> = lines.chain(writes).map(|line| format!("    {line}\n")).collect();
        let linkage = if lines.len() > LONG { "SEPARATE" } else { "INLINE" };
        let lines = lines.concat();
        format!(
            "{linkage} void {name}(BUFFER(const real) state, BUFFER(const real) parameters, real t,\n\
             \x20   {arguments})\n\
             {{\n\
             {lines}\
             }}\n"
        )
    }

    /// The symbols that outputs depend on.
    fn used(&self, parts: &[Expression<Symbol>], outputs: &[Output<'_>]) -> HashSet<Symbol> {
        let mut used = HashSet::new();
        for (_, value) in outputs {
            value.each_symbol(&mut |symbol| {
                used.insert(symbol);
            });
        }
        let auxiliaries = self.auxiliaries.iter().map(|auxiliary| &auxiliary.value).enumerate();
        let auxiliaries = auxiliaries.map(|(index, value)| (Symbol::Auxiliary(index), value));
        let parts = parts.iter().enumerate().map(|(index, part)| (Symbol::Part(index), part));
        // Each depends on those before it alone.
        for (symbol, value) in auxiliaries.chain(parts).rev() {
            if used.contains(&symbol) {
                value.each_symbol(&mut |symbol| {
                    used.insert(symbol);
                });
            }
        }
        used
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
