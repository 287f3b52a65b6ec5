//! One buffer of one factory: what is registered, and what an update may change.

use std::ops::Range;

use crate::element::ElementType;
use crate::location::Location;
use crate::phases::LiveRange;

/// What an alias that does not fit inside its parent gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overflow {
    /// A typed error.
    #[default]
    Error,
    /// Storage of its own, in its parent's place.
    Own,
}

/// A record of one buffer's requirements.
///
/// ```
/// use buffer_core::{BufferEntry, ElementType, Location};
///
/// let parent = BufferEntry::new("predictor", 6).location(Location::Shared);
/// let alias = BufferEntry::new("stage_base", 3).aliases("predictor");
/// let counters = BufferEntry::new("counters", 2).element(ElementType::I32).location(Location::Local);
/// assert_eq!(alias.parent(), Some("predictor"));
/// # let _ = (parent, counters);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BufferEntry {
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) element: ElementType,
    pub(crate) location: Option<Location>,
    pub(crate) persistent: bool,
    pub(crate) aliases: Option<String>,
    pub(crate) overflow: Overflow,
    pub(crate) zero: bool,
    /// Empty where it is left out.
    pub(crate) live: Vec<LiveRange>,
    pub(crate) parts: Vec<Part>,
    pub(crate) handoff: bool,
}

/// Elements of a buffer that are live in phases of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Part {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) live: Vec<LiveRange>,
}

impl Part {
    /// The elements, counted from the start of the buffer.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The phases in which they hold data.
    pub fn live_ranges(&self) -> &[LiveRange] {
        &self.live
    }
}

impl BufferEntry {
    /// The most elements that a buffer can have: 64 lanes of them can still be counted in bytes.
    pub const MAX_SIZE: usize = isize::MAX.unsigned_abs() / (8 * 64);

    /// The most elements of a local root that stays an array of its own in every packing. Compilers
    /// unroll loops over so many and can keep them in registers; larger arrays lie in memory.
    pub const MOST_UNROLLED: usize = 16;

    /// A buffer of `size` elements of the run's precision, with no place yet: give it one with
    /// [`location`](Self::location), or a parent with [`aliases`](Self::aliases).
    pub fn new(name: impl Into<String>, size: usize) -> Self {
        Self {
            name: name.into(),
            size,
            element: ElementType::Real,
            location: None,
            persistent: false,
            aliases: None,
            overflow: Overflow::Error,
            zero: false,
            live: Vec::new(),
            parts: Vec::new(),
            handoff: false,
        }
    }

    /// Sets the element type.
    #[must_use]
    pub fn element(mut self, element: ElementType) -> Self {
        self.element = element;
        self
    }

    /// Sets the place. An alias without one lives where its parent lives.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Keeps the contents from step to step.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// Reuses the storage of a buffer registered before.
    #[must_use]
    pub fn aliases(mut self, parent: impl Into<String>) -> Self {
        self.aliases = Some(parent.into());
        self
    }

    /// Says what happens when the alias does not fit.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Zeroes the buffer where its live range begins.
    #[must_use]
    pub fn zero(mut self) -> Self {
        self.zero = true;
        self
    }

    /// Says in which of the factory's [phases](crate::Phases) the buffer holds data; without, in all.
    ///
    /// ```
    /// use buffer_core::{BufferEntry, LiveRange};
    ///
    /// let increment = BufferEntry::new("increment", 3).live(["feval"..="base"]);
    /// let ranges = [LiveRange::from("start"), LiveRange::from("base".."feval")];
    /// let guess = BufferEntry::new("guess", 3).live(ranges);
    /// # let _ = (increment, guess);
    /// ```
    #[must_use]
    pub fn live(mut self, ranges: impl IntoIterator<Item = impl Into<LiveRange>>) -> Self {
        self.live = ranges.into_iter().map(Into::into).collect();
        self
    }

    /// Says in which phases some of the elements hold data, in place of what
    /// [`live`](Self::live) says of the others.
    ///
    /// ```
    /// use buffer_core::{BufferEntry, Location};
    ///
    /// let accumulator = BufferEntry::new("accumulator", 9)
    ///     .location(Location::Shared)
    ///     .part(0..3, ["start"..="first"]);
    /// let stage_base = BufferEntry::new("stage_base", 3)
    ///     .aliases("accumulator")
    ///     .live(["first"..="feval"])
    ///     .handoff();
    /// # let _ = (accumulator, stage_base);
    /// ```
    #[must_use]
    pub fn part(
        mut self,
        elements: Range<usize>,
        live: impl IntoIterator<Item = impl Into<LiveRange>>,
    ) -> Self {
        let live = live.into_iter().map(Into::into).collect();
        self.parts.push(Part { start: elements.start, end: elements.end, live });
        self
    }

    /// Takes its data over from the part of its parent that it lies on, element by element, in the
    /// one phase in which both are live.
    #[must_use]
    pub fn handoff(mut self) -> Self {
        self.handoff = true;
        self
    }

    /// Changes what the update sets.
    pub(crate) fn apply(&mut self, update: BufferUpdate) {
        let BufferUpdate { size, location, persistent, aliases, overflow, zero } = update;
        self.size = size.unwrap_or(self.size);
        self.location = location.or(self.location);
        self.persistent = persistent.unwrap_or(self.persistent);
        if let Some(aliases) = aliases {
            self.aliases = aliases;
            if self.aliases.is_none() {
                self.overflow = Overflow::Error;
            }
        }
        self.overflow = overflow.unwrap_or(self.overflow);
        self.zero = zero.unwrap_or(self.zero);
    }

    /// The name, unique within its factory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size in elements.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The element type.
    pub fn element_type(&self) -> ElementType {
        self.element
    }

    /// The declared place; none on an alias that lives where its parent lives.
    pub fn declared_location(&self) -> Option<Location> {
        self.location
    }

    /// Whether the contents are kept from step to step.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// The buffer whose storage this one reuses.
    pub fn parent(&self) -> Option<&str> {
        self.aliases.as_deref()
    }

    /// What the alias gets when it does not fit.
    pub fn on_overflow(&self) -> Overflow {
        self.overflow
    }

    /// The phases in which the buffer holds data; none where it does so in all.
    pub fn live_ranges(&self) -> &[LiveRange] {
        &self.live
    }

    /// The parts with phases of their own.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether it takes its data over from a part of its parent.
    pub fn takes_over(&self) -> bool {
        self.handoff
    }

    /// Whether the buffer is zeroed where its live range begins.
    pub fn is_zeroed(&self) -> bool {
        self.zero
    }
}

/// A change of a registered buffer: what is not set stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BufferUpdate {
    pub(crate) size: Option<usize>,
    pub(crate) location: Option<Location>,
    pub(crate) persistent: Option<bool>,
    pub(crate) aliases: Option<Option<String>>,
    pub(crate) overflow: Option<Overflow>,
    pub(crate) zero: Option<bool>,
}

impl BufferUpdate {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the size, in elements.
    #[must_use]
    pub fn size(mut self, size: usize) -> Self {
        self.size = Some(size);
        self
    }

    /// Changes the place. On a root the whole tree of its aliases moves with it.
    #[must_use]
    pub fn location(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Changes the lifetime.
    #[must_use]
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = Some(persistent);
        self
    }

    /// Changes the parent; `None` gives the buffer storage of its own where it lies, which cannot
    /// overflow.
    #[must_use]
    pub fn aliases(mut self, parent: Option<&str>) -> Self {
        self.aliases = Some(parent.map(str::to_owned));
        self
    }

    /// Changes what happens when the alias does not fit.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
        self
    }

    /// Changes whether the buffer is zeroed where its live range begins.
    #[must_use]
    pub fn zero(mut self, zero: bool) -> Self {
        self.zero = Some(zero);
        self
    }
}
