//! The kernel: runs from a queue, one in each lane.

use buffer_core::{BufferError, Buffers, Layout};

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
    /// The whole text of the kernel for a system, in a layout of `self`.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where the layout is of something else.
    pub fn source(&self, system: &System, layout: &Layout) -> Result<KernelSource, BufferError> {
        self.source_in(KernelText::new(layout), system)
    }

    /// As [`source`](Self::source), for the sanitizer build.
    ///
    /// # Errors
    /// Those of [`source`](Self::source).
    pub fn sanitizer_source(
        &self,
        system: &System,
        layout: &Layout,
    ) -> Result<KernelSource, BufferError> {
        self.source_in(KernelText::sanitizer(layout), system)
    }

    /// The whole text, behind what it begins with.
    fn source_in(
        &self,
        mut text: KernelText<'_>,
        system: &System,
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
