//! The rules of a declaration: one function each.

mod alias;
mod bound;
mod fit;
mod key;
mod live;
mod name;
mod phase;

use crate::diag::Report;
use crate::model::Declaration;
pub(crate) use fit::Assertion;

/// Checks every rule that can be seen here, and returns what the compiler has to assert.
pub(crate) fn check<'a>(declaration: &'a Declaration, report: &mut Report) -> Vec<Assertion<'a>> {
    report.enter(None);
    name::check_prefix(declaration, report);
    bound::check_variables(declaration, report);
    bound::check_ranges(declaration, report);
    let bounds = bound::all(declaration);
    let order = phase::check_phases(declaration, report);
    for field in &declaration.fields {
        report.enter(Some(field.index));
        name::check_name(field, report);
        if let Some(order) = order {
            live::check_ranges(order, field, report);
        }
    }
    for (field, buffer) in declaration.buffers() {
        report.enter(Some(field.index));
        key::check_size_given(field, buffer, report);
        key::check_location_given(field, buffer, report);
        key::check_overflow_used(field, buffer, report);
        key::check_zero(field, buffer, report);
        key::check_zero_handoff(field, buffer, report);
        live::check_persistent(field, buffer, report);
        live::check_parts(declaration, &bounds, field, buffer, report);
        live::check_handoff_used(field, buffer, report);
        alias::check_parent(declaration, field, buffer, report);
        alias::check_order(declaration, field, buffer, report);
        alias::check_persistence(declaration, field, buffer, report);
        alias::check_location(declaration, field, buffer, report);
        if let Some(order) = order {
            live::check_zero_beginning(order, field, buffer, report);
            live::check_live_together(declaration, &bounds, order, field, buffer, report);
        }
    }
    fit::check_fit(declaration, &bounds, report)
}
