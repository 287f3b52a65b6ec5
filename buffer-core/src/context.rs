//! One factory of a registry: its buffers and its children, in order.

use indexmap::IndexMap;

use crate::entry::{BufferEntry, BufferUpdate};
use crate::location::Location;
use crate::registry::FactoryId;

/// One factory: its buffers and its children, in the order of their registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferContext {
    prefix: String,
    entries: IndexMap<String, BufferEntry>,
    children: IndexMap<String, FactoryId>,
    parent: Option<FactoryId>,
}

impl BufferContext {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            entries: IndexMap::new(),
            children: IndexMap::new(),
            parent: None,
        }
    }

    /// The factory's name in reports and, where it is the root, in kernel text.
    pub fn prefix(&self) -> &str {
        &self.prefix
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
    pub fn children(&self) -> impl ExactSizeIterator<Item = (&str, FactoryId)> {
        self.children.iter().map(|(name, &child)| (name.as_str(), child))
    }

    /// The child of a name.
    pub fn child(&self, name: &str) -> Option<FactoryId> {
        self.children.get(name).copied()
    }

    /// The factory that this one is a child of.
    pub fn parent(&self) -> Option<FactoryId> {
        self.parent
    }

    /// Where a buffer lies: where it says, or else where its parent lies.
    ///
    /// None where no such buffer exists.
    pub fn location(&self, name: &str) -> Option<Location> {
        self.root(self.entries.get_index_of(name)?)?.location.map(Location::resolved)
    }

    pub(crate) fn insert(&mut self, entry: BufferEntry) {
        self.entries.insert(entry.name.clone(), entry);
    }

    pub(crate) fn insert_child(&mut self, name: &str, child: FactoryId) {
        self.children.insert(name.to_owned(), child);
    }

    pub(crate) fn remove_child(&mut self, child: FactoryId) {
        self.children.retain(|_, &mut other| other != child);
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

    /// The root of a buffer's tree: itself, if it aliases nothing. None where the tree has none,
    /// because an alias in it names no buffer declared above.
    pub(crate) fn root(&self, position: usize) -> Option<&BufferEntry> {
        let (_, entry) = self.entries.get_index(position)?;
        match entry.aliases {
            None => Some(entry),
            // Parents stand above their aliases, so this ends.
            Some(_) => self.root(self.parent_position(position)?),
        }
    }

    /// Applies a change, which is not checked yet. A root takes the aliases in its tree along to a
    /// new place. False where no such buffer exists.
    pub(crate) fn apply(&mut self, name: &str, update: BufferUpdate) -> bool {
        let before = self.location(name);
        let Some(entry) = self.entries.get_mut(name) else { return false };
        entry.apply(update);
        if let (None, Some(place)) = (&entry.aliases, entry.location) {
            self.move_tree(name, before, place);
        }
        true
    }

    /// Moves every alias below `root` that lies at `from` by its own word.
    fn move_tree(&mut self, root: &str, from: Option<Location>, to: Location) {
        let inside: Vec<usize> = (0..self.entries.len())
            .filter(|&position| self.root(position).is_some_and(|entry| entry.name == root))
            .collect();
        for position in inside {
            if let Some((_, entry)) = self.entries.get_index_mut(position)
                && entry.location.is_some()
                && entry.location.map(Location::resolved) == from
            {
                entry.location = Some(to);
            }
        }
    }
}
