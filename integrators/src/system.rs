//! Systems of ordinary differential equations, written as equations.

mod differentiate;
mod emit;
mod error;
mod expression;
mod parse;
mod resolve;

use std::collections::BTreeSet;

use buffer_core::Precision;
use indexmap::IndexMap;

pub use self::error::{Excerpt, SystemError};
use self::expression::{Expression, Symbol};
use self::parse::Equation;
use crate::single;

/// A system of ordinary differential equations, checked and ready to be compiled.
///
/// ```
/// use integrators::System;
///
/// let lorenz = System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")?
///     .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
///     .constants([("sigma", 10.0), ("beta", 8.0 / 3.0)])
///     .parameters([("rho", 21.0)])
///     .build()?;
/// assert_eq!(lorenz.state_names().collect::<Vec<_>>(), ["x", "y", "z"]);
/// # Ok::<(), integrators::SystemError>(())
/// ```
///
/// # Equations
/// One per line, or separated by `;`. `dx = ...` or `d(x, t) = ...` is the derivative of the state
/// `x`; any other name on the left is an auxiliary, which other equations may use in any order.
/// There are numbers, `+ - * /`, powers as `^` or `**`, parentheses, the time `t`, and the functions
/// `sqrt exp log sin cos tan tanh abs min max pow`; `#` begins a comment.
///
/// # Arithmetic
/// What depends on numbers and constants alone is computed once, in `f64`. Whole powers up to 64 are
/// products. A sum of which one side is a product is one fused multiply-add, of the right side where
/// both are products.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    states: IndexMap<String, f64>,
    parameters: IndexMap<String, f64>,
    /// Their names; their values are in the equations.
    constants: Vec<String>,
    /// In the order of their evaluation.
    auxiliaries: Vec<Auxiliary>,
    /// One per state.
    derivatives: Vec<Expression<Symbol>>,
}

/// Derivatives of a system that kernel texts call as functions, all at a state and a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SystemFunction {
    /// `system_jacobian_vector(state, parameters, t, v, product)`: the product of the Jacobian with `v`.
    JacobianVector,
    /// `system_jacobian_diagonal(state, parameters, t, diagonal)`.
    JacobianDiagonal,
    /// `system_jacobian(state, parameters, t, jacobian)`: the entries of the
    /// [pattern](System::jacobian_pattern), in its order.
    Jacobian,
    /// `system_time_derivative(state, parameters, t, time_derivative)`: with respect to the time where
    /// it stands in the equations.
    TimeDerivative,
}

/// The entries of a Jacobian that are not zero wherever it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JacobianPattern {
    pub(crate) states: usize,
    /// Rows and columns, row by row.
    pub(crate) entries: Vec<(usize, usize)>,
}

impl JacobianPattern {
    /// The number of states: its rows, and its columns.
    pub fn states(&self) -> usize {
        self.states
    }

    /// Row and column of each entry, row by row.
    pub fn entries(&self) -> &[(usize, usize)] {
        &self.entries
    }
}

/// A value that is computed once for all its uses.
#[derive(Debug, Clone, PartialEq)]
struct Auxiliary {
    /// None for the base of a power.
    name: Option<String>,
    value: Expression<Symbol>,
}

impl System {
    /// Parses equations; the names in them are told apart by what the builder is given.
    ///
    /// # Errors
    /// [`SystemError::Syntax`], with the place of the fault.
    pub fn parse(text: &str) -> Result<SystemBuilder, SystemError> {
        // Some editors begin a file with a mark of the encoding.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(SystemBuilder {
            text: text.to_owned(),
            equations: parse::parse(text)?,
            states: Vec::new(),
            constants: Vec::new(),
            parameters: Vec::new(),
        })
    }

    /// The numbers of the equations, and of what `functions` compute, are numbers in a kernel's precision,
    /// too.
    pub(crate) fn check_numbers(
        &self,
        precision: Precision,
        functions: &BTreeSet<SystemFunction>,
    ) -> Result<(), SystemError> {
        if precision == Precision::F64 {
            return Ok(());
        }
        let check = |value: &Expression<Symbol>, part| match value
            .find_number(|number| !single::holds(number))
        {
            Some(value) => Err(SystemError::NotInF32 { value, part }),
            None => Ok(()),
        };
        let auxiliaries = self.auxiliaries.iter().map(|auxiliary| &auxiliary.value);
        auxiliaries.chain(&self.derivatives).try_for_each(|value| check(value, "equations"))?;
        let values = functions.iter().flat_map(|function| self.values_of(*function));
        values.into_iter().try_for_each(|value| check(&value, "derivatives of the equations"))
    }

    /// Which entries the Jacobian has.
    ///
    /// ```
    /// use integrators::System;
    ///
    /// let system = System::parse("dx = y; dy = -x - y^3")?.states([("x", 1.0), ("y", 0.0)]).build()?;
    /// assert_eq!(system.jacobian_pattern().entries(), [(0, 1), (1, 0), (1, 1)]);
    /// # Ok::<(), integrators::SystemError>(())
    /// ```
    pub fn jacobian_pattern(&self) -> JacobianPattern {
        let entries = self.jacobian().entries.into_iter().map(|(row, column, _)| (row, column));
        JacobianPattern { states: self.states.len(), entries: entries.collect() }
    }

    /// Whether the time stands in the equations, other than in states.
    pub fn depends_on_time(&self) -> bool {
        let auxiliaries = self.auxiliaries.iter().map(|auxiliary| &auxiliary.value);
        let mut found = false;
        for value in auxiliaries.chain(&self.derivatives) {
            value.each_symbol(&mut |symbol| found |= symbol == Symbol::Time);
        }
        found
    }

    /// The names of the states, in order.
    pub fn state_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }

    /// The names of the parameters, in order.
    pub fn parameter_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.parameters.keys().map(String::as_str)
    }

    /// What a name given to the builder is.
    pub(crate) fn kind(&self, name: &str) -> Option<&'static str> {
        if self.states.contains_key(name) {
            Some("state")
        } else if self.parameters.contains_key(name) {
            Some("parameter")
        } else {
            self.constants.iter().any(|constant| constant == name).then_some("constant")
        }
    }

    /// The initial values that runs have where a batch gives none.
    pub fn initial_values(&self) -> impl ExactSizeIterator<Item = f64> {
        self.states.values().copied()
    }

    /// The values of the parameters that runs have where a batch gives none.
    pub fn parameter_values(&self) -> impl ExactSizeIterator<Item = f64> {
        self.parameters.values().copied()
    }
}

/// Equations that wait for the meaning of their names.
#[derive(Debug, Clone)]
pub struct SystemBuilder {
    text: String,
    equations: Vec<Equation>,
    states: Vec<(String, f64)>,
    constants: Vec<(String, f64)>,
    parameters: Vec<(String, f64)>,
}

impl SystemBuilder {
    /// Adds states with their initial values.
    #[must_use]
    pub fn states<N: Into<String>>(mut self, states: impl IntoIterator<Item = (N, f64)>) -> Self {
        self.states.extend(states.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Adds constants, which are compiled into the kernel.
    #[must_use]
    pub fn constants<N: Into<String>>(
        mut self,
        constants: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        self.constants.extend(constants.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Adds parameters, which every run may set, with their usual values.
    #[must_use]
    pub fn parameters<N: Into<String>>(
        mut self,
        parameters: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        self.parameters.extend(parameters.into_iter().map(|(name, value)| (name.into(), value)));
        self
    }

    /// Checks the equations and gives every name its meaning.
    ///
    /// # Errors
    /// The first rule of a system that is broken: see [`SystemError`].
    pub fn build(self) -> Result<System, SystemError> {
        resolve::resolve(self)
    }
}
