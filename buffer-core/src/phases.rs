//! The phases of a factory, and the ranges of them in which its buffers hold data.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use crate::phase_order::PhaseOrder;

/// The phases of a factory's kernel text, in the order in which they run.
///
/// With phases, buffers that share storage are checked for lifetime too: no two of them may be
/// [live](crate::BufferEntry::live) in one phase.
///
/// ```
/// use buffer_core::Phases;
///
/// // `start, loop stage { base, solve, feval }, finish`
/// let stage = Phases::new().phase("base").phase("solve").phase("feval");
/// let phases = Phases::new().phase("start").repeat("stage", stage).phase("finish");
/// # let _ = phases;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phases(PhaseOrder);

impl Phases {
    /// No phases: lifetimes are not checked.
    pub const fn new() -> Self {
        Self(PhaseOrder::new())
    }

    /// Adds a phase behind the others.
    #[must_use]
    pub fn phase(mut self, name: impl Into<String>) -> Self {
        self.0.push(name.into());
        self
    }

    /// Adds a loop behind the others, which repeats the phases of `body`.
    #[must_use]
    pub fn repeat(mut self, name: impl Into<String>, body: Self) -> Self {
        self.0.push_loop(name.into(), body.0);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn order(&self) -> &PhaseOrder {
        &self.0
    }
}

/// Phases in which a buffer holds data: one, those of a loop, or a range as in Rust.
///
/// The ends of a range are phases or loops. A range with one end inside a loop covers that whole
/// loop. A start after the end goes round the innermost loop that holds both.
///
/// ```
/// use buffer_core::LiveRange;
///
/// let (one, until, through) = ("solve", "base".."solve", "feval"..="base");
/// assert_eq!(LiveRange::from(one).to_string(), "solve");
/// assert_eq!(LiveRange::from(until).to_string(), "base..solve");
/// assert_eq!(LiveRange::from(through).to_string(), "feval..=base");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LiveRange {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) inclusive: bool,
}

impl From<&str> for LiveRange {
    fn from(phase: &str) -> Self {
        Self::from(phase..=phase)
    }
}

impl From<Range<&str>> for LiveRange {
    fn from(range: Range<&str>) -> Self {
        Self { start: range.start.to_owned(), end: range.end.to_owned(), inclusive: false }
    }
}

impl From<RangeInclusive<&str>> for LiveRange {
    fn from(range: RangeInclusive<&str>) -> Self {
        let (start, end) = range.into_inner();
        Self { start: start.to_owned(), end: end.to_owned(), inclusive: true }
    }
}

impl fmt::Display for LiveRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end, inclusive } = self;
        match inclusive {
            true if start == end => f.write_str(start),
            true => write!(f, "{start}..={end}"),
            false => write!(f, "{start}..{end}"),
        }
    }
}
