//! A CUDA driver without a GPU, for tests: it executes the PTX that NVRTC makes.
//!
//! [`Module::parse`] reads PTX, [`Launch::run`] executes a kernel of it. Warps of 32 lanes run in
//! lock step and come together again at immediate post-dominators; blocks run one after another, so
//! that the same launch does the same every time. While a kernel runs, every access to memory is
//! checked, and what is wrong is a [`Fault`] that names kernel, block, thread and line.
//!
//! As a shared library it is a driver: loaded first, and by its path, it has the name `libcuda.so`, so
//! that a program's own search for a driver finds it. `CUDASIM_CAPABILITY`, `CUDASIM_DEVICES`,
//! `CUDASIM_MEMORY` and others say what its devices are. Machine code it answers as a GPU that is newer than
//! the code, which makes programs load the PTX. What a program has not given back when it lets a
//! context go, or when it ends, is told on the standard error.
//!
//! The instructions are those that NVRTC emits for the kernels of this project, and no more:
//! another one is a [`PtxError`] that names it.
//!
//! What is not seen: an access past the end of one variable that is within another one of the same block
//! or thread; missing synchronisation between streams, since work is done at once; and how many
//! arguments a launch has, and how long they are, where it gives them as a list of pointers, which does not
//! say. To read what was never written is a fault even where the bytes only pad a struct.

mod arithmetic;
mod counters;
mod decode;
mod driver;
mod fault;
mod flow;
mod kind;
mod launch;
mod lexer;
mod load;
mod memory;
mod module;
mod parse;
#[cfg(test)]
mod semantics;
mod shared;
mod warp;

pub use counters::{Counters, GlobalTraffic, Instructions, SharedTraffic};
pub use fault::{Fault, FaultKind, Space};
pub use launch::{Launch, LaunchError};
pub use load::LoadedModule;
pub use memory::{DeviceMemory, MemoryError};
pub use module::Module;
pub use parse::{PtxError, Reason};
