//! Names become identifiers of kernel text.

use crate::diag::{Problem, Report};
use crate::model::{Declaration, Field, Kind};
use crate::names::{self, NameFault};

/// The prefix is an identifier of C that means nothing else.
pub(super) fn check_prefix(declaration: &Declaration, report: &mut Report) {
    let name = declaration.prefix.value.clone();
    let reason = match names::check_name(&name) {
        Ok(()) => return,
        Err(fault) => fault.reason(),
    };
    report.push(&declaration.prefix.tokens, Problem::Prefix { name, reason });
}

/// The name of a buffer or a child is an identifier of C that means nothing else.
pub(super) fn check_name(field: &Field, report: &mut Report) {
    let what = match field.kind {
        Kind::Buffer(_) => "buffer",
        Kind::Child(_) => "child",
        Kind::Plain | Kind::Contradictory => return,
    };
    let name = field.name.clone();
    let problem = match names::check_name(&name) {
        Ok(()) => return,
        // Rust has no empty identifiers.
        Err(NameFault::Empty | NameFault::NotAnIdentifier) => Problem::NotAnIdentifier { name },
        Err(NameFault::Reserved(meaning)) => Problem::ReservedName { name, what, meaning },
    };
    report.push(&field.ident, problem);
}
