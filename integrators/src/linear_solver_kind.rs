//! The solvers of linear systems, by name.

use crate::System;
use crate::factories::{LinearSolver, Lu, MinimalResidual};

/// What finds the solutions of an implicit method's linear systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinearSolverKind {
    Lu,
    MinimalResidual,
}

/// The most states for which elimination is the default.
const MOST_STATES: usize = 32;

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

    /// Elimination where its text is not long: it does not fail, whatever the rates.
    pub(crate) fn default_for(system: &System) -> Self {
        if system.state_names().len() <= MOST_STATES { Self::Lu } else { Self::MinimalResidual }
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
