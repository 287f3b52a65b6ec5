//! The entries of a factory, from what its declaration says and what its fields hold.
//!
//! The derive writes the declaration as a text, which is one literal to the compiler: a table of as
//! many values would double what the compiler has to do for it. A line is a buffer, its words stand
//! apart by spaces, and what is a list has commas:
//!
//! ```text
//! accumulator $0,$1,1,-,* shared live=first..=base,finish part=0:$0:start..=first
//! stage_base $0 aliases=accumulator live=first..=base handoff
//! ```

use super::BufferField;
use super::phases::live_ranges;
use super::postfix::{Size, evaluate};
use crate::buffers::Buffers;
use crate::context::BufferContext;
use crate::element::{Element, ElementType};
use crate::entry::{BufferEntry, BufferUpdate, Overflow};
use crate::error::{BufferError, Fault};
use crate::location::Location;
use crate::rules;

/// What a field's type and value say of a buffer.
#[derive(Debug)]
pub struct Field {
    element: ElementType,
    /// Where the buffer is asked to lie.
    asked: Option<Location>,
}

/// A field of type `B`.
pub fn field<B: BufferField>(field: &B) -> Field {
    Field { element: B::Element::TYPE, asked: field.as_buffer().location() }
}

/// The entries of a factory.
///
/// `bounds` and `buffers` hold a line for each; the first values are those that are bounded.
///
/// # Errors
/// [`BufferError::Faults`] with all that were found.
pub fn entries(
    factory: &dyn Buffers,
    bounds: &'static str,
    buffers: &'static str,
    fields: &[Field],
    values: &[Size],
) -> Result<Vec<BufferEntry>, BufferError> {
    let mut entries = Entries::default();
    for (bound, value) in bounds.lines().zip(values) {
        entries.bound(bound, *value);
    }
    for (line, field) in buffers.lines().zip(fields) {
        entries.buffer(line, field, values);
    }
    entries.finish(factory)
}

/// Collects entries, and every fault on the way.
#[derive(Debug, Default)]
struct Entries {
    entries: Vec<BufferEntry>,
    /// Where the fields' values ask buffers to lie.
    placements: Vec<(&'static str, Location)>,
    faults: Vec<Fault>,
    /// The buffers whose sizes are none.
    without_size: Vec<&'static str>,
}

impl Entries {
    /// SB012: a field lies within its bounds, which are `n >= 1` or `1 <= n <= 16`.
    fn bound(&mut self, bound: &str, value: Size) {
        let words: Vec<&str> = bound.split(' ').collect();
        let (variable, least, most) = match *words.as_slice() {
            [variable, _, least] => (variable, least, None),
            [least, _, variable, _, most] => (variable, least, Some(most)),
            _ => return,
        };
        let is_outside = |value: i128| {
            least.parse().is_ok_and(|least: i128| value < least)
                || most.is_some_and(|most| most.parse().is_ok_and(|most: i128| value > most))
        };
        if let Some(value) = value.filter(|value| is_outside(*value)) {
            self.faults.push(Fault::OutsideBounds {
                variable: variable.to_owned(),
                value: value.to_string(),
                bound: bound.to_owned(),
            });
        }
    }

    /// Adds a buffer, whose field's value may ask for another place than the declared one.
    fn buffer(&mut self, line: &'static str, field: &Field, values: &[Size]) {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let size = words.next().and_then(|size| evaluate(size, values));
        let mut entry = BufferEntry::new(name, self.count(name, size)).element(field.element);
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            entry = match key {
                "aliases" => entry.aliases(value),
                "handoff" => entry.handoff(),
                "live" => entry.live(live_ranges(value)),
                "own" => entry.overflow(Overflow::Own),
                "part" => self.part(name, entry, value, values),
                "persistent" => entry.persistent(),
                "zero" => entry.zero(),
                place => match place.parse() {
                    Ok(location) => entry.location(location),
                    Err(_) => entry,
                },
            };
        }
        if let Some(location) = field.asked {
            self.placements.push((name, location));
        }
        self.entries.push(entry);
    }

    /// The entry with a part, `start:end:ranges`, if its ends are numbers of elements.
    fn part(
        &mut self,
        name: &'static str,
        entry: BufferEntry,
        part: &str,
        values: &[Size],
    ) -> BufferEntry {
        let mut words = part.splitn(3, ':');
        let [start, end] = [(); 2].map(|()| words.next().and_then(|end| evaluate(end, values)));
        match (elements(start), elements(end)) {
            (Some(start), Some(end)) => {
                entry.part(start..end, live_ranges(words.next().unwrap_or_default()))
            }
            (None, _) => {
                self.refuse_count(name, start);
                entry
            }
            (_, None) => {
                self.refuse_count(name, end);
                entry
            }
        }
    }

    /// The elements of a buffer; none where that is no number of them.
    fn count(&mut self, name: &'static str, size: Size) -> usize {
        elements(size).unwrap_or_else(|| {
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

    /// The entries in the order of their declaration.
    fn finish(self, factory: &dyn Buffers) -> Result<Vec<BufferEntry>, BufferError> {
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

/// A number of elements, if the size is one.
fn elements(size: Size) -> Option<usize> {
    usize::try_from(size?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use crate::phases::LiveRange;

    struct Factory;

    impl Buffers for Factory {
        fn prefix(&self) -> &str {
            "factory"
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn every_word_of_a_line_is_read() {
        let fields =
            [field(&<Buffer>::new()), field(&Buffer::<i32>::new()), field(&Buffer::<f64>::new())];
        let lines = "outer $0,$1,* shared part=0:$1:start part=$1:3:base..=feval zero\n\
                     inner $1 aliases=outer own live=start,feval..=base handoff\n\
                     cache 1 local persistent";
        let read = entries(&Factory, "", lines, &fields, &[Some(3), Some(2)]).unwrap();
        let expected = [
            BufferEntry::new("outer", 6)
                .location(Location::Shared)
                .part(0..2, ["start"])
                .part(2..3, ["base"..="feval"])
                .zero(),
            BufferEntry::new("inner", 2)
                .element(ElementType::I32)
                .aliases("outer")
                .overflow(Overflow::Own)
                .live([LiveRange::from("start"), LiveRange::from("feval"..="base")])
                .handoff(),
            BufferEntry::new("cache", 1)
                .element(ElementType::F64)
                .location(Location::Local)
                .persistent(),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn bounds_hold_for_the_first_values() {
        let bounded = |values: [Size; 2]| {
            entries(&Factory, "n >= 1\n2 <= stages <= 16", "", &[], &values)
                .map_err(|error| error.to_string())
        };
        for stages in [2, 16] {
            assert_eq!(bounded([Some(1), Some(stages)]), Ok(Vec::new()));
        }
        assert!(bounded([Some(0), Some(2)]).unwrap_err().contains("`n` is 0"));
        for stages in [1, 17] {
            let error = bounded([Some(1), Some(stages)]).unwrap_err();
            assert!(error.contains("2 <= stages <= 16"), "{error}");
        }
    }
}
