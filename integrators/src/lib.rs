//! Batch integration of ODE systems in fused kernels.

pub mod device;
