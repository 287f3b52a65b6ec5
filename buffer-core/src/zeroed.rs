//! `zero` buffers that the marks of phases zero, since their live ranges do not begin with the call.
//!
//! Outside of marked phases the name of such a buffer is that of a struct, with which nothing can be
//! done, so that no mark is forgotten. Its storage has a name of its own, from which each mark of a
//! phase in which it is live declares it anew. A mark must do no harm in functions that have not
//! allocated the buffer, so what it needs is declared outside of functions, too, where it stands for no
//! storage; what `ALLOCATE` declares hides that.

use std::fmt::Display;
use std::ops::Range;

use crate::dead_buffer::DeadBuffer;
use crate::element::ElementType;
use crate::entry::BufferEntry;
use crate::layout::{Instance, PlacedBuffer};
use crate::lifetimes::live_stretches;
use crate::phase_order::{PhaseOrder, PhaseSet};

/// A buffer that is zeroed by marks.
pub(crate) struct ZeroedByMarks<'a> {
    order: &'a PhaseOrder,
    entry: &'a BufferEntry,
    /// Elements that are zeroed together, with the phases in which they are live.
    stretches: Vec<(Range<usize>, PhaseSet)>,
    /// The names of its storage, of the type that its own name has, of what tells whether a function
    /// has allocated it, and of what tells which stretches hold data.
    pub(crate) storage: String,
    type_name: String,
    allocated: String,
    held: String,
}

impl<'a> ZeroedByMarks<'a> {
    /// None where the buffer is not zeroed, or begins with the call and never again, so that it is
    /// zeroed where it is allocated.
    pub(crate) fn of(instance: &'a Instance, buffer: &'a PlacedBuffer) -> Option<Self> {
        let (order, entry) = (instance.phases.order(), &buffer.entry);
        if !entry.zero {
            return None;
        }
        let stretches = live_stretches(order, entry);
        let begins_later = |&(_, live): &(_, PhaseSet)| {
            let mut phases = (0..order.len()).filter(|&phase| live.contains(phase));
            phases.any(|phase| order.before(phase).any(|before| !live.contains(before)))
        };
        if !stretches.iter().any(begins_later) {
            return None;
        }
        let identifier = |what: &str| format!("buffers_{}_{what}_{}", instance.path, entry.name);
        Some(Self {
            order,
            entry,
            stretches,
            storage: identifier("storage"),
            type_name: DeadBuffer::type_outside_of_marks(&instance.path, &entry.name),
            allocated: identifier("allocated"),
            held: identifier("held"),
        })
    }

    /// Those of a factory.
    pub(crate) fn all(instance: &'a Instance) -> impl Iterator<Item = Self> {
        instance.buffers.iter().filter_map(move |buffer| Self::of(instance, buffer))
    }

    /// The names that it takes.
    pub(crate) fn identifiers(self) -> [String; 4] {
        [self.storage, self.type_name, self.allocated, self.held]
    }

    /// What stands outside of functions.
    pub(crate) fn outside_of_functions(&self) -> String {
        let Self { storage, type_name, allocated, held, .. } = self;
        // The dead one is called as its type, which makes it a name of the type.
        format!(
            "enum {{ {storage} = 0, {allocated} = 0, {held} = 0 }};\n\
             typedef BUFFERS_DEAD({type_name}, )\n"
        )
    }

    /// What `ALLOCATE` declares beside the storage: the name, with which nothing can be done yet.
    pub(crate) fn unmarked(&self) -> String {
        let Self { entry, type_name, .. } = self;
        let (name, element) = (&entry.name, entry.element.c_name());
        format!(
            "{type_name} {name} = {{0}}; typedef BUFFER({element}) {type_name}; {}",
            self.nothing_held()
        )
    }

    /// What `ALLOCATE` declares for marks: no stretch holds data yet.
    pub(crate) fn nothing_held(&self) -> String {
        let Self { stretches, allocated, held, .. } = self;
        format!("enum {{ {allocated} = 1 }}; int {held}[{}] = {{0}}", stretches.len())
    }

    /// What a mark declares in a phase in which the buffer is live.
    pub(crate) fn marked(&self) -> String {
        let Self { entry, storage, type_name, .. } = self;
        format!(" {type_name} {} = {{{storage}}};", entry.name)
    }

    /// What zeroes elements of the storage.
    pub(crate) fn zero(&self, elements: &Range<usize>) -> String {
        let Self { entry, storage, .. } = self;
        let pointer = format!("(({} *){storage})", entry.element.c_name());
        zero_elements(entry.element, &pointer, elements.start, elements.end)
    }

    /// What a mark of a phase does with a statement that zeroes: stretches that begin in the phase are
    /// zeroed, and those that should have begun before but did not; those that are dead in it hold no
    /// data.
    pub(crate) fn mark(&self, phase: usize, zero: impl Fn(&Range<usize>) -> String) -> String {
        let Self { order, stretches, allocated, held, .. } = self;
        let of_stretch = |(stretch, (elements, live)): (usize, &(Range<usize>, PhaseSet))| {
            let held = format!("((int *){held})[{stretch}]");
            if !live.contains(phase) {
                return format!(" {held} = 0;");
            }
            let begins = !order.before(phase).any(|before| live.contains(before));
            let unless_held = if begins { String::new() } else { format!("if (!{held}) ") };
            format!(" {unless_held}{} {held} = 1;", zero(elements))
        };
        let stretches: String = stretches.iter().enumerate().map(of_stretch).collect();
        format!(" if ({allocated}) {{{stretches} }}")
    }
}

/// A statement that zeroes elements, from one to before another, of the buffer at a pointer.
pub(crate) fn zero_elements(
    element: ElementType,
    pointer: &str,
    start: usize,
    end: impl Display,
) -> String {
    let element = element.c_name();
    format!(
        "for (int buffers_i = {start}; buffers_i < {end}; buffers_i++) \
         {{ const {element} buffers_zero = {{0}}; {pointer}[buffers_i] = buffers_zero; }}"
    )
}
