//! What differs between runs.

use crate::solver::SolveError;
use crate::system::System;

/// The runs of a solve: values of parameters and initial states.
///
/// What a batch does not name has the system's own value in every run.
///
/// ```
/// use integrators::Batch;
///
/// // 6 runs: rho is the slower index, so x is 1, 2, 3 for rho = 10 and again for rho = 20.
/// let grid = Batch::grid().parameter("rho", [10.0, 20.0]).state("x", [1.0, 2.0, 3.0]);
/// // 2 runs: rho = 10 from x = 1, and rho = 20 from x = 2.
/// let zip = Batch::zip().parameter("rho", [10.0, 20.0]).state("x", [1.0, 2.0]);
/// # let _ = (grid, zip);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    combination: Combination,
    axes: Vec<Axis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Combination {
    Grid,
    Zip,
}

#[derive(Debug, Clone, PartialEq)]
struct Axis {
    kind: Kind,
    name: String,
    values: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parameter,
    State,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::State => "state",
        }
    }
}

impl Batch {
    /// One run for every combination of values. The values named last vary fastest.
    pub fn grid() -> Self {
        Self { combination: Combination::Grid, axes: Vec::new() }
    }

    /// Run `i` has the `i`-th of all values. A single value holds for all runs.
    pub fn zip() -> Self {
        Self { combination: Combination::Zip, axes: Vec::new() }
    }

    /// Adds values of a parameter.
    #[must_use]
    pub fn parameter(self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.axis(Kind::Parameter, name.into(), values)
    }

    /// Adds initial values of a state.
    #[must_use]
    pub fn state(self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.axis(Kind::State, name.into(), values)
    }

    fn axis(mut self, kind: Kind, name: String, values: impl IntoIterator<Item = f64>) -> Self {
        self.axes.push(Axis { kind, name, values: values.into_iter().collect() });
        self
    }
}

/// A checked batch: for each input of the kernel, how its value follows from the run's number.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// The number of runs, at least 1.
    pub(crate) runs: usize,
    /// One per state.
    pub(crate) states: Vec<Input<'a>>,
    /// One per parameter.
    pub(crate) parameters: Vec<Input<'a>>,
}

/// A value that the run's number decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Input<'a> {
    Same(f64),
    /// `values[run / repeat % values.len()]`.
    Varying {
        values: &'a [f64],
        repeat: usize,
    },
}

impl Input<'_> {
    pub(crate) fn value(self, run: usize) -> f64 {
        match self {
            Self::Same(value) => value,
            Self::Varying { values, repeat } => {
                values.get(run / repeat % values.len()).copied().unwrap_or(f64::NAN)
            }
        }
    }
}

impl<'a> Inputs<'a> {
    /// Checks a batch against the system it is for.
    pub(crate) fn new(batch: &'a Batch, system: &System) -> Result<Self, SolveError> {
        let Batch { combination, axes } = batch;
        let runs = match combination {
            Combination::Grid => grid_runs(axes)?,
            Combination::Zip => zip_runs(axes)?,
        };
        let mut states: Vec<_> = system.initial_values().map(Input::Same).collect();
        let mut parameters: Vec<_> = system.parameter_values().map(Input::Same).collect();
        let mut repeat = runs;
        for (index, axis) in axes.iter().enumerate() {
            check_unique(axis, axes.get(..index).unwrap_or_default())?;
            let (slots, names): (_, Vec<_>) = match axis.kind {
                Kind::State => (&mut states, system.state_names().collect()),
                Kind::Parameter => (&mut parameters, system.parameter_names().collect()),
            };
            repeat = match combination {
                Combination::Grid => repeat / axis.values.len(),
                Combination::Zip => 1,
            };
            let slot = names.iter().position(|name| *name == axis.name);
            let Some(slot) = slot.and_then(|position| slots.get_mut(position)) else {
                return Err(unknown(axis, names, system));
            };
            *slot = Input::Varying { values: &axis.values, repeat };
        }
        Ok(Self { runs, states, parameters })
    }
}

fn grid_runs(axes: &[Axis]) -> Result<usize, SolveError> {
    let mut runs = 1_usize;
    for axis in axes {
        check_values(axis)?;
        runs = runs.checked_mul(axis.values.len()).ok_or(SolveError::TooManyRuns)?;
    }
    Ok(runs)
}

fn zip_runs(axes: &[Axis]) -> Result<usize, SolveError> {
    let runs = axes.iter().map(|axis| axis.values.len()).max().unwrap_or(1);
    for axis in axes {
        check_values(axis)?;
        check_length(axis, runs)?;
    }
    Ok(runs)
}

/// There is at least one run.
fn check_values(axis: &Axis) -> Result<(), SolveError> {
    if axis.values.is_empty() {
        Err(SolveError::NoRuns { name: axis.name.clone() })
    } else {
        Ok(())
    }
}

/// Zipped values are as many as the runs, or one.
fn check_length(axis: &Axis, runs: usize) -> Result<(), SolveError> {
    let length = axis.values.len();
    if length == runs || length == 1 {
        Ok(())
    } else {
        Err(SolveError::UnequalLengths { name: axis.name.clone(), length, runs })
    }
}

/// Nothing is given twice.
fn check_unique(axis: &Axis, before: &[Axis]) -> Result<(), SolveError> {
    if before.iter().any(|other| (other.kind, &other.name) == (axis.kind, &axis.name)) {
        Err(SolveError::GivenTwice { name: axis.name.clone() })
    } else {
        Ok(())
    }
}

/// The error for a name that is not among the `names` of its kind.
fn unknown(axis: &Axis, names: Vec<&str>, system: &System) -> SolveError {
    let (kind, name) = (axis.kind.word(), axis.name.clone());
    match system.kind(&axis.name) {
        Some(actual) => SolveError::OtherKind { kind, name, actual },
        None => {
            let known = names.into_iter().map(str::to_owned).collect();
            SolveError::UnknownName { kind, name, known }
        }
    }
}
