//! The help lines of errors.

use crate::suggest::nearest;

/// A help line naming the nearest of `known`, or nothing where none is near.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map(|name| format!("\nhelp: did you mean `{name}`?")).unwrap_or_default()
}
