//! One factory of a registry: its buffers and its children, in order.

use indexmap::IndexMap;

use crate::entry::{BufferEntry, BufferUpdate};
use crate::location::Location;
use crate::phases::{LiveRange, Phases};
use crate::registry::FactoryId;

/// One factory: its buffers and its children, in the order of their registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferContext {
    prefix: String,
    entries: IndexMap<String, BufferEntry>,
    children: IndexMap<String, Child>,
    parent: Option<FactoryId>,
    phases: Phases,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Child {
    id: FactoryId,
    /// Empty where it is called in all phases.
    calls: Vec<LiveRange>,
}

impl BufferContext {
    pub(crate) fn new(prefix: &str, parent: Option<FactoryId>) -> Self {
        Self {
            prefix: prefix.to_owned(),
            entries: IndexMap::new(),
            children: IndexMap::new(),
            parent,
            phases: Phases::new(),
        }
    }

    /// The factory's name in reports and, where it is the root, in kernel text.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The phases of its kernel text, of which there may be none.
    pub fn phases(&self) -> &Phases {
        &self.phases
    }

    /// The buffers, in order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &BufferEntry> {
        self.entries.values()
    }

    /// The buffer of a name.
    pub fn entry(&self, name: &str) -> Option<&BufferEntry> {
        self.entries.get(name)
    }

    /// The children, by name and in order.
    pub fn children(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, FactoryId)> + ExactSizeIterator {
        self.children.iter().map(|(name, child)| (name.as_str(), child.id))
    }

    /// The child of a name.
    pub fn child(&self, name: &str) -> Option<FactoryId> {
        self.children.get(name).map(|child| child.id)
    }

    /// The phases in which each child is called, by name and in order; empty for all.
    pub fn calls(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, &[LiveRange])> + ExactSizeIterator {
        self.children.iter().map(|(name, child)| (name.as_str(), child.calls.as_slice()))
    }

    /// The factory that this one is a child of.
    pub fn parent(&self) -> Option<FactoryId> {
        self.parent
    }

    /// Where a buffer lies: where it says, or else where its parent lies. Never
    /// [`Location::Auto`], and none where there is no such buffer.
    pub fn location(&self, name: &str) -> Option<Location> {
        self.declared_location(name).map(Location::resolved)
    }

    /// Where a buffer says that it lies, or else where its parent says so.
    fn declared_location(&self, name: &str) -> Option<Location> {
        self.lineage(self.entries.get_index_of(name)?)
            .find_map(|position| self.entries.get_index(position)?.1.location)
    }

    /// The position of the buffer whose storage a buffer lies in, in the end.
    pub(crate) fn root(&self, name: &str) -> Option<usize> {
        self.lineage(self.entries.get_index_of(name)?).last()
    }

    /// A buffer, its parent, and so on. Parents stand above their aliases, so this ends.
    fn lineage(&self, position: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(position), |&position| self.parent_position(position))
    }

    pub(crate) fn insert(&mut self, entry: BufferEntry) {
        self.entries.insert(entry.name.clone(), entry);
    }

    pub(crate) fn insert_child(&mut self, name: &str, id: FactoryId, calls: Vec<LiveRange>) {
        self.children.insert(name.to_owned(), Child { id, calls });
    }

    pub(crate) fn remove_child(&mut self, child: FactoryId) {
        self.children.retain(|_, other| other.id != child);
    }

    pub(crate) fn set_phases(&mut self, phases: Phases) {
        self.phases = phases;
    }

    pub(crate) fn set_parent(&mut self, parent: FactoryId) {
        self.parent = Some(parent);
    }

    /// The position of an alias's parent; none for a root, and where the parent is not a buffer
    /// declared above.
    pub(crate) fn parent_position(&self, position: usize) -> Option<usize> {
        let (_, entry) = self.entries.get_index(position)?;
        let parent = self.entries.get_index_of(entry.aliases.as_deref()?)?;
        (parent < position).then_some(parent)
    }

    /// Applies a change, which is not checked yet. The aliases inside a buffer that moves go with
    /// it, and an alias that becomes a root stays where it lies. False where there is no such buffer.
    pub(crate) fn apply(&mut self, name: &str, update: BufferUpdate) -> bool {
        let before = self.declared_location(name);
        let Some((position, _, entry)) = self.entries.get_full_mut(name) else { return false };
        entry.apply(update);
        if entry.aliases.is_none() {
            entry.location = entry.location.or(before.map(Location::resolved));
        }
        let after = self.declared_location(name);
        if before != after {
            self.move_aliases(position, after);
        }
        true
    }

    /// Moves the aliases inside a buffer, and inside those. One that does not say where it lies
    /// goes without saying.
    fn move_aliases(&mut self, position: usize, after: Option<Location>) {
        let is_inside = |&alias: &usize| self.lineage(alias).skip(1).any(|above| above == position);
        let inside: Vec<_> = (0..self.entries.len()).filter(is_inside).collect();
        for alias in inside {
            if let Some((_, entry)) = self.entries.get_index_mut(alias)
                && entry.location.is_some()
            {
                entry.location = after;
            }
        }
    }
}
