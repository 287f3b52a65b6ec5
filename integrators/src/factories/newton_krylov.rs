//! Newton's method.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, LinearSolver, Tolerance};
use crate::SystemFunction;

/// Corrections after which a stage counts as unsolved.
const MAX_ITERATIONS: usize = 16;

/// A solver for the stages of implicit methods.
#[derive(Buffers)]
#[buffers(prefix = "newton_krylov", phases(loop iteration { evaluate, solve, correct }))]
pub struct NewtonKrylov {
    /// The number of unknowns.
    pub n: usize,
    /// The elements of `prepared`.
    pub prepared_elements: usize,
    /// What the error of a solution may be.
    pub tolerance: Tolerance,

    /// A correction.
    #[buffer(size = n, location = "local", live = solve..=correct)]
    pub delta: Buffer,
    /// What is left of the equations.
    #[buffer(size = n, location = "local", live = evaluate..=solve)]
    pub residual: Buffer,
    /// What the linear solver keeps of the Jacobian.
    #[buffer(size = prepared_elements, location = "local", live = solve)]
    pub prepared: Buffer,
    /// The rate at which the corrections of the latest solve shrank.
    #[buffer(size = 1, location = "local", persistent)]
    pub prev_theta: Buffer,

    /// What finds the corrections.
    #[child(call = solve)]
    pub linear_solver: Box<dyn LinearSolver + Send + Sync>,
}

impl NewtonKrylov {
    /// A solver for `n` unknowns, around one for its linear systems.
    pub fn new(
        n: usize,
        tolerance: Tolerance,
        linear_solver: Box<dyn LinearSolver + Send + Sync>,
    ) -> Self {
        Self {
            n,
            prepared_elements: linear_solver.prepared_elements(),
            tolerance,
            delta: Buffer::new(),
            residual: Buffer::new(),
            prepared: Buffer::new(),
            prev_theta: Buffer::new(),
            linear_solver,
        }
    }
}

impl Factory for NewtonKrylov {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        self.linear_solver.write(text, &text.child(path, "linear_solver"))?;
        text.header(path)?;
        text.push(&format!(
            "enum {{ {path}_max_iterations = {MAX_ITERATIONS} }};\n\
             {}",
            self.tolerance.text(path)
        ));
        text.push(include_str!("../../kernels/newton_krylov.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        self.linear_solver.system_functions()
    }
}
