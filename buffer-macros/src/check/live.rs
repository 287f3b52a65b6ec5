//! When buffers hold data: SB002, SB007 and SB009.

use quote::ToTokens;
use syn::Ident;
use syn::ext::IdentExt;

use super::alias::sound_alias;
use super::bound;
use crate::diag::{Problem, Report};
use crate::model::{
    Bound, Buffer, Declaration, Field, Kind, LiveRange, Located, Overflow, Part, Size, Term,
};
use crate::phase_order::{HandoffFault, PhaseOrder, PhaseSet, RangeFault};
use crate::proof::{Variables, Verdict, sum};
use crate::suggest::nearest;

/// SB009: the phases that a buffer or child names exist, and its ranges are neither empty nor
/// backwards.
pub(super) fn check_ranges(order: &PhaseOrder, field: &Field, report: &mut Report) {
    let parts = match &field.kind {
        Kind::Buffer(buffer) => buffer.parts.as_slice(),
        _ => &[],
    };
    for range in field.ranges().iter().chain(parts.iter().flat_map(|part| &part.live.value)) {
        let ends = if range.is_one() { vec![&range.start] } else { vec![&range.start, &range.end] };
        let unknown: Vec<&Ident> =
            ends.into_iter().filter(|end| find(order, end).is_none()).collect();
        for &end in &unknown {
            let phase = end.unraw().to_string();
            let suggestion = nearest(&phase, order.names());
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
    let mut ranges = buffer.live.iter().chain(buffer.parts.iter().map(|part| &part.live));
    if let Some(live) = ranges.next()
        && buffer.persistent.is_some()
    {
        report.push(&live.tokens, Problem::PersistentLive { name: field.name.clone() });
    }
}

/// What is zeroed where its live range begins does not go on in the same phase: which of the two it is
/// would depend on the phase before.
pub(super) fn check_zero_beginning(
    order: &PhaseOrder,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(zero) = &buffer.zero else { return };
    if buffer.persistent.is_some() {
        return;
    }
    let mut ranges = buffer.live.iter().chain(buffer.parts.iter().map(|part| &part.live));
    let unclear = |ranges: &Located<Vec<LiveRange>>| {
        order.unclear_beginning(live_phases(order, &ranges.value)?)
    };
    let Some((phase, dead, live)) = ranges.find_map(unclear) else { return };
    let [phase, dead, live] = [phase, dead, live].map(str::to_owned);
    let name = field.name.clone();
    report.push(&zero.tokens, Problem::ZeroBeginning { name, phase, dead, live });
}

/// SB002: buffers on the same bytes have no live phase in common, except by a handoff. Two errors
/// show both places.
///
/// An alias lies in its parent, and so in what that one lies in; the first of them that it is live
/// with is told.
pub(super) fn check_live_together(
    declaration: &Declaration,
    bounds: &[Bound],
    order: &PhaseOrder,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(alias) = &buffer.aliases else { return };
    let Some(live) = live_of(order, buffer) else { return };
    let mut chain = vec![field];
    let mut inner = (field, buffer);
    // What lies before the alias in the buffer around it, if that is certain.
    let mut before: Option<Vec<&Size>> = Some(Vec::new());
    while let Some((_, parent_field, parent)) = sound_alias(declaration, inner.0, inner.1) {
        if inner.1.persistent.is_some() || parent.persistent.is_some() {
            // There is no storage to share.
            return;
        }
        let taken = taken_before(declaration, inner.0, parent_field);
        before = before.zip(taken).map(|(before, taken)| [before, taken].concat());
        let takes_over = buffer.handoff.is_some() && chain.len() == 1;
        chain.push(parent_field);
        inner = (parent_field, parent);
        let elements = before.as_deref().zip(buffer.size.as_ref());
        let pieces = pieces(bounds, parent, elements);
        if takes_over {
            let part = pieces.iter().find(|piece| piece.exact).and_then(|piece| piece.part);
            check_handoff(order, (field, buffer), parent_field, part, report);
            continue;
        }
        for piece in pieces {
            let ranges = piece.part.map_or(parent.live.as_ref(), |part| Some(&part.live));
            let parent_live = match ranges {
                Some(ranges) => live_phases(order, &ranges.value),
                None => live_of(order, parent),
            };
            let Some(parent_live) = parent_live else { continue };
            let shared = live.intersection(parent_live);
            if shared.is_empty() {
                continue;
            }
            let (name, parent_name) = (field.name.clone(), parent_field.name.clone());
            let problem = Problem::LiveTogether {
                name: name.clone(),
                parent: parent_name.clone(),
                live: describe(order, buffer.live.as_ref(), live),
                parent_live: describe(order, ranges, parent_live),
                shared: order.describe(shared),
                through: through(&chain),
                remedy: remedy((field, buffer.live.is_some()), (parent_field, ranges.is_some())),
            };
            report.push(&alias.tokens, problem);
            let (at, problem) = match ranges {
                Some(ranges) => {
                    (ranges.tokens.clone(), Problem::StillLive { name, parent: parent_name })
                }
                None => (
                    parent_field.ident.to_token_stream(),
                    Problem::AlwaysLive { name, parent: parent_name },
                ),
            };
            report.push(at, problem);
            return;
        }
    }
}

/// What the earlier aliases of its parent take before an alias, if that is certain.
fn taken_before<'a>(
    declaration: &'a Declaration,
    field: &Field,
    parent: &Field,
) -> Option<Vec<&'a Size>> {
    let mut taken = Vec::new();
    for (other, buffer) in declaration.buffers().take_while(|(other, _)| other.index < field.index)
    {
        let alias = sound_alias(declaration, other, buffer);
        if alias.is_some_and(|(_, other_parent, _)| other_parent.index == parent.index)
            && buffer.persistent.is_none()
        {
            if buffer.overflow.as_ref().is_some_and(|way| way.value == Overflow::Own) {
                return None;
            }
            taken.push(buffer.size.as_ref()?);
        }
    }
    Some(taken)
}

/// Elements of a buffer that are live together.
struct Piece<'a> {
    /// None for those that are in no part.
    part: Option<&'a Part>,
    /// They are all elements that were asked for, and no others.
    exact: bool,
}

/// What may lie on some elements of a buffer: those parts that are not proved to lie elsewhere, and
/// the rest, if the elements are not proved to lie in one part.
fn pieces<'a>(
    bounds: &[Bound],
    buffer: &'a Buffer,
    elements: Option<(&[&Size], &Size)>,
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = true;
    for part in &buffer.parts {
        let mut exact = false;
        if let Some((before, size)) = elements {
            let sizes = before.iter().copied().chain([size, &part.start, &part.end]);
            let variables = Variables::of(sizes, bounds);
            let (first, last) = (&part.start.term, &part.end.term);
            let start = total(before.iter().copied());
            let (start, end) = (&start, &total(before.iter().copied().chain([size])));
            let fits = |low: &Term, high: &Term| variables.verdict(&[], low, high) == Verdict::Fits;
            if fits(end, first) || fits(last, start) {
                continue;
            }
            let inside = fits(first, start) && fits(end, last);
            exact = inside && fits(start, first) && fits(last, end);
            rest &= !inside;
        }
        pieces.push(Piece { part: Some(part), exact });
    }
    if rest {
        pieces.push(Piece { part: None, exact: false });
    }
    pieces
}

/// The sum of sizes.
fn total<'a>(sizes: impl Iterator<Item = &'a Size>) -> Term {
    sum(sizes.map(|size| &size.term)).unwrap_or(Term::Integer(0))
}

/// SB007: a handoff joins equal elements in one phase, after which the part is dead and before which
/// the alias is not live.
fn check_handoff(
    order: &PhaseOrder,
    (field, buffer): (&Field, &Buffer),
    parent: &Field,
    part: Option<&Part>,
    report: &mut Report,
) {
    let Some(handoff) = &buffer.handoff else { return };
    let (name, parent) = (field.name.clone(), parent.name.clone());
    let Some(part) = part else {
        report.push(&handoff.tokens, Problem::HandoffOfNoPart { name, parent });
        return;
    };
    let Some((from, to)) = live_phases(order, &part.live.value).zip(live_of(order, buffer)) else {
        return;
    };
    let Err(fault) = order.hand_over(from, to) else { return };
    let what = match fault {
        HandoffFault::Apart => "in no phase".to_owned(),
        HandoffFault::Together => "in more than one phase".to_owned(),
        HandoffFault::Kept | HandoffFault::Taken => {
            let phase = order.describe(from.intersection(to));
            match fault {
                HandoffFault::Kept => format!("in {phase}, but the part is live after that, too"),
                _ => format!("in {phase}, but is live before that, too"),
            }
        }
    };
    let problem = Problem::Handoff {
        name,
        parent,
        part: part.text(),
        what,
        part_live: describe(order, Some(&part.live), from),
        live: describe(order, buffer.live.as_ref(), to),
    };
    report.push(&handoff.tokens, problem);
}

/// What takes over, takes over from a parent.
pub(super) fn check_handoff_used(field: &Field, buffer: &Buffer, report: &mut Report) {
    if let Some(handoff) = &buffer.handoff
        && buffer.aliases.is_none()
        && !buffer.damaged
    {
        report.push(&handoff.tokens, Problem::NeedlessHandoff { name: field.name.clone() });
    }
}

/// The parts of a buffer lie inside it, and none on another one, as far as that can be seen here.
pub(super) fn check_parts(
    declaration: &Declaration,
    bounds: &[Bound],
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(size) = &buffer.size else { return };
    for (index, part) in buffer.parts.iter().enumerate() {
        let (start, end, holds) = (&part.start.term, &part.end.term, &size.term);
        let earlier = || buffer.parts.iter().take(index);
        let sizes = earlier().chain([part]).flat_map(|part| [&part.start, &part.end]);
        let variables = Variables::of(sizes.chain([size]), bounds);
        let never = |low: &Term, high: &Term| variables.verdict(&[], low, high) == Verdict::Never;
        let may_not = |low: &Term, high: &Term| match variables.verdict(&[], low, high) {
            Verdict::Never => true,
            // An example is none where a bound is faulty that might exclude it.
            Verdict::Unless(_) => bound::are_sound(declaration),
            Verdict::Fits | Verdict::Unknown => false,
        };
        let (name, text) = (field.name.clone(), part.text());
        if may_not(start, end) || may_not(end, holds) {
            let holds = variables.display(holds);
            report.push(&part.tokens, Problem::PartOutside { name, part: text, holds });
        } else if earlier()
            .any(|other| never(end, &other.start.term) && never(&other.end.term, start))
        {
            report.push(&part.tokens, Problem::PartsOverlap { name, part: text });
        }
    }
}

/// The phases that ranges cover, in words.
fn describe(
    order: &PhaseOrder,
    ranges: Option<&Located<Vec<LiveRange>>>,
    phases: PhaseSet,
) -> String {
    let ranges = ranges.into_iter().flat_map(|ranges| &ranges.value).filter_map(|range| {
        let (start, end) = (find(order, &range.start)?, find(order, &range.end)?);
        Some(order.widened(&start, &end, range.inclusive))
    });
    order.describe_widened(phases, &ranges.flatten().collect::<Vec<_>>())
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

/// What to change, so that the two have no phase in common; each says when it is live, or not.
fn remedy(alias: (&Field, bool), parent: (&Field, bool)) -> String {
    let silent = [parent, alias].into_iter().filter(|(_, says)| !says);
    let silent: Vec<_> = silent.map(|(field, _)| format!("`{}`", field.name)).collect();
    if silent.is_empty() {
        "let one of them end before the other begins".to_owned()
    } else {
        format!("say with `live = ...` when {} holds data", silent.join(" and "))
    }
}

/// The phases in which a buffer is live, but for its parts; none where its ranges are at fault.
fn live_of(order: &PhaseOrder, buffer: &Buffer) -> Option<PhaseSet> {
    match &buffer.live {
        Some(live) => live_phases(order, &live.value),
        None => (!buffer.damaged).then(|| order.all()),
    }
}

/// The phases of some ranges; none where one is at fault.
fn live_phases(order: &PhaseOrder, ranges: &[LiveRange]) -> Option<PhaseSet> {
    let mut ranges = ranges.iter().map(|range| cover(order, range)?.ok());
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
