//! What a solver refuses.

use buffer_core::{BufferError, OccupancyError, Precision};
use thiserror::Error;

use crate::device::DeviceError;
use crate::help::did_you_mean;
use crate::solution::Solution;
use crate::system::SystemError;

/// What a solver refuses, or what stops it. Nothing was solved when one is returned, but for
/// [`Interrupted`](Self::Interrupted).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SolveError {
    /// The method does not exist.
    #[error("unknown method `{given}`{}\nhelp: methods are {}", did_you_mean(given, known.iter().copied()), known.join(", "))]
    UnknownMethod {
        /// The name given.
        given: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// The linear solver does not exist.
    #[error("unknown linear solver `{given}`{}\nhelp: linear solvers are {}", did_you_mean(given, known.iter().copied()), known.join(", "))]
    UnknownLinearSolver {
        /// The name given.
        given: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// Something is said of the equations of a method that has none.
    #[error(
        "`{setting}` is about the equations of implicit methods, and `{method}` is explicit\nhelp: remove it, or use an implicit method: {}",
        implicit.join(", ")
    )]
    NotImplicit {
        /// What was set.
        setting: &'static str,
        /// The method.
        method: String,
        /// The methods that solve equations.
        implicit: Vec<&'static str>,
    },
    /// A tolerance is given for equations that are solved without one.
    #[error(
        "`.solver_tolerance(...)` is about solutions in iterations, and `{method}` solves its equations at once, by `{linear_solver}`\nhelp: remove it, or use `.linear_solver(\"minimal_residual\")`"
    )]
    NothingIterates {
        /// The method.
        method: String,
        /// What solves its linear equations.
        linear_solver: &'static str,
    },
    /// Neither a step was given nor a tolerance.
    #[error(
        "how long the steps of `{method}` are was not given\nhelp: add {}`.dt(...)`",
        if *adapts { "`.tolerance(...)` or " } else { "" }
    )]
    NoStep {
        /// The method.
        method: String,
        /// Whether a tolerance can choose its steps.
        adapts: bool,
    },
    /// Both a step was given and a tolerance.
    #[error(
        "both a fixed step was given and a tolerance, which chooses steps\nhelp: remove `.dt(...)`, or the tolerance"
    )]
    StepAndTolerance,
    /// No tolerance can choose the steps of the method.
    #[error(
        "`{method}` does not estimate its error, so that no tolerance can choose its steps\nhelp: give `.dt(...)` instead; methods that do are {}",
        adaptive.join(", ")
    )]
    NotAdaptive {
        /// The method.
        method: String,
        /// The methods whose steps a tolerance can choose.
        adaptive: Vec<&'static str>,
    },
    /// Something is said of steps that a tolerance chooses, and there is none.
    #[error(
        "`{setting}` is about steps that a tolerance chooses, and none was given\nhelp: add `.tolerance(...)`, or remove it"
    )]
    NeedsTolerance {
        /// What was set.
        setting: &'static str,
    },
    /// A tolerance is none.
    #[error(
        "a tolerance `{what}` of {value:?} is none in {precision}\nhelp: give a number from {least:?} to {most:?}"
    )]
    Tolerance {
        /// `atol`, `rtol` or `solver_tolerance`.
        what: &'static str,
        /// The tolerance.
        value: f64,
        /// The least that the precision can hold or keep.
        least: f64,
        /// The most that is a tolerance.
        most: f64,
        /// The precision of the solve.
        precision: Precision,
    },
    /// A first step is no length of time.
    #[error(
        "{first_step:?} is no step to begin with\nhelp: give a finite time above 0, or leave it out"
    )]
    FirstStep {
        /// The step.
        first_step: f64,
    },
    /// A longest step is no length of time.
    #[error(
        "steps cannot be at most {max_step:?} long\nhelp: give a finite time above 0, or leave it out"
    )]
    MaxStep {
        /// The step.
        max_step: f64,
    },
    /// A run cannot try so many steps.
    #[error("a run cannot try at most {max_steps} steps\nhelp: give a number from 1 to 2147483647")]
    MaxSteps {
        /// The number.
        max_steps: usize,
    },
    /// The controller does not exist.
    #[error("unknown controller `{given}`{}\nhelp: controllers are {}", did_you_mean(given, known.iter().copied()), known.join(", "))]
    UnknownController {
        /// The name given.
        given: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// The step is not a length of time within the span.
    #[error(
        "the step {dt} does not fit into a span of {length}\nhelp: give a step above 0, and not above the span"
    )]
    Step {
        /// The step.
        dt: f64,
        /// The length of the span.
        length: f64,
    },
    /// The time between save points is not a length of time within the span.
    #[error(
        "saving every {save_every} does not fit into a span of {length}\nhelp: give a time above 0, and not above the span, or leave it out to save the end alone"
    )]
    SaveEvery {
        /// The time between save points.
        save_every: f64,
        /// The length of the span.
        length: f64,
    },
    /// The span is empty, goes backward, or is not finite.
    #[error(
        "{start}..{end} is not a span of time\nhelp: begin before the end, with finite numbers"
    )]
    Span {
        /// The start.
        start: f64,
        /// The end.
        end: f64,
    },
    /// A kernel cannot count so far.
    #[error(
        "{intervals} save points with {steps} steps before each are more than a kernel can count\nhelp: both must be less than 2147483647; save more often, or take longer steps"
    )]
    TooManySteps {
        /// The save points.
        intervals: f64,
        /// The steps before each.
        steps: f64,
    },
    /// A time of the solve is infinite or zero in `f32`.
    #[error(
        "the {what} {value:?} cannot be held in f32\nhelp: use `Precision::F64`, or another unit of time"
    )]
    TimeNotInF32 {
        /// What it is.
        what: &'static str,
        /// The time.
        value: f64,
    },
    /// The batch has no runs.
    #[error("the batch has no runs: there are no values for `{name}`\nhelp: give at least one")]
    NoRuns {
        /// What has no values.
        name: String,
    },
    /// The batch or its results are larger than memory.
    #[error("the batch does not fit into memory\nhelp: use fewer runs, or save less often")]
    TooManyRuns,
    /// Zipped values are not equally many.
    #[error(
        "`{name}` has {length} values for {runs} runs\nhelp: zipped values are equally many, or a single one; `Batch::grid()` combines all with all"
    )]
    UnequalLengths {
        /// What has them.
        name: String,
        /// How many there are.
        length: usize,
        /// The number of runs.
        runs: usize,
    },
    /// A batch names something twice.
    #[error("the batch gives values for `{name}` twice\nhelp: remove one of them")]
    GivenTwice {
        /// The name.
        name: String,
    },
    /// A batch names something that the system does not have.
    #[error("the system has no {kind} `{name}`{}", did_you_mean(name, known.iter().map(String::as_str)))]
    UnknownName {
        /// `parameter` or `state`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A batch names something as what it is not.
    #[error(
        "`{name}` is no {kind} of the system, but a {actual}\nhelp: {}",
        way_to_vary(name, actual)
    )]
    OtherKind {
        /// `parameter` or `state`.
        kind: &'static str,
        /// The name.
        name: String,
        /// `parameter`, `state` or `constant`.
        actual: &'static str,
    },
    /// A placement names no buffer of the kernel.
    #[error("`{path}` names no buffer of the kernel{}\nhelp: its buffers are {}", did_you_mean(path, known.iter().map(String::as_str)), known.join(", "))]
    UnknownPath {
        /// The path.
        path: String,
        /// The paths that there are.
        known: Vec<String>,
    },
    /// Wherever its buffers lie, the kernel is too large for a GPU.
    #[error(
        "the kernel fits {gpu} in none of these placements:\n{reasons}\nhelp: use a method with fewer buffers, or fewer states"
    )]
    NoPlacement {
        /// The GPU.
        gpu: String,
        /// What was tried, and why it does not fit.
        reasons: String,
    },
    /// The system cannot be solved so.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The buffers cannot be laid out so.
    #[error(transparent)]
    Buffers(#[from] BufferError),
    /// No block of the kernel fits a GPU.
    #[error(transparent)]
    Occupancy(#[from] OccupancyError),
    /// The device cannot do it.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A part of the batch could not be solved, after others were.
    #[error("only the first {solved} of {runs} runs were solved, since then {error}")]
    Interrupted {
        /// How many runs were solved, from the first on.
        solved: usize,
        /// The runs of the batch.
        runs: usize,
        /// All runs. Those behind the solved ones have [`Status::UNSOLVED`](crate::Status::UNSOLVED)
        /// and rows of NaN.
        solution: Box<Solution>,
        /// What came in the way.
        #[source]
        error: Box<SolveError>,
    },
}

/// How a batch varies what is named.
fn way_to_vary(name: &str, actual: &str) -> String {
    match actual {
        "constant" => format!("make `{name}` a parameter of the system, so that runs may set it"),
        _ => format!("use `.{actual}(\"{name}\", ...)`"),
    }
}
