//! The method of minimal residuals.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, LinearSolver};
use crate::SystemFunction;

/// Corrections after which a linear system counts as unsolved.
const MAX_ITERATIONS: usize = 100;

/// A linear solver that only multiplies with the Jacobian, and keeps no basis.
#[derive(Buffers)]
#[buffers(prefix = "minimal_residual", phases(loop iteration { multiply, correct }))]
pub struct MinimalResidual {
    /// The number of unknowns.
    pub n: usize,
    /// The part of the residual at the beginning that may be left at the end, beside what the tolerance
    /// allows: some where a method around this one corrects what is left, else zero.
    pub reduction: f64,

    /// The residual, preconditioned: where the next correction goes.
    #[buffer(size = n, location = "local", live = multiply..=correct)]
    pub preconditioned_vec: Buffer,
    /// Its product with the matrix.
    #[buffer(size = n, location = "local", live = multiply..=correct)]
    pub temp: Buffer,
}

impl MinimalResidual {
    /// A solver for `n` unknowns.
    pub fn new(n: usize, reduction: f64) -> Self {
        Self { n, reduction, preconditioned_vec: Buffer::new(), temp: Buffer::new() }
    }
}

impl Factory for MinimalResidual {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        text.push(&format!(
            "enum {{ {path}_max_iterations = {MAX_ITERATIONS} }};\n\
             #define {path}_reduction REAL({:?})\n",
            self.reduction
        ));
        text.push(include_str!("../../kernels/minimal_residual.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        [SystemFunction::JacobianVector, SystemFunction::JacobianDiagonal].into()
    }
}

impl LinearSolver for MinimalResidual {
    /// The inverse of the diagonal.
    fn prepared_elements(&self) -> usize {
        self.n
    }
}
