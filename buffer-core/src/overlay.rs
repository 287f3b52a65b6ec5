//! Where blocks of storage lie, so that those which are live together share nothing and few elements
//! are needed.
//!
//! Finding the fewest is NP-complete (Garey and Johnson 1979, problem SR2). First-fit finds them in
//! some order of the blocks, and a few good orders mostly do. In no order does a block lie behind where
//! those before it would end in a row, so no plan is longer than all blocks in a row.

use std::cmp::Reverse;

use crate::phase_order::{MOST_PHASES, PhaseSet};

/// Elements that are live in some phases. Those without elements take nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) size: usize,
    pub(crate) live: PhaseSet,
}

/// The places of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The first element of each block, in order.
    pub(crate) starts: Vec<usize>,
    /// The elements of all of them.
    pub(crate) extent: usize,
}

impl Block {
    fn phases(&self) -> impl Iterator<Item = usize> {
        (0..MOST_PHASES).filter(|&phase| self.live.contains(phase))
    }

    fn lives_with(&self, other: PhaseSet) -> bool {
        !self.live.intersection(other).is_empty()
    }
}

/// What orders blocks for first-fit: the greatest comes first, and of equals the first one.
const ORDERS: [fn(&Block) -> usize; 4] = [
    |_| 0,
    |block| block.size,
    |block| block.size.saturating_mul(block.phases().count()),
    |block| block.phases().count(),
];

/// The elements that are live together at most, which no plan can do without. None where they cannot
/// be counted.
pub(crate) fn load(blocks: &[Block]) -> Option<usize> {
    let mut loads = [0usize; MOST_PHASES];
    for block in blocks {
        for phase in block.phases() {
            let load = loads.get_mut(phase)?;
            *load = load.checked_add(block.size)?;
        }
    }
    loads.into_iter().max()
}

/// The shortest plan of some orders; of equals, that of the first order. None where the elements of
/// all blocks cannot be counted.
pub(crate) fn pack(blocks: &[Block]) -> Option<Plan> {
    blocks.iter().try_fold(0usize, |sum, block| sum.checked_add(block.size))?;
    let load = load(blocks)?;
    let mut best: Option<Plan> = None;
    for key in ORDERS {
        let mut order: Vec<(usize, Block)> = blocks.iter().copied().enumerate().collect();
        order.sort_by_cached_key(|(_, block)| Reverse(key(block)));
        let plan = first_fit(&order);
        if best.as_ref().is_none_or(|best| plan.extent < best.extent) {
            best = Some(plan);
        }
        if best.as_ref().is_some_and(|best| best.extent == load) {
            break;
        }
    }
    best
}

/// Places each block in turn where the first gap between those that it is live with holds it.
pub(crate) fn first_fit(order: &[(usize, Block)]) -> Plan {
    let mut starts = vec![0; order.len()];
    // Start, end and phases of what is placed, by start.
    let mut placed: Vec<(usize, usize, PhaseSet)> = Vec::with_capacity(order.len());
    let mut extent = 0;
    for &(position, block) in order.iter().filter(|(_, block)| block.size > 0) {
        let mut start = 0;
        for &(other, end, _) in placed.iter().filter(|(_, _, live)| block.lives_with(*live)) {
            if start + block.size <= other {
                break;
            }
            start = start.max(end);
        }
        let end = start + block.size;
        let behind = placed.partition_point(|&(other, _, _)| other <= start);
        placed.insert(behind, (start, end, block.live));
        if let Some(place) = starts.get_mut(position) {
            *place = start;
        }
        extent = extent.max(end);
    }
    Plan { starts, extent }
}

#[cfg(test)]
mod tests;
