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
mod lu;
mod minimal_residual;
mod newton_krylov;
mod pi;
mod rosenbrock_w;
mod stage_sums;

use std::collections::BTreeSet;

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
pub use self::lu::Lu;
pub use self::minimal_residual::MinimalResidual;
pub use self::newton_krylov::NewtonKrylov;
pub use self::pi::Pi;
pub use self::rosenbrock_w::RosenbrockW;
use crate::SystemFunction;
pub use crate::tolerance::Tolerance;

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

    /// The derivatives of the system that its text calls, or that of its children.
    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        BTreeSet::new()
    }
}

/// An algorithm that solves linear systems (I - scale * J) x = b with the Jacobian J at a state and a time.
/// What it keeps between the two functions of its text lies in a buffer of its caller, since a child's own
/// scratch is dead between calls.
///
/// - `prepare(m, lanes, state, parameters, t, scale, prepared)` readies it
/// - `solve(m, lanes, state, parameters, t, scale, atol, rtol, prepared, right_side, solution)` solves one
///   system, to `atol + rtol * |state|`, and overwrites `right_side`
///
/// Both answer with bits of a status for each lane that failed.
pub trait LinearSolver: Factory {
    /// The elements of `prepared`.
    fn prepared_elements(&self) -> usize;
}
