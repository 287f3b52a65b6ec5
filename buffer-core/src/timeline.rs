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

    /// When any element of a buffer is alive.
    pub(crate) fn buffer(&self, entry: &BufferEntry) -> Alive {
        if entry.persistent {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lifetimes::live_phases;
    use crate::phase_order::PhaseSet;

    /// Phases made of steps: a phase, the start of a loop, or the end of one.
    fn phases(steps: &[u8]) -> Phases {
        let mut open = vec![Phases::new()];
        for (index, step) in steps.iter().enumerate() {
            match step {
                0 if open.len() < 4 => open.push(Phases::new().phase(format!("first{index}"))),
                1 if open.len() > 1 => close(&mut open, index),
                _ => {
                    let last = open.pop().unwrap();
                    open.push(last.phase(format!("p{index}")));
                }
            }
        }
        while open.len() > 1 {
            let index = steps.len() + open.len();
            close(&mut open, index);
        }
        open.pop().unwrap()
    }

    fn close(open: &mut Vec<Phases>, index: usize) {
        let body = open.pop().unwrap();
        let around = open.pop().unwrap();
        open.push(around.repeat(format!("loop{index}"), body));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 10_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        /// Both are written from the definition, one by walking and one by sets.
        #[test]
        fn ranges_are_read_as_the_rules_read_them(
            steps in prop::collection::vec(0u8..4, 1..9),
            ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            inclusive in any::<bool>(),
        ) {
            let phases = phases(&steps);
            let order = phases.order();
            let names: Vec<&str> = order.names().collect();
            let [start, end] = [ends.0, ends.1].map(|end| names[end.index(names.len())].to_owned());
            let range = LiveRange { start, end, inclusive };
            let Some(expected) = live_phases(order, std::slice::from_ref(&range)) else {
                return Ok(());
            };
            let alive = Timeline::new(&phases).during(std::slice::from_ref(&range));
            for (phase, alive) in alive.into_iter().enumerate() {
                let is_live = !expected.intersection(PhaseSet::of(phase..phase + 1)).is_empty();
                prop_assert_eq!(alive, is_live, "{} in {:?}", range, phases);
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_alive_always() {
        let phases = Phases::new().phase("first").phase("second");
        let timeline = Timeline::new(&phases);
        let [unknown, backwards] = [LiveRange::from("other"), LiveRange::from("second"..="first")];
        for ranges in [vec![unknown], vec![backwards], Vec::new()] {
            assert_eq!(timeline.during(&ranges), [true, true], "{ranges:?}");
        }
        assert_eq!(timeline.during(&["second".into()]), [false, true]);
        assert_eq!(Timeline::new(&Phases::new()).during(&[]), [true]);
    }
}
