//! What a solve gives back.

use std::fmt;
use std::time::Duration;

use ndarray::{Array3, ArrayView3, Axis, CowArray, Ix2, Ix3};

/// How a run ended; it prints as the names of what came in its way.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub(crate) i32);

impl Status {
    /// A state, or what a step made of it, was infinite or not a number. From there on its rows hold NaN.
    pub const NON_FINITE: Self = Self(1);
    /// No step was short enough for the tolerance: it would not have moved the time. The rows from
    /// there on hold NaN. The solution may have a pole there, or jump.
    pub const STEP_TOO_SMALL: Self = Self(2);
    /// The run had not ended after as many steps, accepted or not, as it might try; the rows from there
    /// on hold NaN. A larger tolerance, a method for stiff systems, or more steps may help.
    pub const TOO_MANY_STEPS: Self = Self(4);
    /// A stage of an implicit method was not solved in as many corrections as there may be; the rows
    /// from there on hold NaN. Shorter steps, or a larger tolerance of the solver, may help.
    pub const NEWTON_ITERATIONS: Self = Self(8);
    /// A correction to a stage was not found in as many iterations of the linear solver as there may
    /// be; the rows from there on hold NaN. Shorter steps may help.
    pub const LINEAR_ITERATIONS: Self = Self(16);
    /// The corrections to a stage grew, or stopped to shrink; the rows from there on hold NaN. Shorter
    /// steps may help.
    pub const NEWTON_DIVERGENCE: Self = Self(32);
    /// A linear system of an implicit method had a pivot of which only rounding was left; the rows from
    /// there on hold NaN. Shorter steps, or the other linear solver, may help.
    pub const SINGULAR: Self = Self(64);
    /// The solve was interrupted before it came to the run, or while it was at it; all its rows hold
    /// NaN. See [`SolveError::Interrupted`](crate::SolveError::Interrupted).
    pub const UNSOLVED: Self = Self(1 << 30);

    const NAMES: [(Self, &str); 8] = [
        (Self::NON_FINITE, "not finite"),
        (Self::STEP_TOO_SMALL, "step too small"),
        (Self::TOO_MANY_STEPS, "too many steps"),
        (Self::NEWTON_ITERATIONS, "stage not solved"),
        (Self::LINEAR_ITERATIONS, "linear system not solved"),
        (Self::NEWTON_DIVERGENCE, "stage diverged"),
        (Self::SINGULAR, "singular linear system"),
        (Self::UNSOLVED, "unsolved"),
    ];

    /// Whether the run reached its end.
    pub fn is_success(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_success() {
            return f.write_str("success");
        }
        let is_set = |(status, _): &&(Self, _)| self.0 & status.0 != 0;
        let names: Vec<_> = Self::NAMES.iter().filter(is_set).map(|&(_, name)| name).collect();
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({self})")
    }
}

/// The states of all runs, in the precision of the solve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum States {
    F32(Array3<f32>),
    F64(Array3<f64>),
}

/// The steps that runs took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StepCounts {
    /// Equal ones, and equally many.
    Fixed { step: f64, steps: u64 },
    /// As many as a tolerance needed: accepted, and tried.
    Adaptive { steps: Vec<i32>, attempts: Vec<i32> },
}

/// The results of a solve.
#[derive(Debug, Clone)]
pub struct Solution {
    pub(crate) states: States,
    pub(crate) times: Vec<f64>,
    pub(crate) status: Vec<Status>,
    pub(crate) steps: StepCounts,
    pub(crate) wall_time: Duration,
}

impl Solution {
    /// All saved states, of shape (rows, states, runs), in `f64`. A view where the solve was in
    /// `f64`, else a copy.
    pub fn states(&self) -> CowArray<'_, f64, Ix3> {
        match &self.states {
            States::F32(states) => states.mapv(f64::from).into(),
            States::F64(states) => states.view().into(),
        }
    }

    /// All saved states, of shape (rows, states, runs), where the solve was in `f32`.
    pub fn states_f32(&self) -> Option<ArrayView3<'_, f32>> {
        match &self.states {
            States::F32(states) => Some(states.view()),
            States::F64(_) => None,
        }
    }

    /// The last saved states, of shape (states, runs), in `f64`.
    pub fn end_states(&self) -> CowArray<'_, f64, Ix2> {
        let last = self.times.len().saturating_sub(1);
        match &self.states {
            States::F32(states) => states.index_axis(Axis(0), last).mapv(f64::from).into(),
            States::F64(states) => states.index_axis(Axis(0), last).into(),
        }
    }

    /// The times of the rows.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// How each run ended.
    pub fn status(&self) -> &[Status] {
        &self.status
    }

    /// The number of runs.
    pub fn runs(&self) -> usize {
        self.status.len()
    }

    /// The step that was taken where all are equal: the one asked for, or less, so that whole steps
    /// reach each row.
    pub fn step(&self) -> Option<f64> {
        match self.steps {
            StepCounts::Fixed { step, .. } => Some(step),
            StepCounts::Adaptive { .. } => None,
        }
    }

    /// How many steps each run took; where all are equal, those of a run that reaches its end.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = u64> {
        (0..self.runs()).map(|run| match &self.steps {
            StepCounts::Fixed { steps, .. } => *steps,
            StepCounts::Adaptive { steps, .. } => count(steps, run),
        })
    }

    /// How many steps each run tried: those that it took, and those whose error was not tolerated.
    pub fn attempts(&self) -> impl ExactSizeIterator<Item = u64> {
        (0..self.runs()).map(|run| match &self.steps {
            StepCounts::Fixed { steps, .. } => *steps,
            StepCounts::Adaptive { attempts, .. } => count(attempts, run),
        })
    }

    /// The time from the call to the result.
    pub fn wall_time(&self) -> Duration {
        self.wall_time
    }
}

fn count(counts: &[i32], run: usize) -> u64 {
    counts.get(run).map_or(0, |&count| u64::from(count.cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_prints_what_came_in_the_way() {
        assert_eq!(Status(0).to_string(), "success");
        assert_eq!(format!("{:?}", Status::UNSOLVED), "Status(unsolved)");
        let both = Status(Status::SINGULAR.0 | Status::NON_FINITE.0);
        assert_eq!(both.to_string(), "not finite, singular linear system");
    }
}
