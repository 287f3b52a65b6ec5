//! The kernel: runs from a queue, one in each lane.

use buffer_core::{BufferError, Buffers};

use super::{BoxedFactory, Factory, KernelText};
use crate::System;
use crate::device::KernelSource;

/// The kernel of a batch of runs.
#[derive(Buffers)]
#[buffers(prefix = "batch_kernel")]
pub struct BatchKernel {
    /// What every run does.
    #[child]
    pub r#loop: BoxedFactory,
}

impl BatchKernel {
    /// The source of the kernel for a system: a text for a layout of `self`, of a release or of a
    /// sanitizer build, with all that follows its beginning.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where the layout is of something else.
    pub fn source(
        &self,
        system: &System,
        mut text: KernelText<'_>,
    ) -> Result<KernelSource, BufferError> {
        text.push(&system.kernel_text());
        for function in self.r#loop.system_functions() {
            text.push(&system.function_text(function));
        }
        self.write(&mut text, self.prefix())?;
        Ok(text.finish(self.prefix()))
    }
}

impl Factory for BatchKernel {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        self.r#loop.write(text, &text.child(path, "loop"))?;
        text.header(path)?;
        text.push(include_str!("../../kernels/batch_kernel.cuh"));
        Ok(())
    }
}
