//! The entries of a factory, from what its declaration says and what its fields hold.

use super::BufferField;
use super::integer::Size;
use crate::buffers::Buffers;
use crate::context::BufferContext;
use crate::element::{Element, ElementType};
use crate::entry::{BufferEntry, BufferUpdate, Overflow};
use crate::error::{BufferError, Fault};
use crate::location::Location;
use crate::phases::LiveRange;
use crate::rules;

/// A range of phases: its start, its end, and whether it includes that.
pub type Live = (&'static str, &'static str, bool);

pub(super) fn live_ranges(ranges: &'static [Live]) -> impl Iterator<Item = LiveRange> {
    ranges.iter().map(|&(start, end, inclusive)| match inclusive {
        true => LiveRange::from(start..=end),
        false => LiveRange::from(start..end),
    })
}

/// What a `#[buffer(...)]` attribute says, besides the size.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// The field.
    pub name: &'static str,
    /// `location`; left out on an alias, since it lives where its parent lives.
    pub location: Option<Location>,
    /// `persistent`.
    pub persistent: bool,
    /// `aliases`.
    pub aliases: Option<&'static str>,
    /// `overflow`.
    pub overflow: Overflow,
    /// `zero`.
    pub zero: bool,
    /// `live`; empty where left out.
    pub live: &'static [Live],
    /// `handoff`.
    pub handoff: bool,
}

/// Collects entries, and every fault on the way.
#[derive(Debug)]
pub struct Entries {
    entries: Vec<BufferEntry>,
    /// Where the fields' values ask buffers to lie.
    placements: Vec<(&'static str, Location)>,
    faults: Vec<Fault>,
    /// The buffers whose sizes are none.
    without_size: Vec<&'static str>,
}

impl Entries {
    /// No entries, with room for `count`.
    pub fn new(count: usize) -> Self {
        Self {
            entries: Vec::with_capacity(count),
            placements: Vec::new(),
            faults: Vec::new(),
            without_size: Vec::new(),
        }
    }

    /// SB012: a field lies within its bounds.
    pub fn bound(
        &mut self,
        variable: &str,
        value: Size,
        least: i128,
        most: Option<i128>,
        bound: &str,
    ) {
        if let Some(value) = value
            && (value < least || most.is_some_and(|most| value > most))
        {
            self.faults.push(Fault::OutsideBounds {
                variable: variable.to_owned(),
                value: value.to_string(),
                bound: bound.to_owned(),
            });
        }
    }

    /// Adds a buffer, whose field's value may ask for another place than the declared one.
    pub fn buffer<B: BufferField>(&mut self, field: &B, declared: &Declared, size: Size) {
        self.push(B::Element::TYPE, field.as_buffer().location(), declared, size);
    }

    fn push(
        &mut self,
        element: ElementType,
        asked: Option<Location>,
        declared: &Declared,
        size: Size,
    ) {
        let size = self.count(declared.name, size);
        let mut entry = BufferEntry::new(declared.name, size)
            .element(element)
            .overflow(declared.overflow)
            .live(live_ranges(declared.live));
        if let Some(location) = declared.location {
            entry = entry.location(location);
        }
        if let Some(location) = asked {
            self.placements.push((declared.name, location));
        }
        if declared.persistent {
            entry = entry.persistent();
        }
        if let Some(parent) = declared.aliases {
            entry = entry.aliases(parent);
        }
        if declared.zero {
            entry = entry.zero();
        }
        if declared.handoff {
            entry = entry.handoff();
        }
        self.entries.push(entry);
    }

    /// The elements of a buffer; none where that is no number of them.
    fn count(&mut self, name: &'static str, size: Size) -> usize {
        size.and_then(|size| usize::try_from(size).ok()).unwrap_or_else(|| {
            self.refuse_count(name, size);
            0
        })
    }

    fn refuse_count(&mut self, name: &'static str, size: Size) {
        self.without_size.push(name);
        let name = name.to_owned();
        self.faults.push(match size.filter(|size| *size < 0) {
            Some(value) => Fault::NegativeSize { name, value: value.to_string() },
            None => Fault::OverflowingSize { name },
        });
    }

    /// Adds a part to the buffer added last.
    pub fn part(&mut self, name: &'static str, start: Size, end: Size, live: &'static [Live]) {
        let bound = |size: Size| size.and_then(|size| usize::try_from(size).ok());
        match (bound(start), bound(end)) {
            (Some(start), Some(end)) => {
                let last = self.entries.pop();
                self.entries.extend(last.map(|entry| entry.part(start..end, live_ranges(live))));
            }
            (None, _) => self.refuse_count(name, start),
            (_, None) => self.refuse_count(name, end),
        }
    }

    /// The entries in the order of their declaration.
    ///
    /// # Errors
    /// [`BufferError::Faults`] with all that were found.
    pub fn finish(self, factory: &dyn Buffers) -> Result<Vec<BufferEntry>, BufferError> {
        let Self { entries, placements, mut faults, without_size } = self;
        if faults.is_empty() && placements.is_empty() {
            return Ok(entries);
        }
        let mut context = BufferContext::new(factory.prefix(), None);
        for entry in entries {
            context.insert(entry);
        }
        // A buffer that is placed elsewhere takes its aliases along, as in an update.
        for (name, location) in placements {
            context.apply(name, BufferUpdate::new().location(location));
        }
        if !faults.is_empty() {
            // The registry never sees these entries, so what else is wrong with them is told here.
            context.set_phases(factory.phases().clone());
            // Where a variable is outside its bounds, no size says what was meant.
            let is_outside =
                faults.iter().any(|fault| matches!(fault, Fault::OutsideBounds { .. }));
            let without_size: Vec<&str> = if is_outside {
                context.entries().map(BufferEntry::name).collect()
            } else {
                without_size
            };
            faults.extend(rules::faults_apart_from_sizes(&context, &without_size));
        }
        rules::refuse(context.prefix(), faults)?;
        Ok(context.entries().cloned().collect())
    }
}
