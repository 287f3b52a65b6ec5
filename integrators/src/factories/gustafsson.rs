//! The predictive controller.

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, SAFETY};

/// A controller that goes on with the change from one step to the next: Gustafsson (1994), after Hairer
/// and Wanner (1996), equation IV.8.25.
#[derive(Buffers)]
#[buffers(prefix = "gustafsson")]
pub struct Gustafsson {
    /// The power of a step's length that its error grows with.
    pub error_power: usize,

    /// The latest accepted step that was not cut short before a save point.
    #[buffer(size = 1, location = "local", persistent)]
    pub prev_step: Buffer,
    /// The logarithm of its mean square error, in units of what is tolerated.
    #[buffer(size = 1, location = "local", persistent)]
    pub prev_error: Buffer,
}

impl Gustafsson {
    /// A controller for steps whose error grows with a power of their length.
    pub fn new(error_power: usize) -> Self {
        Self { error_power, prev_step: Buffer::new(), prev_error: Buffer::new() }
    }
}

impl Factory for Gustafsson {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        let integral = -0.5 / self.error_power as f64;
        text.push(&format!(
            "#define {path}_integral REAL({integral:?})\n\
             #define {path}_safety REAL({:?})\n",
            SAFETY.log2()
        ));
        text.push(include_str!("../../kernels/gustafsson.cuh"));
        Ok(())
    }
}
