//! Where kernels run.

pub mod arguments;
pub mod cache;
pub mod cuda;
pub mod nvrtc;

use buffer_core::Precision;

/// Kernel text with what a device must know to run it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelSource {
    /// The whole text, preamble first.
    pub text: String,
    /// The name of the entry.
    pub entry: String,
    /// The run's precision: `f32` kernels flush denormals.
    pub precision: Precision,
    /// Bytes of shared memory per run, the stride's padding included.
    pub shared_bytes: usize,
}
