//! The integrating controller.

use buffer_core::{BufferError, Buffers};

use super::{Factory, KernelText, SAFETY};

/// A controller that looks at the error of the latest step alone.
#[derive(Buffers)]
#[buffers(prefix = "i")]
pub struct I {
    /// The power of a step's length that its error grows with.
    pub error_power: usize,
}

impl Factory for I {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        let integral = -0.5 / self.error_power as f64;
        text.push(&format!(
            "#define {path}_integral REAL({integral:?})\n\
             #define {path}_safety REAL({:?})\n",
            SAFETY.log2()
        ));
        text.push(include_str!("../../kernels/i.cuh"));
        Ok(())
    }
}
