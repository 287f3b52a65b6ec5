//! The keys of every attribute.

/// Keys of `#[buffers(...)]`.
pub(crate) const STRUCT: &[&str] = &["prefix", "vars", "crate", "phases"];
/// Keys of `#[buffer(...)]`.
pub(crate) const BUFFER: &[&str] =
    &["size", "location", "persistent", "aliases", "overflow", "zero", "live", "part", "handoff"];
/// Keys of `#[child(...)]`.
pub(crate) const CHILD: &[&str] = &["call"];

/// Keys that may be given more than once.
pub(crate) const REPEATABLE: &[&str] = &["part"];

/// The place names.
pub(crate) const LOCATIONS: &[&str] = &["shared", "local", "auto"];
/// What an alias that does not fit may get.
pub(crate) const OVERFLOWS: &[&str] = &["error", "own"];
