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
    /// Whether they lacked others at the next instruction, and nothing has changed since.
    pub(super) is_waiting: bool,
}

impl Frame {
    /// Lets another path run before the last one, which lacks lanes at a vote or a barrier: on a GPU each
    /// lane goes on by itself, as far as it can. False where no path is left that might bring them.
    pub(super) fn wait_for_others(&mut self) -> bool {
        let Some(mut path) = self.paths.pop() else { return false };
        path.next -= 1;
        path.is_waiting = true;
        let with_same_join = |other: &&Path| other.join == path.join;
        let start = self.paths.len() - self.paths.iter().rev().take_while(with_same_join).count();
        let others = self.paths.split_off(start);
        let (mut same_place, elsewhere): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| other.next == path.next);
        if let Some(other) = same_place.first_mut() {
            other.lanes |= path.lanes;
            other.is_waiting = false;
        } else {
            same_place.push(path);
        }
        let (waiting, ready): (Vec<_>, Vec<_>) =
            same_place.into_iter().chain(elsewhere).partition(|path| path.is_waiting);
        let is_any_ready = !ready.is_empty();
        self.paths.extend(waiting.into_iter().chain(ready));
        is_any_ready
    }
}
