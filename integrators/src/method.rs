//! The methods of integration, by name.

use crate::System;
use crate::factories::{BoxedFactory, Dirk, Erk, ExplicitEuler, NewtonKrylov, RosenbrockW};
use crate::linear_solver_kind::LinearSolverKind;
use crate::tableau::{self, Embedded, RosenbrockTableau, Tableau};
use crate::tolerance::Tolerance;

/// A method of integration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method(Family);

/// A method by what makes its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    ExplicitEuler,
    Erk(Tableau),
    Dirk(Tableau),
    RosenbrockW(RosenbrockTableau),
}

/// All methods.
///
/// ```
/// let adaptive = integrators::methods().filter(|method| method.is_adaptive());
/// assert!(adaptive.into_iter().any(|method| method.name() == "tsit5"));
/// ```
pub fn methods() -> impl Iterator<Item = Method> {
    let explicit = tableau::EXPLICIT.into_iter().map(Family::Erk);
    let implicit = tableau::IMPLICIT.into_iter().map(Family::Dirk);
    let rosenbrock = tableau::ROSENBROCK.into_iter().map(Family::RosenbrockW);
    let methods = [Family::ExplicitEuler].into_iter().chain(explicit).chain(implicit);
    methods.chain(rosenbrock).map(Method)
}

impl Method {
    /// The name.
    pub fn name(&self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }

    /// The names that a solver knows it by, [`name`](Self::name) first.
    pub fn names(&self) -> &'static [&'static str] {
        match self.0 {
            Family::ExplicitEuler => &["euler", "explicit-euler"],
            Family::Erk(tableau) | Family::Dirk(tableau) => tableau.names,
            Family::RosenbrockW(tableau) => tableau.names,
        }
    }

    /// The order of convergence.
    pub fn order(&self) -> usize {
        match self.0 {
            Family::ExplicitEuler => 1,
            Family::Erk(tableau) | Family::Dirk(tableau) => tableau.order,
            Family::RosenbrockW(tableau) => tableau.order,
        }
    }

    /// Whether it solves equations in each step, as stiff systems need it.
    pub fn is_implicit(&self) -> bool {
        matches!(self.0, Family::Dirk(_) | Family::RosenbrockW(_))
    }

    /// Whether its equations are solved in iterations over a linear solver, and not at once.
    pub(crate) fn iterates_over(&self, linear_solver: LinearSolverKind) -> bool {
        match self.0 {
            Family::ExplicitEuler | Family::Erk(_) => false,
            Family::Dirk(_) => true,
            Family::RosenbrockW(_) => linear_solver == LinearSolverKind::MinimalResidual,
        }
    }

    /// Whether it estimates its error, so that steps can be chosen by a tolerance.
    pub fn is_adaptive(&self) -> bool {
        self.embedded().is_some()
    }

    /// The name of the controller that takes the fewest steps with it.
    pub(crate) fn default_controller(&self) -> &'static str {
        match self.0 {
            Family::Dirk(_) => "pi",
            Family::ExplicitEuler | Family::Erk(_) | Family::RosenbrockW(_) => "i",
        }
    }

    fn embedded(&self) -> Option<Embedded> {
        match self.0 {
            Family::ExplicitEuler => None,
            Family::Erk(tableau) | Family::Dirk(tableau) => tableau.embedded,
            Family::RosenbrockW(tableau) => Some(tableau.embedded),
        }
    }

    /// The power of a step's length that its error estimate grows with, where it has one.
    pub(crate) fn error_power(&self) -> Option<usize> {
        self.embedded().map(|embedded| 1 + embedded.order.min(self.order()))
    }

    /// A step for a system, which estimates its error where `adapts` says so and the method can. Where
    /// there are equations, they are solved to a tolerance, over a linear solver that is fit for the
    /// system where none is given.
    pub(crate) fn step(
        &self,
        system: &System,
        adapts: bool,
        solver_tolerance: Tolerance,
        linear_solver: Option<LinearSolverKind>,
    ) -> BoxedFactory {
        let n = system.state_names().len();
        let linear_solver =
            || linear_solver.unwrap_or_else(|| LinearSolverKind::default_for(system));
        let estimate = self.embedded().filter(|_| adapts);
        match self.0 {
            Family::ExplicitEuler => Box::new(ExplicitEuler),
            Family::Erk(tableau) => Box::new(Erk::new(n, tableau, estimate)),
            Family::Dirk(tableau) => {
                let linear_solver = linear_solver().inside_newton(system);
                let solver = NewtonKrylov::new(n, solver_tolerance, linear_solver);
                Box::new(Dirk::new(n, tableau, estimate, solver))
            }
            Family::RosenbrockW(tableau) => {
                let solver = linear_solver().alone(system);
                let timed = system.depends_on_time();
                Box::new(RosenbrockW::new(n, timed, tableau, estimate, solver, solver_tolerance))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_in_lower_case_and_tell_methods_apart() {
        let mut seen = HashSet::new();
        for name in methods().flat_map(|method| method.names()) {
            assert_eq!(*name, name.to_ascii_lowercase());
            assert!(seen.insert(name), "two methods are `{name}`");
        }
    }
}
