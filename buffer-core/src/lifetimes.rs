//! The rules of phases, and of what is live in them.

use std::ops::Range;

use crate::context::BufferContext;
use crate::entry::{BufferEntry, Part};
use crate::error::Fault;
use crate::names;
use crate::packing::Fit;
use crate::phase_order::{MOST_PHASES, PhaseOrder, PhaseSet, RangeFault};
use crate::phases::LiveRange;
use crate::suggest::nearest;

/// All faults of a factory's phases.
pub(crate) fn check_phases(order: &PhaseOrder) -> Vec<Fault> {
    let mut faults = Vec::new();
    let names: Vec<&str> = order.names().collect();
    for (index, &phase) in names.iter().enumerate() {
        let phase = phase.to_owned();
        if names.iter().take(index).any(|&earlier| earlier == phase) {
            faults.push(Fault::DuplicatePhase { phase });
        } else if let Err(fault) = names::check_name(&phase) {
            faults.push(Fault::PhaseName { phase, reason: fault.reason() });
        }
    }
    faults.extend(order.empty_loops().map(|name| Fault::EmptyLoop { phase: name.to_owned() }));
    let count = order.len();
    if count > MOST_PHASES {
        faults.push(Fault::TooManyPhases { count });
    }
    faults
}

/// SB009: the phases that a buffer or child names exist, and its ranges are neither empty nor
/// backwards.
pub(crate) fn check_ranges<'a>(
    order: &PhaseOrder,
    name: &str,
    ranges: impl IntoIterator<Item = &'a LiveRange>,
) -> Vec<Fault> {
    ranges.into_iter().flat_map(|range| check_range(order, name, range)).collect()
}

/// The parts of a buffer lie inside it, and none on another one.
pub(crate) fn check_parts(entry: &BufferEntry) -> Vec<Fault> {
    let check =
        |(index, part): (usize, &Part)| {
            let (name, holds) = (entry.name.clone(), entry.size);
            let &Part { start, end, .. } = part;
            if start > end || end > holds {
                return Some(Fault::PartOutside { name, start, end, holds });
            }
            let mut earlier = entry.parts.iter().take(index);
            earlier
                .any(|other| overlap(&other.range(), &part.range()))
                .then_some(Fault::PartsOverlap { name, start, end })
        };
    entry.parts.iter().enumerate().filter_map(check).collect()
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
}

fn check_range(order: &PhaseOrder, name: &str, range: &LiveRange) -> Vec<Fault> {
    let LiveRange { start, end, inclusive } = range;
    let (Some(first), Some(last)) = (order.find(start), order.find(end)) else {
        let mut unknown: Vec<&String> = vec![start, end];
        unknown.dedup();
        unknown.retain(|phase| order.find(phase).is_none());
        let fault = |phase: &String| Fault::UnknownPhase {
            name: name.to_owned(),
            phase: phase.clone(),
            suggestion: nearest(phase, order.names()),
        };
        return unknown.into_iter().map(fault).collect();
    };
    let (name, range) = (name.to_owned(), range.to_string());
    match order.cover(&first, &last, *inclusive) {
        Ok(_) => Vec::new(),
        Err(RangeFault::Empty) => vec![Fault::EmptyRange { name, range }],
        Err(RangeFault::Backwards) => vec![Fault::BackwardsRange { name, range }],
    }
}

/// What is zeroed where its live range begins does not go on in the same phase: which of the two it is
/// would depend on the phase before.
pub(crate) fn check_zero_beginning(order: &PhaseOrder, entry: &BufferEntry) -> Option<Fault> {
    if !entry.zero || entry.persistent {
        return None;
    }
    let parts = entry.parts.iter().map(|part| part.live.as_slice());
    let ranges = [entry.live.as_slice()].into_iter().chain(parts);
    let mut live = ranges.filter_map(|ranges| live_phases(order, ranges));
    let (phase, dead, alive) = live.find_map(|live| order.unclear_beginning(live))?;
    let name = entry.name.clone();
    let [phase, dead, live] = [phase, dead, alive].map(str::to_owned);
    Some(Fault::ZeroBeginning { name, phase, dead, live })
}

/// The phases of some ranges: all where there are none, and none where one is at fault.
pub(crate) fn live_phases(order: &PhaseOrder, live: &[LiveRange]) -> Option<PhaseSet> {
    if live.is_empty() {
        return Some(order.all());
    }
    live.iter().try_fold(PhaseSet::default(), |all, LiveRange { start, end, inclusive }| {
        let range = order.cover(&order.find(start)?, &order.find(end)?, *inclusive);
        Some(all.union(range.ok()?))
    })
}

/// The phases in which some element of a buffer is live.
pub(crate) fn occupied_phases(order: &PhaseOrder, entry: &BufferEntry) -> PhaseSet {
    let stretches = live_stretches(order, entry).into_iter();
    stretches.fold(PhaseSet::default(), |all, (_, live)| all.union(live))
}

/// The phases in which no element of a buffer is live. One without elements is at home in all.
pub(crate) fn dead_phases<'a>(order: &'a PhaseOrder, entry: &BufferEntry) -> Vec<&'a str> {
    let live = occupied_phases(order, entry);
    let is_dead = |&(position, _): &(usize, &str)| entry.size > 0 && !live.contains(position);
    order.phases().enumerate().filter(is_dead).map(|(_, phase)| phase).collect()
}

/// All elements of a buffer in order, in stretches that are live together, with the phases in which
/// each is live.
pub(crate) fn live_stretches(
    order: &PhaseOrder,
    entry: &BufferEntry,
) -> Vec<(Range<usize>, PhaseSet)> {
    let live = |(elements, ranges)| (elements, live_phases(order, ranges).unwrap_or_default());
    stretches(entry).into_iter().map(live).collect()
}

/// All elements of a buffer in order, in stretches that are live together, with what says when.
fn stretches(entry: &BufferEntry) -> Vec<(Range<usize>, &[LiveRange])> {
    let mut parts: Vec<_> = entry.parts.iter().filter(|part| part.start < part.end).collect();
    parts.sort_by_key(|part| part.start);
    let mut stretches = Vec::new();
    let mut end = 0;
    for part in parts {
        stretches.push((end..part.start, entry.live.as_slice()));
        stretches.push((part.range(), part.live.as_slice()));
        end = part.end;
    }
    stretches.push((end..entry.size, entry.live.as_slice()));
    stretches.retain(|(elements, _)| !elements.is_empty());
    stretches
}

/// The phases of a buffer's ranges, in words.
fn describe_live(order: &PhaseOrder, live: &[LiveRange], phases: PhaseSet) -> String {
    let ranges = live.iter().filter_map(|LiveRange { start, end, inclusive }| {
        Some(order.widened(&order.find(start)?, &order.find(end)?, *inclusive))
    });
    order.describe_widened(phases, &ranges.flatten().collect::<Vec<_>>())
}

/// What some elements of a buffer say of when they are live, in one piece for each part of it, with
/// the part's elements; those outside of all parts have none.
fn pieces<'a>(
    entry: &'a BufferEntry,
    elements: &Range<usize>,
) -> Vec<(&'a [LiveRange], Option<Range<usize>>)> {
    let parts = entry.parts.iter().filter(|part| overlap(&part.range(), elements));
    let in_parts = |element| entry.parts.iter().any(|part| part.range().contains(&element));
    // The rest begins at the start, or behind a part.
    let mut rests = entry.parts.iter().map(|part| part.end).chain([elements.start]);
    let rest = rests.any(|element| elements.contains(&element) && !in_parts(element));
    let parts = parts.map(|part| (part.live.as_slice(), Some(part.range())));
    parts.chain(rest.then_some((entry.live.as_slice(), None))).collect()
}

/// SB002: buffers on the same bytes have no live phase in common, except by a handoff. An alias lies
/// in its parent, and so in what that one lies in; the first of them that it is live with is told.
pub(crate) fn check_live_together(
    context: &BufferContext,
    position: usize,
    fits: &[Option<Fit>],
) -> Option<Fault> {
    let order = context.phases().order();
    let entries: Vec<_> = context.entries().collect();
    let entry = entries.get(position)?;
    // The elements of each buffer around it that it lies on, from the parent outwards.
    let outwards = |&(position, start): &(usize, usize)| {
        let fit = fits.get(position).copied().flatten().filter(|fit| fit.fits)?;
        Some((fit.parent, start + fit.taken))
    };
    let around = std::iter::successors(outwards(&(position, 0)), outwards).enumerate();
    let stretches = stretches(entry);
    let meetings = around.flat_map(|around| stretches.iter().map(move |stretch| (around, stretch)));
    for ((depth, (position, start)), (own, own_ranges)) in meetings {
        let parent = entries.get(position)?;
        let Some(live) = live_phases(order, own_ranges) else { continue };
        let elements = start + own.start..start + own.end;
        for (ranges, part) in pieces(parent, &elements) {
            let Some(parent_live) = live_phases(order, ranges) else { continue };
            let shared = live.intersection(parent_live);
            let takes_over = entry.handoff && depth == 0 && part.as_ref() == Some(&elements);
            let handed_over = takes_over && order.hand_over(parent_live, live).is_ok();
            if shared.is_empty() || handed_over {
                continue;
            }
            return Some(Fault::LiveTogether {
                name: entry.name.clone(),
                live: describe_live(order, own_ranges, live),
                parent: parent.name.clone(),
                parent_live: describe_live(order, ranges, parent_live),
                shared: order.describe(shared),
            });
        }
    }
    None
}
