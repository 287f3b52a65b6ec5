//! A call of a function by lanes of a warp.

use super::Lanes;
use crate::memory::Memory;
use crate::module::{Field, LANES};

pub(super) struct Frame {
    pub(super) function: usize,
    pub(super) registers: Vec<[u64; LANES]>,
    pub(super) carry: [bool; LANES],
    /// Of each lane.
    pub(super) parameters: Vec<Memory>,
    /// Bytes of local memory that the callers have.
    pub(super) local_below: usize,
    /// Where the function's own local memory begins.
    pub(super) local_start: u64,
    /// The last one runs.
    pub(super) paths: Vec<Path>,
    /// The lanes that called.
    pub(super) caller: Lanes,
    /// Where they want the results.
    pub(super) results: Vec<Field>,
}

/// Lanes that run together.
pub(super) struct Path {
    pub(super) lanes: Lanes,
    /// The instruction that is next.
    pub(super) next: usize,
    /// Where they wait for others; none where that is the function's end.
    pub(super) join: Option<usize>,
}
