//! The explicit Euler method.

use buffer_core::{BufferError, Buffers};

use super::{Factory, KernelText};

/// A step of the explicit Euler method. It needs no memory but its caller's.
#[derive(Buffers)]
#[buffers(prefix = "explicit_euler")]
pub struct ExplicitEuler;

impl Factory for ExplicitEuler {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        text.push(include_str!("../../kernels/explicit_euler.cuh"));
        Ok(())
    }
}
