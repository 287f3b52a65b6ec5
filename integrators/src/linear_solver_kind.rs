//! The solvers of linear systems, by name.

use crate::System;
use crate::factories::{LinearSolver, Lu, MinimalResidual};

/// What finds the solutions of an implicit method's linear systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinearSolverKind {
    Lu,
    MinimalResidual,
}

/// The most states, and the most operations, for which elimination is the default. Each operation is text
/// of its own, and a thousand of them take a second to compile.
const MOST_STATES: usize = 64;
const MOST_OPERATIONS: usize = 1024;

/// The part of a residual that may be left to the next correction.
const NEWTON_REDUCTION: f64 = 1e-3;

impl LinearSolverKind {
    pub(crate) const ALL: [Self; 2] = [Self::Lu, Self::MinimalResidual];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lu => "lu",
            Self::MinimalResidual => "minimal_residual",
        }
    }

    /// Elimination where its text is not long: it does not fail, however far apart rates are.
    pub(crate) fn default_for(system: &System) -> Self {
        let few_states = system.state_names().len() <= MOST_STATES;
        if few_states && Lu::new(&system.jacobian_pattern()).operations() <= MOST_OPERATIONS {
            Self::Lu
        } else {
            Self::MinimalResidual
        }
    }

    /// The solver inside Newton's method, which corrects what is left.
    pub(crate) fn inside_newton(self, system: &System) -> Box<dyn LinearSolver + Send + Sync> {
        self.factory(system, NEWTON_REDUCTION)
    }

    /// The solver of a method that corrects nothing.
    pub(crate) fn alone(self, system: &System) -> Box<dyn LinearSolver + Send + Sync> {
        self.factory(system, 0.0)
    }

    fn factory(self, system: &System, reduction: f64) -> Box<dyn LinearSolver + Send + Sync> {
        match self {
            Self::Lu => Box::new(Lu::new(&system.jacobian_pattern())),
            Self::MinimalResidual => {
                Box::new(MinimalResidual::new(system.state_names().len(), reduction))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(states: usize, uses: impl Fn(usize, usize) -> bool) -> System {
        let names: Vec<String> = (0..states).map(|i| format!("x{i}")).collect();
        let equation = |(i, name): (usize, &String)| {
            let used = names.iter().enumerate().filter(|(j, _)| uses(i, *j));
            let terms: String = used.map(|(_, other)| format!(" - {other}")).collect();
            format!("d{name} = 1{terms}\n")
        };
        let equations: String = names.iter().enumerate().map(equation).collect();
        let states = names.iter().map(|name| (name.as_str(), 0.0));
        System::parse(&equations).unwrap().states(states).build().unwrap()
    }

    #[test]
    fn small_and_sparse_systems_are_eliminated() {
        let default = |states, uses: fn(usize, usize) -> bool| {
            LinearSolverKind::default_for(&system(states, uses))
        };
        assert_eq!(default(14, |_, _| true), LinearSolverKind::Lu);
        assert_eq!(default(15, |_, _| true), LinearSolverKind::MinimalResidual);
        assert_eq!(default(64, |i, j| i.abs_diff(j) <= 1), LinearSolverKind::Lu);
        assert_eq!(default(65, |i, j| i == j), LinearSolverKind::MinimalResidual);
    }
}
