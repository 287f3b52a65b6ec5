//! The rules that the buffers of a factory keep, one function each.
//!
//! All faults are reported, and none that only follows from another one.

use crate::context::BufferContext;
use crate::entry::{BufferEntry, Overflow};
use crate::error::{BufferError, Fault};
use crate::lifetimes;
use crate::names::{self, NameFault};
use crate::packing::{Fit, pack_aliases};
use crate::suggest::nearest;

/// One buffer among the others of its factory.
struct Declaration<'a> {
    context: &'a BufferContext,
    position: usize,
    entry: &'a BufferEntry,
    /// The buffer that it aliases, if that one is declared above it.
    parent: Option<&'a BufferEntry>,
    /// Its place in its parent, if sizes alone decide about it.
    fit: Option<Fit>,
}

const RULES: &[fn(&Declaration<'_>) -> Option<Fault>] = &[
    check_name,
    check_size,
    check_location,
    check_overflow_used,
    check_zero,
    check_zero_handoff,
    check_alias,
    check_persistent_parent,
    check_persistent_alias,
    check_place,
    check_element,
    check_fit,
    check_persistent_live,
];

/// All faults of all buffers and children of a factory.
pub(crate) fn faults(context: &BufferContext) -> Vec<Fault> {
    let order = context.phases().order();
    let mut faults = lifetimes::check_phases(order);
    // Without sound phases nothing can be said of what is live in them.
    let sound_phases = faults.is_empty();
    let entries: Vec<_> = context.entries().collect();
    let fits = pack_aliases(context);
    for (position, (&entry, &fit)) in entries.iter().zip(&fits).enumerate() {
        let parent = context.parent_position(position);
        let parent = parent.and_then(|parent| entries.get(parent).copied());
        let declaration = Declaration { context, position, entry, parent, fit };
        faults.extend(RULES.iter().filter_map(|rule| rule(&declaration)));
        faults.extend(lifetimes::check_parts(entry));
        if sound_phases {
            let parts = entry.parts.iter().flat_map(|part| &part.live);
            faults.extend(lifetimes::check_ranges(
                order,
                &entry.name,
                entry.live.iter().chain(parts),
            ));
            faults.extend(lifetimes::check_zero_beginning(order, entry));
            faults.extend(lifetimes::check_live_together(context, position, &fits));
        }
    }
    if sound_phases {
        let ranges = |(name, calls)| lifetimes::check_ranges(order, name, calls);
        faults.extend(context.calls().flat_map(ranges));
    }
    faults
}

/// All faults but those that follow from buffers whose sizes are none: what shares storage with one
/// may lie anywhere.
pub(crate) fn faults_apart_from_sizes(
    context: &BufferContext,
    without_size: &[&str],
) -> Vec<Fault> {
    let roots: Vec<_> = without_size.iter().map(|name| context.root(name)).collect();
    let follows = |fault: &Fault| match fault {
        Fault::DoesNotFit { name, .. } | Fault::LiveTogether { name, .. } => {
            roots.contains(&context.root(name))
        }
        Fault::PartOutside { name, .. } | Fault::PartsOverlap { name, .. } => {
            without_size.contains(&name.as_str())
        }
        _ => false,
    };
    let mut faults = faults(context);
    faults.retain(|fault| !follows(fault));
    faults
}

/// An error, if there are faults.
pub(crate) fn refuse(factory: &str, faults: Vec<Fault>) -> Result<(), BufferError> {
    if faults.is_empty() {
        return Ok(());
    }
    Err(BufferError::Faults { factory: factory.to_owned(), faults })
}

/// The name of a new buffer or child is free.
pub(crate) fn check_unique(context: &BufferContext, name: &str) -> Option<Fault> {
    (context.entry(name).is_some() || context.child(name).is_some())
        .then(|| Fault::DuplicateName { name: name.to_owned() })
}

/// The name of a buffer or child can stand in kernel text.
pub(crate) fn check_identifier(name: &str, what: &'static str) -> Option<Fault> {
    let name = name.to_owned();
    Some(match names::check_name(&name).err()? {
        NameFault::Empty => Fault::EmptyName,
        NameFault::NotAnIdentifier => Fault::NotAnIdentifier { name },
        NameFault::Reserved(meaning) => Fault::ReservedName { name, what, meaning },
    })
}

fn check_name(declaration: &Declaration<'_>) -> Option<Fault> {
    check_identifier(&declaration.entry.name, "buffer")
}

/// SB012: the bytes of a buffer can be counted on every target.
fn check_size(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, size, .. } = declaration.entry;
    (*size > BufferEntry::MAX_SIZE).then(|| Fault::OverflowingSize { name: name.clone() })
}

/// A root has a place.
fn check_location(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, location, aliases, .. } = declaration.entry;
    (location.is_none() && aliases.is_none()).then(|| Fault::MissingLocation { name: name.clone() })
}

/// What happens on overflow concerns aliases only.
fn check_overflow_used(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, overflow, aliases, .. } = declaration.entry;
    (*overflow == Overflow::Own && aliases.is_none())
        .then(|| Fault::NeedlessOverflow { name: name.clone() })
}

/// What keeps its contents is not zeroed at every use.
fn check_zero(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, zero, persistent, .. } = declaration.entry;
    (*zero && *persistent).then(|| Fault::PersistentZero { name: name.clone() })
}

/// What is zeroed takes nothing over.
fn check_zero_handoff(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, zero, handoff, aliases, .. } = declaration.entry;
    (*zero && *handoff && aliases.is_some()).then(|| Fault::ZeroHandoff { name: name.clone() })
}

/// SB001: an alias names a buffer declared above it.
fn check_alias(declaration: &Declaration<'_>) -> Option<Fault> {
    let Declaration { context, entry, .. } = declaration;
    let (name, parent) = (entry.name.clone(), entry.aliases.clone()?);
    if parent == name {
        return Some(Fault::AliasSelf { name });
    }
    if context.child(&parent).is_some() {
        return Some(Fault::AliasChild { name, parent });
    }
    if context.entry(&parent).is_none() {
        let above = context.entries().take(declaration.position);
        let suggestion = nearest(&parent, above.map(BufferEntry::name));
        return Some(Fault::AliasUnknown { name, parent, suggestion });
    }
    declaration.parent.is_none().then_some(Fault::AliasLater { name, parent })
}

/// SB003: a persistent buffer is never aliased.
fn check_persistent_parent(declaration: &Declaration<'_>) -> Option<Fault> {
    let (entry, parent) = (declaration.entry, declaration.parent?);
    // An alias that is persistent itself is at fault whatever its parent is.
    (parent.persistent && !entry.persistent)
        .then(|| Fault::PersistentParent { name: entry.name.clone(), parent: parent.name.clone() })
}

/// SB004: a persistent buffer never aliases.
fn check_persistent_alias(declaration: &Declaration<'_>) -> Option<Fault> {
    let (entry, parent) = (declaration.entry, declaration.parent?);
    entry
        .persistent
        .then(|| Fault::PersistentAlias { name: entry.name.clone(), parent: parent.name.clone() })
}

/// SB005: an alias lives where its parent lives.
fn check_place(declaration: &Declaration<'_>) -> Option<Fault> {
    let (entry, parent) = (declaration.entry, declaration.parent?);
    let location = entry.location?;
    let parent_location = declaration.context.location(&parent.name)?;
    (location.resolved() != parent_location).then(|| Fault::LocationMismatch {
        name: entry.name.clone(),
        location,
        parent: parent.name.clone(),
        parent_location,
    })
}

/// SB006: an alias has its parent's element type.
fn check_element(declaration: &Declaration<'_>) -> Option<Fault> {
    let (entry, parent) = (declaration.entry, declaration.parent?);
    (entry.element != parent.element).then(|| Fault::ElementMismatch {
        name: entry.name.clone(),
        element: entry.element,
        parent: parent.name.clone(),
        parent_element: parent.element,
    })
}

/// What is persistent holds data in all phases.
fn check_persistent_live(declaration: &Declaration<'_>) -> Option<Fault> {
    let BufferEntry { name, persistent, live, parts, .. } = declaration.entry;
    (*persistent && !(live.is_empty() && parts.is_empty()))
        .then(|| Fault::PersistentLive { name: name.clone() })
}

/// SB010: an alias fits inside its parent, beside the aliases before it.
fn check_fit(declaration: &Declaration<'_>) -> Option<Fault> {
    let (entry, parent, fit) = (declaration.entry, declaration.parent?, declaration.fit?);
    (!fit.fits && entry.overflow == Overflow::Error).then(|| Fault::DoesNotFit {
        name: entry.name.clone(),
        parent: parent.name.clone(),
        holds: parent.size,
        taken: fit.taken,
        needs: entry.size,
    })
}
