//! When buffers hold data: SB002 and SB009.

use syn::Ident;
use syn::ext::IdentExt;

use super::alias::sound_alias;
use crate::diag::{Problem, Report, did_you_mean};
use crate::model::{Buffer, Declaration, Field, LiveRange};
use crate::phase_order::{PhaseOrder, PhaseSet, RangeFault};

/// SB009: the phases that a buffer or child names exist, and its ranges are neither empty nor
/// backwards.
pub(super) fn check_ranges(
    order: &PhaseOrder,
    field: &Field,
    ranges: &[LiveRange],
    report: &mut Report,
) {
    for range in ranges {
        let ends = if range.is_one() { vec![&range.start] } else { vec![&range.start, &range.end] };
        let unknown: Vec<&Ident> =
            ends.into_iter().filter(|end| find(order, end).is_none()).collect();
        for &end in &unknown {
            let phase = end.unraw().to_string();
            let suggestion = did_you_mean(&phase, order.names());
            let known = order.names().map(str::to_owned).collect();
            let name = field.name.clone();
            report.push(end, Problem::UnknownPhase { name, phase, suggestion, known });
        }
        if !unknown.is_empty() {
            continue;
        }
        let (name, text) = (field.name.clone(), range.to_string());
        match cover(order, range) {
            Some(Err(RangeFault::Empty)) => {
                report.push(&range.tokens, Problem::EmptyPhases { name, range: text });
            }
            Some(Err(RangeFault::Backwards)) => {
                report.push(&range.tokens, Problem::BackwardsPhases { name, range: text });
            }
            Some(Ok(_)) | None => {}
        }
    }
}

/// What is persistent holds data in all phases.
pub(super) fn check_persistent(field: &Field, buffer: &Buffer, report: &mut Report) {
    if let Some(live) = &buffer.live
        && buffer.persistent.is_some()
    {
        report.push(&live.tokens, Problem::PersistentLive { name: field.name.clone() });
    }
}

/// SB002: buffers on the same bytes have no live phase in common. Two errors show both places.
///
/// An alias lies in its parent, and so in what that one lies in; the first of them that it is live
/// with is told.
pub(super) fn check_live_together(
    declaration: &Declaration,
    order: &PhaseOrder,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(alias) = &buffer.aliases else { return };
    let Some(live) = live_phases(order, buffer) else { return };
    let mut chain = vec![field];
    let mut inner = (field, buffer);
    while let Some((_, parent_field, parent)) = sound_alias(declaration, inner.0, inner.1) {
        if inner.1.persistent.is_some() || parent.persistent.is_some() {
            // There is no storage to share.
            return;
        }
        chain.push(parent_field);
        inner = (parent_field, parent);
        let Some(parent_live) = live_phases(order, parent) else { continue };
        let shared = live.intersection(parent_live);
        if shared.is_empty() {
            continue;
        }
        let (name, parent_name) = (field.name.clone(), parent_field.name.clone());
        let problem = Problem::LiveTogether {
            name: name.clone(),
            parent: parent_name.clone(),
            live: describe_live(order, field, live),
            parent_live: describe_live(order, parent_field, parent_live),
            shared: order.describe(shared),
            through: through(&chain),
            remedy: remedy((field, buffer), (parent_field, parent)),
        };
        report.push(&alias.tokens, problem);
        match &parent.live {
            Some(live) => {
                report.push(&live.tokens, Problem::StillLive { name, parent: parent_name });
            }
            None => {
                report.push(&parent_field.ident, Problem::AlwaysLive { name, parent: parent_name });
            }
        }
        return;
    }
}

/// The phases in which a buffer is live, in words.
fn describe_live(order: &PhaseOrder, field: &Field, live: PhaseSet) -> String {
    let ranges = field.ranges().iter().filter_map(|range| {
        Some(order.widened(&find(order, &range.start)?, &find(order, &range.end)?, range.inclusive))
    });
    order.describe_widened(live, &ranges.flatten().collect::<Vec<_>>())
}

/// The buffers between an alias and the one that it lies in, if there are any.
fn through(chain: &[&Field]) -> String {
    let [name, parent, outer @ ..] = chain else { return String::new() };
    let outer: String =
        outer.iter().map(|field| format!(", which aliases `{}`", field.name)).collect();
    if outer.is_empty() {
        return outer;
    }
    format!("\nnote: `{}` aliases `{}`{outer}", name.name, parent.name)
}

/// What to change, so that the two have no phase in common.
fn remedy((field, buffer): (&Field, &Buffer), (parent_field, parent): (&Field, &Buffer)) -> String {
    let silent: Vec<_> = [(parent_field, parent), (field, buffer)]
        .into_iter()
        .filter(|(_, buffer)| buffer.live.is_none())
        .map(|(field, _)| format!("`{}`", field.name))
        .collect();
    if silent.is_empty() {
        "let one of them end before the other begins".to_owned()
    } else {
        format!("say with `live = ...` when {} holds data", silent.join(" and "))
    }
}

/// The phases in which a buffer is live; none where its ranges are at fault.
fn live_phases(order: &PhaseOrder, buffer: &Buffer) -> Option<PhaseSet> {
    let Some(live) = &buffer.live else {
        return (!buffer.damaged).then(|| order.all());
    };
    let mut ranges = live.value.iter().map(|range| cover(order, range)?.ok());
    ranges.try_fold(PhaseSet::default(), |all, range| Some(all.union(range?)))
}

/// What a range covers, if both of its ends exist.
fn cover(order: &PhaseOrder, range: &LiveRange) -> Option<Result<PhaseSet, RangeFault>> {
    let (start, end) = (find(order, &range.start)?, find(order, &range.end)?);
    Some(order.cover(&start, &end, range.inclusive))
}

fn find(order: &PhaseOrder, phase: &Ident) -> Option<std::ops::Range<usize>> {
    order.find(&phase.unraw().to_string())
}
