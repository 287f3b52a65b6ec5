//! When buffers are alive, as the checker reads it from their declarations. It walks through the
//! phases, and shares no code with what the planner asks.

use std::ops::Range;

use crate::entry::BufferEntry;
use crate::phases::{LiveRange, Phases};

/// For each phase of a factory whether something is alive in it. A factory without phases has one.
pub(crate) type Alive = Vec<bool>;

/// The phases of a factory, one after the other.
pub(crate) struct Timeline<'a> {
    phases: &'a Phases,
    loops: Vec<Range<usize>>,
    count: usize,
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(phases: &'a Phases) -> Self {
        let order = phases.order();
        let count = order.len();
        let loops = order.names().skip(count).filter_map(|name| order.find(name)).collect();
        Self { phases, loops, count }
    }

    /// When any element of a buffer is alive. One that is zeroed is so where it is allocated, be its
    /// range elsewhere.
    pub(crate) fn buffer(&self, entry: &BufferEntry) -> Alive {
        if entry.persistent || entry.zero {
            return self.always();
        }
        let parts = entry.parts.iter().filter(|part| !part.range().is_empty());
        let in_parts: usize = parts.clone().map(|part| part.range().len()).sum();
        let rest = (in_parts < entry.size).then_some(&entry.live);
        let mut alive = vec![false; self.count.max(1)];
        for ranges in parts.map(|part| &part.live).chain(rest) {
            merge(&mut alive, &self.during(ranges));
        }
        alive
    }

    /// What is alive in some ranges; in none of them, always.
    pub(crate) fn during(&self, ranges: &[LiveRange]) -> Alive {
        if ranges.is_empty() {
            return self.always();
        }
        let mut alive = vec![false; self.count.max(1)];
        for range in ranges {
            // What cannot be read may be any phase.
            merge(&mut alive, &self.walk(range).unwrap_or_else(|| self.always()));
        }
        alive
    }

    fn always(&self) -> Alive {
        vec![true; self.count.max(1)]
    }

    /// The phases passed from the start of a range to its end, and the whole of each loop that only
    /// one of the two lies in, since it may run again in between.
    fn walk(&self, range: &LiveRange) -> Option<Alive> {
        let LiveRange { start, end, inclusive } = range;
        let first = self.phases.order().find(start)?.start;
        let end = self.phases.order().find(end)?;
        let ahead = if *inclusive { first < end.end } else { first < end.start };
        // A walk that must go back goes round the innermost loop with both ends inside.
        let holds_both = |around: &&Range<usize>| {
            around.contains(&first) && around.start <= end.start && end.end <= around.end
        };
        let round = self.loops.iter().filter(holds_both).min_by_key(|around| around.len());
        let round = if ahead { None } else { Some(round?) };

        let mut alive = vec![false; self.count];
        let mut at = first;
        loop {
            let passed = alive.get_mut(at)?;
            if std::mem::replace(passed, true) {
                return None;
            }
            let next = match round {
                Some(around) if at + 1 == around.end => around.start,
                _ => at + 1,
            };
            if if *inclusive { at + 1 == end.end } else { next == end.start } {
                break;
            }
            at = next;
        }
        for again in
            self.loops.iter().filter(|around| around.contains(&first) != around.contains(&at))
        {
            alive.get_mut(again.clone())?.fill(true);
        }
        Some(alive)
    }
}

fn merge(alive: &mut Alive, other: &Alive) {
    alive.iter_mut().zip(other).for_each(|(alive, other)| *alive |= other);
}

/// Whether there is a phase in which both are alive.
pub(crate) fn meet(first: &Alive, second: &Alive) -> bool {
    first.iter().zip(second).any(|(first, second)| *first && *second)
}
