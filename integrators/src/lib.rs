//! Batch integration of systems of ordinary differential equations: many runs of one system, one run
//! per SIMD lane of the host or per thread of a GPU, in one fused kernel.
//!
//! ```
//! use integrators::{Batch, Solver, System};
//!
//! let lorenz = System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")?
//!     .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
//!     .constants([("sigma", 10.0), ("beta", 8.0 / 3.0)])
//!     .parameters([("rho", 21.0)])
//!     .build()?;
//! let solver = Solver::builder(&lorenz).method("tsit5").dt(1e-3).save_every(0.5).build()?;
//! let runs = Batch::grid().parameter("rho", [7.0, 14.0, 21.0]);
//! let solution = solver.solve(runs, 0.0..1.0)?;
//!
//! // Rows at t = 0, 0.5 and 1; three states; three runs.
//! assert_eq!(solution.states().dim(), (3, 3, 3));
//! assert!((solution.end_states()[[0, 2]] - -6.450579147).abs() < 1e-9);
//! assert!(solution.status().iter().all(|status| status.is_success()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The kernel is written by [`factories`], which declare all their memory with the derive of
//! [`buffer_core`]; a [`device::Device`] compiles and runs it. Where buffers lie is up to the caller
//! ([`SolverBuilder::location`]) and changes no bit of the results.

mod batch;
pub mod device;
pub mod factories;
mod help;
mod linear_solver_kind;
mod method;
mod schedule;
mod single;
mod solution;
mod solver;
mod suggest;
mod system;
pub mod tableau;
mod tolerance;

pub use batch::Batch;
pub use buffer_core::{Location, Packing, Precision};
pub use method::{Method, methods};
pub use solution::{Solution, Status};
pub use solver::{
    CudaReport, Placement, PlacementReport, Sanitized, SolveError, Solver, SolverBuilder,
};
pub use system::{Excerpt, JacobianPattern, System, SystemBuilder, SystemError, SystemFunction};
