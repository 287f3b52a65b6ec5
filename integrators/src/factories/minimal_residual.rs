//! The method of minimal residuals.

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText};

/// Corrections after which a linear system counts as unsolved.
const MAX_ITERATIONS: usize = 100;

/// A linear solver that only multiplies with the Jacobian, and keeps no basis.
#[derive(Buffers)]
#[buffers(prefix = "minimal_residual")]
pub struct MinimalResidual {
    /// The number of unknowns.
    pub n: usize,

    /// The preconditioner.
    #[buffer(size = n, location = "local")]
    pub inverse_diagonal: Buffer,
    /// The residual, preconditioned: where the next correction goes.
    #[buffer(size = n, location = "local")]
    pub preconditioned_vec: Buffer,
    /// Its product with the matrix.
    #[buffer(size = n, location = "local")]
    pub temp: Buffer,
}

impl MinimalResidual {
    /// A solver for `n` unknowns.
    pub fn new(n: usize) -> Self {
        Self {
            n,
            inverse_diagonal: Buffer::new(),
            preconditioned_vec: Buffer::new(),
            temp: Buffer::new(),
        }
    }
}

impl Factory for MinimalResidual {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        text.push(&format!("enum {{ {path}_max_iterations = {MAX_ITERATIONS} }};\n"));
        text.push(include_str!("../../kernels/minimal_residual.cuh"));
        Ok(())
    }
}
