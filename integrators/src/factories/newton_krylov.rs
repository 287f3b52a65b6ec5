//! Newton's method.

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, MinimalResidual};

/// Corrections after which a stage counts as unsolved.
const MAX_ITERATIONS: usize = 16;

/// A solver for the stages of implicit methods.
#[derive(Buffers)]
#[buffers(prefix = "newton_krylov")]
pub struct NewtonKrylov {
    /// The number of unknowns.
    pub n: usize,
    /// What the error of a solution may be, relative to 1 + |state|.
    pub tolerance: f64,

    /// A correction.
    #[buffer(size = n, location = "local")]
    pub delta: Buffer,
    /// What is left of the equations.
    #[buffer(size = n, location = "local")]
    pub residual: Buffer,
    /// The rate at which the corrections of the latest solve shrank.
    #[buffer(size = 1, location = "local", persistent)]
    pub prev_theta: Buffer,

    /// What finds the corrections.
    #[child]
    pub linear_solver: MinimalResidual,
}

impl NewtonKrylov {
    /// A solver for `n` unknowns.
    pub fn new(n: usize, tolerance: f64) -> Self {
        Self {
            n,
            tolerance,
            delta: Buffer::new(),
            residual: Buffer::new(),
            prev_theta: Buffer::new(),
            linear_solver: MinimalResidual::new(n),
        }
    }
}

impl Factory for NewtonKrylov {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        self.linear_solver.write(text, &text.child(path, "linear_solver"))?;
        text.header(path)?;
        text.push(&format!(
            "enum {{ {path}_max_iterations = {MAX_ITERATIONS} }};\n\
             #define {path}_tolerance REAL({:?})\n",
            self.tolerance
        ));
        text.push(include_str!("../../kernels/newton_krylov.cuh"));
        Ok(())
    }
}
