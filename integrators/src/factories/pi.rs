//! The proportional-integrating controller.

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText, SAFETY};

/// A controller that looks at the errors of the two latest steps: Gustafsson (1991), with the gains of
/// Hairer and Wanner (1996), section IV.2.
#[derive(Buffers)]
#[buffers(prefix = "pi")]
pub struct Pi {
    /// The power of a step's length that its error grows with.
    pub error_power: usize,

    /// The logarithm of the mean square error of the latest accepted step that was not cut short before
    /// a save point, in units of what is tolerated.
    #[buffer(size = 1, location = "local", persistent)]
    pub prev_error: Buffer,
}

impl Pi {
    /// A controller for steps whose error grows with a power of their length.
    pub fn new(error_power: usize) -> Self {
        Self { error_power, prev_error: Buffer::new() }
    }
}

impl Factory for Pi {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        // Of squares.
        let power = 2.0 * self.error_power as f64;
        text.push(&format!(
            "#define {path}_proportional REAL({:?})\n\
             #define {path}_integral REAL({:?})\n\
             #define {path}_rejected REAL({:?})\n\
             #define {path}_safety REAL({:?})\n",
            -0.7 / power,
            0.4 / power,
            -1.0 / power,
            SAFETY.log2()
        ));
        text.push(include_str!("../../kernels/pi.cuh"));
        Ok(())
    }
}
