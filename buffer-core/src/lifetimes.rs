//! The rules of phases, and of what is live in them.

use crate::context::BufferContext;
use crate::entry::BufferEntry;
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
pub(crate) fn check_ranges(order: &PhaseOrder, name: &str, ranges: &[LiveRange]) -> Vec<Fault> {
    ranges.iter().flat_map(|range| check_range(order, name, range)).collect()
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

/// The phases in which a buffer is live; none where its ranges are at fault.
fn live_phases(order: &PhaseOrder, entry: &BufferEntry) -> Option<PhaseSet> {
    if entry.live.is_empty() {
        return Some(order.all());
    }
    entry.live.iter().try_fold(PhaseSet::default(), |all, LiveRange { start, end, inclusive }| {
        let range = order.cover(&order.find(start)?, &order.find(end)?, *inclusive);
        Some(all.union(range.ok()?))
    })
}

/// The phases in which a buffer is live, in words.
fn describe_live(order: &PhaseOrder, entry: &BufferEntry, live: PhaseSet) -> String {
    let ranges = entry.live.iter().filter_map(|LiveRange { start, end, inclusive }| {
        Some(order.widened(&order.find(start)?, &order.find(end)?, *inclusive))
    });
    order.describe_widened(live, &ranges.flatten().collect::<Vec<_>>())
}

/// SB002: buffers on the same bytes have no live phase in common. An alias lies in its parent, and so
/// in what that one lies in; the first of them that it is live with is told.
pub(crate) fn check_live_together(
    context: &BufferContext,
    position: usize,
    fits: &[Option<Fit>],
) -> Option<Fault> {
    let order = context.phases().order();
    let entries: Vec<_> = context.entries().collect();
    let entry = entries.get(position).filter(|entry| entry.size > 0)?;
    let live = live_phases(order, entry)?;
    let parent = |position: usize| {
        let fit = fits.get(position).copied().flatten()?;
        fit.fits.then_some(fit.parent)
    };
    std::iter::successors(parent(position), |&position| parent(position)).find_map(|position| {
        let parent = entries.get(position)?;
        let parent_live = live_phases(order, parent)?;
        let shared = live.intersection(parent_live);
        (!shared.is_empty()).then(|| Fault::LiveTogether {
            name: entry.name.clone(),
            live: describe_live(order, entry, live),
            parent: parent.name.clone(),
            parent_live: describe_live(order, parent, parent_live),
            shared: order.describe(shared),
        })
    })
}
