//! What a kernel does wrong.

use std::fmt;

use thiserror::Error;

/// Memory of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// Of the device.
    Global,
    /// Of the device, and not written by kernels.
    Constant,
    /// Of a block.
    Shared,
    /// Of a thread.
    Local,
    /// The parameters of a kernel or of a call.
    Parameter,
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "global",
            Self::Constant => "constant",
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Parameter => "parameter",
        })
    }
}

/// What a thread does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// Memory that is not there.
    #[error("accesses {bytes} bytes at {address:#x}, outside all {space} memory")]
    OutOfBounds {
        /// The memory.
        space: Space,
        /// Where, in that memory's own addresses.
        address: u64,
        /// Bytes of the access.
        bytes: usize,
    },
    /// An address that is no multiple of the bytes accessed.
    #[error("accesses {bytes} bytes of {space} memory at {address:#x}, which is misaligned")]
    Misaligned {
        /// The memory.
        space: Space,
        /// Where, in that memory's own addresses.
        address: u64,
        /// Bytes of the access.
        bytes: usize,
    },
    /// Memory that nothing has written.
    #[error("reads {bytes} bytes of {space} memory at {address:#x}, which are not all written")]
    Uninitialized {
        /// The memory.
        space: Space,
        /// Where, in that memory's own addresses.
        address: u64,
        /// Bytes of the access.
        bytes: usize,
    },
    /// Memory that kernels may not write.
    #[error("writes to {space} memory")]
    ReadOnly {
        /// The memory.
        space: Space,
    },
    /// Two threads of a block touch the same shared memory with no barrier between, and one of them
    /// writes.
    #[error(
        "touches {bytes} bytes of shared memory at {address:#x} that thread number {other} has touched since the last barrier, and one of the two writes"
    )]
    Race {
        /// Where.
        address: u64,
        /// Bytes of the access.
        bytes: usize,
        /// The other thread's number in the block.
        other: u16,
    },
    /// A barrier that not all threads of the block reach together.
    #[error("waits at a barrier that other threads of its block do not reach")]
    DivergentBarrier,
    /// A vote without all lanes that it names.
    #[error("votes, but lanes that the vote names are elsewhere")]
    DivergentVote,
    /// A trap that the text sets.
    #[error("reaches a trap")]
    Trap,
    /// Calls nest too deeply.
    #[error("nests calls too deeply")]
    StackOverflow,
}

/// What a kernel does wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "kernel `{kernel}`, block {block:?}, thread {thread:?}, PTX line {line}, `{instruction}`: {kind}"
)]
pub struct Fault {
    /// The kernel.
    pub kernel: String,
    /// The block's index.
    pub block: [u32; 3],
    /// The thread's index in its block.
    pub thread: [u32; 3],
    /// The line of the PTX, counted from 1.
    pub line: usize,
    /// The instruction, as it stands in that line.
    pub instruction: String,
    /// What is wrong.
    pub kind: FaultKind,
}
