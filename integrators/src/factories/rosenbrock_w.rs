//! Rosenbrock methods.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, LinearSolver, Tolerance};
use crate::SystemFunction;
use crate::tableau::{Embedded, RosenbrockTableau};

/// A step of a Rosenbrock method.
#[derive(Buffers)]
#[buffers(
    prefix = "rosenbrock_w",
    phases(prepare, loop stage { advance, evaluate, couple, solve }, combine)
)]
pub struct RosenbrockW {
    /// The number of states.
    pub n: usize,
    /// The stages that are solved: all where the error is estimated, else those of the result.
    pub stages: usize,
    /// The elements of `prepared`.
    pub prepared_elements: usize,
    /// The elements of `time_derivative`: none where the equations are without the time.
    pub time_elements: usize,
    /// The method.
    pub tableau: RosenbrockTableau,
    /// What the error of a step is estimated by.
    pub estimate: Option<Embedded>,
    /// What the error of a stage may be, where its system is not solved by elimination.
    pub tolerance: Tolerance,

    /// The derivative at a stage, and what comes of it: the right side of its system.
    #[buffer(size = n, location = "local", live = evaluate..=solve)]
    pub stage_rhs: Buffer,
    /// All stages. Every later one needs the earlier ones, so that nothing of it is free before the end.
    #[buffer(size = stages * n, location = "local", live = evaluate..=combine)]
    pub stage_store: Buffer,
    /// What the linear solver keeps of the Jacobian.
    #[buffer(size = prepared_elements, location = "local", live = prepare..=solve)]
    pub prepared: Buffer,
    /// The derivative by time.
    #[buffer(size = time_elements, location = "local", live = prepare..=couple)]
    pub time_derivative: Buffer,

    /// What solves for a stage.
    #[child(call = [prepare, solve])]
    pub solver: Box<dyn LinearSolver + Send + Sync>,
}

impl RosenbrockW {
    /// The method of `tableau` for `n` states, whose equations have the time in them where
    /// `depends_on_time` says so, with an estimate of each step's error where one is given, and with a
    /// solver for its stages.
    pub fn new(
        n: usize,
        depends_on_time: bool,
        tableau: RosenbrockTableau,
        estimate: Option<Embedded>,
        solver: Box<dyn LinearSolver + Send + Sync>,
        tolerance: Tolerance,
    ) -> Self {
        let all = estimate.is_some();
        Self {
            n,
            stages: if all { tableau.stages() } else { tableau.stages_of_result() },
            prepared_elements: solver.prepared_elements(),
            time_elements: if depends_on_time { n } else { 0 },
            tableau,
            estimate,
            tolerance,
            stage_rhs: Buffer::new(),
            stage_store: Buffer::new(),
            prepared: Buffer::new(),
            time_derivative: Buffer::new(),
            solver,
        }
    }

    /// The tableau as calls that `rosenbrock_w.cuh` explains, without zeros.
    fn calls(&self) -> Vec<String> {
        let RosenbrockTableau { gamma, a, coupling, c, time_weights, b, .. } = self.tableau;
        let depends_on_time = self.time_elements > 0;
        let mut calls = Vec::new();
        if depends_on_time {
            calls.push("DIFFERENTIATE()".to_owned());
        }
        // Stages with the same state and time, if there is such a stage before.
        let points: Vec<_> =
            a.iter().zip(c).map(|(row, c)| (trimmed(row), c)).take(self.stages).collect();
        let mut proposed = Sum::default();
        for (stage, point) in points.iter().enumerate() {
            let same = |&other: &usize| points.get(other) == Some(point);
            if (0..stage).any(|other| same(&other)) {
                calls.push(format!("RECALL({stage})"));
            } else {
                let (row, c) = point;
                calls.extend(proposed.advance(row));
                let state = if row.is_empty() { "state" } else { "proposed_state" };
                calls.push(format!("EVALUATE({state}, {c:?})"));
                let later = (stage + 1..points.len()).filter(same);
                calls.extend(later.map(|later| format!("KEEP({later})")));
            }
            calls.push("SCALE()".to_owned());
            let weights = coupling.get(stage).copied().unwrap_or_default();
            calls.extend(
                weighted(weights).map(|(k, weight)| format!("COUPLE({:?}, {k})", gamma * weight)),
            );
            let weight = time_weights.get(stage).copied().unwrap_or_default();
            if depends_on_time && weight != 0.0 {
                calls.push(format!("TIME({:?})", gamma * weight));
            }
            calls.push(format!("SOLVE({stage})"));
        }
        calls.extend(proposed.advance(trimmed(b)));
        if let Some(embedded) = self.estimate {
            let weights: Vec<f64> = b.iter().zip(embedded.b).map(|(b, b_hat)| b - b_hat).collect();
            let mut begin = "BEGIN";
            calls.extend(weighted(&weights).map(|(k, weight)| {
                format!("{}_ERROR({weight:?}, {k})", std::mem::replace(&mut begin, "ADD"))
            }));
        }
        calls
    }
}

/// The stages that have a weight, with it.
fn weighted(weights: &[f64]) -> impl Iterator<Item = (usize, f64)> {
    weights.iter().copied().enumerate().filter(|(_, weight)| *weight != 0.0)
}

/// Weights without zeros at the end.
fn trimmed(weights: &[f64]) -> &[f64] {
    let length = weights.iter().rposition(|&weight| weight != 0.0).map_or(0, |last| last + 1);
    weights.get(..length).unwrap_or_default()
}

/// The stages in `proposed_state`, by their weights; before the first, it is not written.
#[derive(Default)]
struct Sum(Vec<f64>);

impl Sum {
    /// Makes `proposed_state` the state with these weights: from what it is where that is a part of
    /// it, else from the state.
    fn advance(&mut self, weights: &[f64]) -> Vec<String> {
        let held = std::mem::replace(&mut self.0, weights.to_vec());
        let is_part = weighted(&held).all(|(k, weight)| weights.get(k) == Some(&weight));
        let held = if is_part { held } else { Vec::new() };
        let mut sum = if held.is_empty() { "state" } else { "proposed_state" };
        let missing =
            weighted(weights).filter(|(k, _)| held.get(*k).is_none_or(|held| *held == 0.0));
        missing
            .map(|(k, weight)| {
                let sum = std::mem::replace(&mut sum, "proposed_state");
                format!("ADVANCE({sum}, {weight:?}, {k})")
            })
            .collect()
    }
}

impl Factory for RosenbrockW {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        self.solver.write(text, &text.child(path, "solver"))?;
        text.header(path)?;
        text.push(&format!(
            "#define {path}_gamma REAL({:?})\n\
             {}\
             #define {path}_tableau(DIFFERENTIATE, ADVANCE, EVALUATE, KEEP, RECALL, SCALE, COUPLE, TIME, \
             SOLVE, BEGIN_ERROR, ADD_ERROR) \\\n    {}\n",
            self.tableau.gamma,
            self.tolerance.text(path),
            self.calls().join(" \\\n    ")
        ));
        text.push(include_str!("../../kernels/rosenbrock_w.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        let mut functions = self.solver.system_functions();
        if self.time_elements > 0 {
            functions.insert(SystemFunction::TimeDerivative);
        }
        functions
    }
}
