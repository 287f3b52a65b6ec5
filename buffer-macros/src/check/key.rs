//! Keys that a buffer needs, and keys that exclude each other.

use crate::diag::{Problem, Report};
use crate::model::{Buffer, Field};

/// A buffer has a size.
pub(super) fn check_size_given(field: &Field, buffer: &Buffer, report: &mut Report) {
    if buffer.size.is_none() && !buffer.damaged {
        report.push(&field.ident, Problem::MissingSize { name: field.name.clone() });
    }
}

/// A buffer has a place; an alias has its parent's.
pub(super) fn check_location_given(field: &Field, buffer: &Buffer, report: &mut Report) {
    if buffer.location.is_none() && buffer.aliases.is_none() && !buffer.damaged {
        report.push(&field.ident, Problem::MissingLocation { name: field.name.clone() });
    }
}

/// What happens on overflow concerns aliases only.
pub(super) fn check_overflow_used(field: &Field, buffer: &Buffer, report: &mut Report) {
    if let Some(overflow) = &buffer.overflow
        && buffer.aliases.is_none()
        && !buffer.damaged
    {
        report.push(&overflow.tokens, Problem::NeedlessOverflow { name: field.name.clone() });
    }
}

/// What keeps its contents is not zeroed at every use.
pub(super) fn check_zero(field: &Field, buffer: &Buffer, report: &mut Report) {
    if let Some(zero) = &buffer.zero
        && buffer.persistent.is_some()
    {
        report.push(&zero.tokens, Problem::PersistentZero { name: field.name.clone() });
    }
}

/// What is zeroed takes nothing over.
pub(super) fn check_zero_handoff(field: &Field, buffer: &Buffer, report: &mut Report) {
    if let Some(zero) = &buffer.zero
        && buffer.handoff.is_some()
        && buffer.aliases.is_some()
    {
        report.push(&zero.tokens, Problem::ZeroHandoff { name: field.name.clone() });
    }
}
