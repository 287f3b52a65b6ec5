//! Support for the tests that cross the packages.

pub mod adaptive;
pub mod counted;
pub mod cuda;
pub mod implicit;
pub mod placement;
pub mod planted;
pub mod problems;
pub mod random;
pub mod reference;
pub mod rosenbrock;
pub mod simulated;
pub mod solve;

/// The README's programs, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
