//! Diagonally implicit Runge-Kutta methods.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::stage_sums::StageSums;
use super::{Factory, KernelText, NewtonKrylov};
use crate::SystemFunction;
use crate::tableau::{Embedded, Tableau};

/// A step of a diagonally implicit Runge-Kutta method.
#[derive(Buffers)]
#[buffers(prefix = "dirk")]
pub struct Dirk {
    /// The number of states.
    pub n: usize,
    /// Stages with a sum of their own: all but the first, and but the last one where its sum becomes
    /// the result.
    pub stage_sums: usize,
    /// The elements of `stage_rhs`: none where a step never needs it.
    pub kept_rhs: usize,
    /// The method.
    pub tableau: Tableau,
    /// What the error of a step is estimated by.
    pub estimate: Option<Embedded>,

    /// The increment of the latest stage, from which the solver begins at the next.
    #[buffer(size = n, location = "local", persistent)]
    pub stage_increment: Buffer,
    /// The states of the stages to come, so far as their increments are known.
    #[buffer(size = stage_sums * n, location = "local")]
    pub accumulator: Buffer,
    /// The state of the stage that is being solved. It has storage of its own, although the first row
    /// of the accumulator would do: that row is dead, element by element, once this is made of it.
    #[buffer(size = n, location = "local")]
    pub stage_base: Buffer,
    /// The derivative at the end of the latest step, where the first stage is explicit or the step may
    /// be rejected.
    #[buffer(size = kept_rhs, location = "local", persistent)]
    pub stage_rhs: Buffer,

    /// What finds the increment of a stage.
    #[child]
    pub solver: NewtonKrylov,
}

impl Dirk {
    /// The method of `tableau` for `n` states, with a solver of its stages, and with an estimate of each
    /// step's error where one is given.
    pub fn new(
        n: usize,
        tableau: Tableau,
        estimate: Option<Embedded>,
        solver: NewtonKrylov,
    ) -> Self {
        let unused = 1 + usize::from(tableau.ends_in_last_stage());
        Self {
            n,
            stage_sums: tableau.stages().saturating_sub(unused),
            kept_rhs: if tableau.first_same_as_last() || estimate.is_some() { n } else { 0 },
            tableau,
            estimate,
            stage_increment: Buffer::new(),
            accumulator: Buffer::new(),
            stage_base: Buffer::new(),
            stage_rhs: Buffer::new(),
            solver,
        }
    }

    /// The tableau as calls of `SOLVE`, `BEGIN` and `ADD`, which `dirk.cuh` explains: column by column,
    /// without zeros.
    fn calls(&self) -> Vec<String> {
        let Tableau { a, c, .. } = self.tableau;
        // The diagonal is no part of the sums: a stage's own increment is what is solved for.
        let inner = a.get(1..=self.stage_sums).unwrap_or_default();
        let inner = inner.iter().map(|row| row.split_last().map_or(*row, |(_, left)| left));
        let mut sums = StageSums::new(inner, &self.tableau, self.estimate);
        let mut calls = Vec::new();
        for (stage, (row, c)) in a.iter().zip(c).enumerate() {
            let diagonal = row.last().copied().unwrap_or_default();
            if stage > 0 || !self.tableau.first_same_as_last() {
                calls.push(format!("SOLVE({}, {c:?}, {diagonal:?})", sums.base(stage)));
            }
            calls.extend(sums.add(stage));
        }
        calls
    }
}

impl Factory for Dirk {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        self.solver.write(text, &text.child(path, "solver"))?;
        text.header(path)?;
        let has_estimate = u8::from(self.estimate.is_some());
        text.push(&format!(
            "enum {{ {path}_has_estimate = {has_estimate} }};\n\
             #define {path}_tableau(SOLVE, BEGIN, ADD) \\\n    {}\n",
            self.calls().join(" \\\n    ")
        ));
        text.push(include_str!("../../kernels/dirk.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        self.solver.system_functions()
    }
}

#[cfg(test)]
mod tests {
    use super::super::MinimalResidual;
    use super::*;
    use crate::tableau::{IMPLICIT_MIDPOINT, KVAERNO3};

    fn dirk(tableau: Tableau) -> Dirk {
        let linear_solver = Box::new(MinimalResidual::new(3, 1e-3));
        Dirk::new(3, tableau, None, NewtonKrylov::new(3, 1e-6, linear_solver))
    }

    #[test]
    fn the_implicit_midpoint_rule_solves_one_stage() {
        let dirk = dirk(IMPLICIT_MIDPOINT);
        assert_eq!((dirk.stage_sums, dirk.kept_rhs), (0, 0));
        assert_eq!(dirk.calls(), ["SOLVE(state, 0.5, 0.5)", "ADD(proposed_state, state, 1.0)"]);
    }

    #[test]
    fn kvaerno3_begins_with_the_derivative_it_has_and_solves_for_the_result() {
        let dirk = dirk(KVAERNO3);
        assert_eq!((dirk.stage_sums, dirk.kept_rhs), (2, 3));
        let calls = dirk.calls();
        let targets: Vec<&str> = calls.iter().filter_map(|call| call.split(',').next()).collect();
        assert_eq!(
            targets,
            [
                "ADD(STAGE(0)",
                "ADD(STAGE(1)",
                "ADD(proposed_state",
                "SOLVE(STAGE(0)",
                "ADD(STAGE(1)",
                "ADD(proposed_state",
                "SOLVE(STAGE(1)",
                "ADD(proposed_state",
                "SOLVE(proposed_state",
                "ADD(proposed_state",
            ]
        );
    }
}
