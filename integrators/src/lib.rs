//! Batch integration of ODE systems in fused kernels.

mod batch;
pub mod device;
pub mod factories;
mod schedule;
mod solution;
mod solver;
mod suggest;
mod system;
pub mod tableau;

pub use batch::Batch;
pub use buffer_core::{Location, Precision};
pub use solution::{Solution, Status};
pub use solver::{SolveError, Solver, SolverBuilder};
pub use system::{Excerpt, System, SystemBuilder, SystemError};
