//! Solving batches of runs.

mod builder;
mod cuda_report;
mod error;
mod launch;
mod placement;
mod sanitized;

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use buffer_core::{Layout, Precision};
use ndarray::Array3;

pub use self::builder::SolverBuilder;
pub use self::cuda_report::CudaReport;
pub use self::error::SolveError;
use self::launch::{Ends, Scalar, Tables};
pub use self::placement::{Placement, PlacementReport};
pub use self::sanitized::Sanitized;
use crate::batch::{Batch, Inputs};
use crate::device::{Device, Kernel, KernelSource};
use crate::schedule::{Schedule, Stepping, Steps};
use crate::solution::{Solution, States, Status, StepCounts};
use crate::system::System;

/// A compiled solver for one system.
///
/// ```
/// use integrators::{Batch, Solver, System};
///
/// let decay = System::parse("dx = -k*x")?.states([("x", 1.0)]).parameters([("k", 1.0)]).build()?;
/// let solver = Solver::builder(&decay).method("rk4").dt(0.01).build()?;
/// let solution = solver.solve(Batch::grid().parameter("k", [1.0, 2.0]), 0.0..1.0)?;
/// let end = solution.end_states();
/// assert!((end[[0, 0]] - (-1.0_f64).exp()).abs() < 1e-9);
/// assert!((end[[0, 1]] - (-2.0_f64).exp()).abs() < 1e-8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Solver {
    system: System,
    device: Device,
    layout: Arc<Layout>,
    source: KernelSource,
    kernel: Kernel,
    stepping: Stepping,
    save_every: Option<f64>,
    /// What one launch moves; none where it takes all runs.
    chunk_bytes: Option<usize>,
}

/// What came of a batch.
struct Solved<T> {
    states: Array3<T>,
    ends: Ends<Vec<i32>>,
    /// How many runs were solved, where not all were, and what came in the way.
    interruption: Option<(usize, SolveError)>,
}

impl Solver {
    /// A solver for `system`, to be set up.
    pub fn builder(system: &System) -> SolverBuilder {
        SolverBuilder::new(system.clone())
    }

    /// Solves every run of a batch over a span of time.
    ///
    /// # Errors
    /// [`SolveError::Interrupted`] where some runs were solved, which it holds; all others where none
    /// were.
    pub fn solve(
        &self,
        batch: impl Borrow<Batch>,
        span: Range<f64>,
    ) -> Result<Solution, SolveError> {
        self.solve_with_progress(batch, span, |_, _| {})
    }

    /// Solves, and tells from time to time how many runs of how many are done. Threads of the host
    /// call `progress` side by side, so the numbers may come out of order.
    ///
    /// # Errors
    /// [`SolveError::Interrupted`] where some runs were solved, which it holds; all others where none
    /// were.
    pub fn solve_with_progress(
        &self,
        batch: impl Borrow<Batch>,
        span: Range<f64>,
        progress: impl Fn(usize, usize) + Sync,
    ) -> Result<Solution, SolveError> {
        let start = Instant::now();
        let schedule = Schedule::new(&span, self.stepping, self.save_every)?;
        schedule.check_times(self.source.precision)?;
        let inputs = Inputs::new(batch.borrow(), &self.system)?;
        let done = AtomicUsize::new(0);
        let progress = |more: usize| {
            progress(done.fetch_add(more, Ordering::Relaxed) + more, inputs.runs);
        };
        let (states, ends, interruption) = match self.source.precision {
            Precision::F32 => {
                let solved = self.run::<f32>(&inputs, &schedule, &progress)?;
                (States::F32(solved.states), solved.ends, solved.interruption)
            }
            Precision::F64 => {
                let solved = self.run::<f64>(&inputs, &schedule, &progress)?;
                (States::F64(solved.states), solved.ends, solved.interruption)
            }
        };
        let solution = Solution {
            states,
            times: schedule.times().collect(),
            status: ends.status.into_iter().map(Status).collect(),
            steps: match schedule.steps {
                Steps::Fixed(steps) => StepCounts::Fixed {
                    step: schedule.interval / steps as f64,
                    steps: (steps * schedule.intervals) as u64,
                },
                Steps::Adaptive(_) => {
                    StepCounts::Adaptive { steps: ends.steps, attempts: ends.attempts }
                }
            },
            wall_time: start.elapsed(),
        };
        match interruption {
            None => Ok(solution),
            Some((solved, error)) => Err(SolveError::Interrupted {
                solved,
                runs: inputs.runs,
                solution: Box::new(solution),
                error: Box::new(error),
            }),
        }
    }

    /// Solves all runs, chunk by chunk, up to the first chunk that fails.
    fn run<T: Scalar>(
        &self,
        inputs: &Inputs<'_>,
        schedule: &Schedule,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Solved<T>, SolveError> {
        let (rows, states) = (schedule.rows(), inputs.states.len());
        let mut ends = Ends::new(inputs.runs, schedule.steps)?;
        let mut all = launch::zeros(&[rows, states, inputs.runs])?;
        let mut interruption = None;
        let bytes = match self.chunk_bytes {
            Some(bytes) => self.device.launch_bytes(bytes)?,
            None => usize::MAX,
        };
        let chunk = launch::chunk_runs::<T>(inputs, rows, bytes);
        if chunk >= inputs.runs && self.stride::<T>(inputs.runs) == inputs.runs {
            let tables = Tables::new(inputs, 0..inputs.runs, inputs.runs)?;
            let all_ends = ends.of(&(0..inputs.runs));
            tables.launch(&self.kernel, schedule, &mut all, all_ends, progress)?;
        } else {
            for begin in (0..inputs.runs).step_by(chunk) {
                let runs = begin..inputs.runs.min(begin + chunk);
                let solved = self.run_chunk(inputs, runs, schedule, &mut all, &mut ends, progress);
                match solved {
                    Ok(()) => {}
                    Err(error) if begin == 0 => return Err(error),
                    Err(error) => {
                        ends.mark_unsolved(&mut all, begin);
                        interruption = Some((begin, error));
                        break;
                    }
                }
            }
        }
        let states = Array3::from_shape_vec((rows, states, inputs.runs), all)
            .map_err(|_| SolveError::TooManyRuns)?;
        Ok(Solved { states, ends, interruption })
    }

    /// Solves a chunk of the runs, into their places among all.
    fn run_chunk<T: Scalar>(
        &self,
        inputs: &Inputs<'_>,
        runs: Range<usize>,
        schedule: &Schedule,
        all: &mut [T],
        ends: &mut Ends<Vec<i32>>,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), SolveError> {
        let stride = self.stride::<T>(runs.len());
        let tables = Tables::new(inputs, runs.clone(), stride)?;
        let mut part = launch::zeros(&[schedule.rows(), inputs.states.len(), stride])?;
        let part_ends = ends.of(&runs);
        tables.launch(&self.kernel, schedule, &mut part, part_ends, progress)?;
        let rows_of_all = all.chunks_exact_mut(inputs.runs);
        for (row, part_row) in rows_of_all.zip(part.chunks_exact(stride)) {
            let places = row.get_mut(runs.clone()).unwrap_or_default();
            places.iter_mut().zip(part_row).for_each(|(place, value)| *place = *value);
        }
        Ok(())
    }

    /// Values from row to row of the device's tables, of which each row begins as it should.
    fn stride<T>(&self, runs: usize) -> usize {
        runs.next_multiple_of((self.device.row_alignment() / size_of::<T>()).max(1))
    }

    /// Where the buffers of the kernel lie; its `Display` is a table.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The kernel's text.
    pub fn kernel_text(&self) -> &str {
        &self.source.text
    }

    /// The compiled kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What runs it.
    pub fn device(&self) -> &Device {
        &self.device
    }
}
