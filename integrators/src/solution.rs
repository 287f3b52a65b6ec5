//! What a solve gives back.

use std::time::Duration;

use ndarray::{Array3, ArrayView3, Axis, CowArray, Ix2, Ix3};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub(crate) i32);

impl Status {
    /// A state was infinite or not a number at a save point. From there on its rows hold NaN.
    pub const NON_FINITE: Self = Self(1);
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

    /// Whether the run reached its end.
    pub fn is_success(self) -> bool {
        self.0 == 0
    }
}

/// The states of all runs, in the precision of the solve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum States {
    F32(Array3<f32>),
    F64(Array3<f64>),
}

/// The results of a solve.
#[derive(Debug, Clone)]
pub struct Solution {
    pub(crate) states: States,
    pub(crate) times: Vec<f64>,
    pub(crate) status: Vec<Status>,
    pub(crate) step: f64,
    pub(crate) steps: u64,
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

    /// The step that was taken: the one asked for, or less, so that whole steps reach each row.
    pub fn step(&self) -> f64 {
        self.step
    }

    /// The steps of one run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The time from the call to the result.
    pub fn wall_time(&self) -> Duration {
        self.wall_time
    }
}
