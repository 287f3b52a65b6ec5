//! Explicit Runge-Kutta methods.

use buffer_core::{Buffer, BufferError, Buffers};

use super::stage_sums::StageSums;
use super::{Factory, KernelText};
use crate::tableau::{Embedded, Tableau};

/// A step of an explicit Runge-Kutta method.
#[derive(Buffers)]
#[buffers(prefix = "erk", phases(begin, step, commit))]
pub struct Erk {
    /// The number of states.
    pub n: usize,
    /// Stages with a state of their own: all but the first, and but the last one where it is at the
    /// result.
    pub stage_states: usize,
    /// The elements of `accepted_rhs`: none where a step never needs it.
    pub kept_rhs: usize,
    /// The method.
    pub tableau: Tableau,
    /// What the error of a step is estimated by.
    pub estimate: Option<Embedded>,

    /// The derivative at the latest stage; from step to step where the first stage is the last one
    /// of the step before.
    #[buffer(size = n, location = "local", persistent)]
    pub stage_rhs: Buffer,
    /// The states of the stages to come, so far as their derivatives are known.
    #[buffer(size = stage_states * n, location = "local", live = step)]
    pub stage_accumulator: Buffer,
    /// The derivative at the state, where a step that begins with it may be rejected.
    #[buffer(size = kept_rhs, location = "local", persistent)]
    pub accepted_rhs: Buffer,
}

impl Erk {
    /// The method of `tableau` for `n` states, with an estimate of each step's error where one is
    /// given.
    pub fn new(n: usize, tableau: Tableau, estimate: Option<Embedded>) -> Self {
        let reuses = tableau.first_same_as_last();
        Self {
            n,
            stage_states: tableau.stages().saturating_sub(1 + usize::from(reuses)),
            kept_rhs: if reuses && estimate.is_some() { n } else { 0 },
            tableau,
            estimate,
            stage_rhs: Buffer::new(),
            stage_accumulator: Buffer::new(),
            accepted_rhs: Buffer::new(),
        }
    }

    /// The tableau as calls of `EVALUATE`, `BEGIN` and `ADD`, which `erk.cuh` explains: column by column,
    /// without zeros.
    fn calls(&self) -> Vec<String> {
        let Tableau { a, c, .. } = self.tableau;
        let inner = a.get(1..=self.stage_states).unwrap_or_default();
        let mut sums = StageSums::new(inner.iter().copied(), &self.tableau, self.estimate);
        let mut calls = Vec::new();
        for (stage, c) in c.iter().enumerate() {
            if stage > 0 || !self.tableau.first_same_as_last() {
                calls.push(format!("EVALUATE({}, {c:?})", sums.base(stage)));
            }
            calls.extend(sums.add(stage, ""));
        }
        calls
    }
}

impl Factory for Erk {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        let first_same_as_last = u8::from(self.tableau.first_same_as_last());
        text.push(&format!(
            "enum {{ {path}_first_same_as_last = {first_same_as_last} }};\n\
             #define {path}_tableau(EVALUATE, BEGIN, ADD) \\\n    {}\n",
            self.calls().join(" \\\n    ")
        ));
        text.push(include_str!("../../kernels/erk.cuh"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tableau::{CLASSICAL_RK4, TSIT5};

    #[test]
    fn rk4_streams_each_derivative_into_the_next_stage_and_the_result() {
        let erk = Erk::new(3, CLASSICAL_RK4, None);
        assert_eq!(erk.stage_states, 3);
        assert_eq!(
            erk.calls(),
            [
                "EVALUATE(state, 0.0)",
                "ADD(STAGE(0), state, 0.5)",
                "ADD(proposed_state, state, 0.16666666666666666)",
                "EVALUATE(STAGE(0), 0.5)",
                "ADD(STAGE(1), state, 0.5)",
                "ADD(proposed_state, proposed_state, 0.3333333333333333)",
                "EVALUATE(STAGE(1), 0.5)",
                "ADD(STAGE(2), state, 1.0)",
                "ADD(proposed_state, proposed_state, 0.3333333333333333)",
                "EVALUATE(STAGE(2), 1.0)",
                "ADD(proposed_state, proposed_state, 0.16666666666666666)",
            ]
        );
    }

    #[test]
    fn tsit5_begins_with_the_derivative_it_has_and_ends_with_that_of_the_result() {
        let erk = Erk::new(3, TSIT5, None);
        assert_eq!(erk.stage_states, 5);
        let calls = erk.calls();
        assert_eq!(calls.first().unwrap(), "ADD(STAGE(0), state, 0.161)");
        assert_eq!(calls.last().unwrap(), "EVALUATE(proposed_state, 1.0)");
        let evaluations = calls.iter().filter(|call| call.starts_with("EVALUATE")).count();
        assert_eq!((evaluations, calls.len() - evaluations), (6, 21));
    }

    #[test]
    fn an_estimate_adds_up_beside_the_result() {
        let erk = Erk::new(3, TSIT5, TSIT5.embedded);
        assert_eq!(erk.kept_rhs, 3);
        let calls = erk.calls();
        assert_eq!(calls.iter().filter(|call| call.starts_with("BEGIN(error, ")).count(), 1);
        assert_eq!(calls.iter().filter(|call| call.starts_with("ADD(error, error, ")).count(), 6);
        assert!(calls.last().unwrap().starts_with("ADD(error, error, 0.01515"), "{calls:?}");
    }
}
