//! The algorithms: each declares its buffers, and writes its kernel text.

mod adaptive_loop;
mod batch_kernel;
mod dirk;
mod erk;
mod explicit_euler;
mod gustafsson;
mod i;
mod ivp_loop;
mod kernel_text;
mod minimal_residual;
mod newton_krylov;
mod pi;
mod stage_sums;

use buffer_core::{BufferError, Buffers};

pub use self::adaptive_loop::AdaptiveLoop;
pub use self::batch_kernel::BatchKernel;
pub use self::dirk::Dirk;
pub use self::erk::Erk;
pub use self::explicit_euler::ExplicitEuler;
pub use self::gustafsson::Gustafsson;
pub use self::i::I;
pub use self::ivp_loop::IvpLoop;
pub use self::kernel_text::KernelText;
pub use self::minimal_residual::MinimalResidual;
pub use self::newton_krylov::NewtonKrylov;
pub use self::pi::Pi;

/// A factory inside another one that takes any of a kind.
pub type BoxedFactory = Box<dyn Factory + Send + Sync>;

/// What a controller aims at, relative to the step that would just be tolerated.
const SAFETY: f64 = 0.9;

/// An algorithm in a kernel.
pub trait Factory: Buffers {
    /// Adds the text of the instance at `path`: that of its children, then its own header,
    /// constants and functions.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where the layout holds no such instance.
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError>;

    /// Whether its text, or that of its children, calls derivatives of the system.
    fn uses_jacobian(&self) -> bool {
        false
    }
}
