//! Support for the tests that cross the packages.

pub mod cuda;
pub mod placement;
pub mod problems;
pub mod random;
pub mod reference;
pub mod solve;
