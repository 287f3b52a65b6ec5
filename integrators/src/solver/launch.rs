//! One launch: the tables of a chunk of runs, and the kernel's arguments.

use std::ops::Range;

use buffer_core::Precision;
use bytemuck::Pod;
use bytemuck::allocation::try_zeroed_slice_box;

use super::SolveError;
use crate::batch::{Input, Inputs};
use crate::device::Kernel;
use crate::device::arguments::Arguments;
use crate::schedule::{Schedule, Steps};
use crate::solution::Status;

/// A real of some precision.
pub(super) trait Scalar: Pod {
    const PRECISION: Precision;

    fn of(value: f64) -> Self;
}

impl Scalar for f32 {
    const PRECISION: Precision = Precision::F32;

    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Scalar for f64 {
    const PRECISION: Precision = Precision::F64;

    fn of(value: f64) -> Self {
        value
    }
}

/// A table of zeros. Of a large one the system makes pages when they are first written, so by the
/// threads that write them.
pub(super) fn zeros<T: Pod>(shape: &[usize]) -> Result<Vec<T>, SolveError> {
    let elements = shape.iter().try_fold(1, |product: usize, &length| product.checked_mul(length));
    let elements = elements.ok_or(SolveError::TooManyRuns)?;
    let table = try_zeroed_slice_box(elements).map_err(|()| SolveError::TooManyRuns)?;
    Ok(table.into_vec())
}

/// The runs whose tables take about `bytes`, and which a kernel's integers can count.
pub(super) fn chunk_runs<T>(inputs: &Inputs<'_>, rows: usize, bytes: usize) -> usize {
    let inputs_of_run = inputs.states.len() + inputs.parameters.len();
    let reals = rows.saturating_mul(inputs.states.len()).saturating_add(inputs_of_run);
    let run_bytes = reals.saturating_mul(size_of::<T>()).saturating_add(3 * size_of::<i32>());
    (bytes / run_bytes).clamp(1, i32::MAX as usize)
}

/// How runs ended, each by a table of one value per run.
#[derive(Debug, Default)]
pub(super) struct Ends<T> {
    pub(super) status: T,
    /// Accepted steps; empty where all are equal.
    pub(super) steps: T,
    /// All steps that were tried; empty where all are equal.
    pub(super) attempts: T,
}

impl Ends<Vec<i32>> {
    pub(super) fn new(runs: usize, steps: Steps) -> Result<Self, SolveError> {
        let counted = if matches!(steps, Steps::Adaptive(_)) { runs } else { 0 };
        Ok(Self {
            status: zeros(&[runs])?,
            steps: zeros(&[counted])?,
            attempts: zeros(&[counted])?,
        })
    }

    /// Says of the runs from `begin` on that nothing solved them: their saved states are no numbers,
    /// and their steps none.
    pub(super) fn mark_unsolved<T: Scalar>(&mut self, states: &mut [T], begin: usize) {
        for row in states.chunks_exact_mut(self.status.len()) {
            row.get_mut(begin..).unwrap_or_default().fill(T::of(f64::NAN));
        }
        for counts in [&mut self.steps, &mut self.attempts] {
            counts.get_mut(begin..).unwrap_or_default().fill(0);
        }
        self.status.get_mut(begin..).unwrap_or_default().fill(Status::UNSOLVED.0);
    }

    /// Those of some of the runs.
    pub(super) fn of(&mut self, runs: &Range<usize>) -> Ends<&mut [i32]> {
        Ends {
            status: self.status.get_mut(runs.clone()).unwrap_or_default(),
            steps: self.steps.get_mut(runs.clone()).unwrap_or_default(),
            attempts: self.attempts.get_mut(runs.clone()).unwrap_or_default(),
        }
    }
}

/// Steps below this are not worth their time, whatever the time is: 28 decades short of the time
/// between save points, or so short that a kernel cannot compute with them.
fn smallest_step(precision: Precision, interval: f64) -> f64 {
    let computable = match precision {
        Precision::F32 => f64::from(f32::MIN_POSITIVE) * 1e6,
        Precision::F64 => f64::MIN_POSITIVE * 1e6,
    };
    (interval * 1e-28).max(computable)
}

/// The inputs of a chunk of runs.
pub(super) struct Tables<T> {
    runs: usize,
    /// Values from row to row of every table.
    stride: usize,
    initial_states: Vec<T>,
    parameters: Vec<T>,
}

impl<T: Scalar> Tables<T> {
    pub(super) fn new(
        inputs: &Inputs<'_>,
        runs: Range<usize>,
        stride: usize,
    ) -> Result<Self, SolveError> {
        Ok(Self {
            runs: runs.len(),
            stride,
            initial_states: table(&inputs.states, &runs, stride)?,
            parameters: table(&inputs.parameters, &runs, stride)?,
        })
    }

    /// Runs the kernel: `states` gets the saved states of all runs, its rows `stride` values apart,
    /// and `ends` how each ended.
    pub(super) fn launch(
        &self,
        kernel: &Kernel,
        schedule: &Schedule,
        states: &mut [T],
        ends: Ends<&mut [i32]>,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), SolveError> {
        let mut arguments = Arguments::new()
            .input(&self.initial_states)
            .input(&self.parameters)
            .output(states)
            .output(ends.status)
            .pair(T::PRECISION, schedule.start)
            .pair(T::PRECISION, schedule.interval)
            .integer(self.runs as i64)
            .integer(self.stride as i64)
            .integer(schedule.rows() as i64)
            .integer(schedule.intervals as i64);
        arguments = match schedule.steps {
            Steps::Fixed(steps) => {
                arguments.pair(T::PRECISION, schedule.interval / steps as f64).integer(steps as i64)
            }
            Steps::Adaptive(control) => arguments
                .output(ends.steps)
                .output(ends.attempts)
                .pair(T::PRECISION, control.tolerance.atol)
                .pair(T::PRECISION, control.tolerance.rtol)
                .pair(T::PRECISION, control.first_step.unwrap_or_default())
                .pair(T::PRECISION, smallest_step(T::PRECISION, schedule.interval))
                .pair(T::PRECISION, schedule.longest_step())
                .integer(control.max_steps as i64),
        };
        // SAFETY: these are the fields of `kernels/arguments.cuh` with those of the loop, in order, and
        // a `BatchKernel` around the loop for these steps wrote the text. It reads one value per input
        // and run, and writes `rows` times one value per state and run and one of each end per run, at
        // the run's own index; the tables were made for the same system, with rows of `stride` values,
        // which is no less than the number of runs.
        unsafe { kernel.launch(&mut arguments, self.runs, progress)? };
        Ok(())
    }
}

fn table<T: Scalar>(
    inputs: &[Input<'_>],
    runs: &Range<usize>,
    stride: usize,
) -> Result<Vec<T>, SolveError> {
    let mut table = zeros(&[inputs.len(), stride])?;
    for (row, input) in table.chunks_exact_mut(stride).zip(inputs) {
        for (value, run) in row.iter_mut().zip(runs.clone()) {
            *value = T::of(input.value(run));
        }
    }
    Ok(table)
}
