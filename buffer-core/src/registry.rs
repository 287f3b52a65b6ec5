//! The registry: factories, their buffers, and the layouts made of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::allocator::Allocator;
use crate::buffers::{Buffers, Child};
use crate::context::BufferContext;
use crate::entry::{BufferEntry, BufferUpdate};
use crate::error::BufferError;
use crate::layout::{Layout, Storage};
use crate::names;
use crate::packing::{Packing, pack_aliases};
use crate::phases::Phases;
use crate::planner::{self, Member};
use crate::rules;
use crate::suggest::nearest;
use crate::target::Target;

/// A factory of one registry.
///
/// No two factories of a process ever have the same id, so the id of a cleared factory, or of
/// another registry's, names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FactoryId(u64);

impl FactoryId {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What an update met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updated {
    /// Whether the id names a factory of this registry.
    pub recognised: bool,
    /// Whether anything is different now.
    pub changed: bool,
}

#[derive(Debug)]
struct Node {
    context: BufferContext,
    layouts: Mutex<HashMap<Target, Arc<Layout>>>,
}

impl Node {
    fn new(context: BufferContext) -> Self {
        Self { context, layouts: Mutex::default() }
    }

    fn layouts(&self) -> MutexGuard<'_, HashMap<Target, Arc<Layout>>> {
        // A layout is inserted whole or not at all, so a panic elsewhere has broken nothing.
        self.layouts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The buffers of a tree of factories, and their layouts.
///
/// It belongs to what is built from it: there is no global one. Every change is checked as a whole
/// and made as a whole, or not at all.
#[derive(Debug, Default)]
pub struct BufferRegistry {
    nodes: BTreeMap<FactoryId, Node>,
    packing: Packing,
}

impl BufferRegistry {
    /// A registry without factories.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a factory with its buffers, its children and theirs.
    ///
    /// # Errors
    /// The first factory whose declaration breaks a rule, with all its faults.
    pub fn add(&mut self, factory: &dyn Buffers) -> Result<FactoryId, BufferError> {
        let id = FactoryId::new();
        let mut nodes = BTreeMap::new();
        // A list of what is left, since recursion would let a deep tree overflow the stack.
        let mut pending = vec![Pending { id, parent: None, factory }];
        while let Some(next) = pending.pop() {
            let (context, children) = next.declared()?;
            nodes.insert(next.id, Node::new(context));
            pending.extend(children.into_iter().rev());
        }
        self.nodes.append(&mut nodes);
        Ok(id)
    }

    /// Adds a factory without buffers, to register them by hand.
    ///
    /// # Errors
    /// [`BufferError::Prefix`] where the prefix cannot stand in kernel text.
    pub fn factory(&mut self, prefix: &str) -> Result<FactoryId, BufferError> {
        check_prefix(prefix)?;
        let id = FactoryId::new();
        self.nodes.insert(id, Node::new(BufferContext::new(prefix, None)));
        Ok(id)
    }

    /// How layouts share out memory: at first as [`Declared`](Packing::Declared).
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Sets how layouts share out memory. Where that is a change, all layouts are forgotten.
    pub fn set_packing(&mut self, packing: Packing) {
        if self.packing != packing {
            self.packing = packing;
            self.nodes.values().for_each(|node| node.layouts().clear());
        }
    }

    /// The buffers and children of a factory; none where the id names none.
    pub fn context(&self, factory: FactoryId) -> Option<&BufferContext> {
        self.nodes.get(&factory).map(|node| &node.context)
    }

    /// Sets the phases of a factory's kernel text in place of those it has; none end the check of
    /// lifetimes.
    ///
    /// # Errors
    /// [`BufferError::Faults`] where they break a rule, or the buffers do with them;
    /// [`BufferError::UnknownFactory`] where the id names no factory.
    pub fn set_phases(&mut self, factory: FactoryId, phases: Phases) -> Result<(), BufferError> {
        let mut context = self.known(factory)?.clone();
        context.set_phases(phases);
        self.replace(factory, context)
    }

    /// Registers a buffer behind those that the factory has.
    ///
    /// # Errors
    /// [`BufferError::Faults`] where it breaks a rule, [`BufferError::UnknownFactory`] where the id
    /// names no factory.
    pub fn register(&mut self, factory: FactoryId, entry: BufferEntry) -> Result<(), BufferError> {
        let mut context = self.known(factory)?.clone();
        let duplicate = rules::check_unique(&context, entry.name());
        rules::refuse(context.prefix(), duplicate.into_iter().collect())?;
        context.insert(entry);
        self.replace(factory, context)
    }

    /// Registers a factory as the child of another one, behind the children that it has. It may be
    /// called in all phases.
    ///
    /// # Errors
    /// [`BufferError::Child`] where the child has a parent already or contains the parent,
    /// [`BufferError::Faults`] where the name cannot be used, [`BufferError::UnknownFactory`] where
    /// an id names no factory.
    pub fn register_child(
        &mut self,
        parent: FactoryId,
        name: &str,
        child: FactoryId,
    ) -> Result<(), BufferError> {
        let mut context = self.known(parent)?.clone();
        let child_context = self.known(child)?;
        if let Some(reason) = self.check_child(parent, child) {
            return Err(BufferError::Child {
                parent: context.prefix().to_owned(),
                name: name.to_owned(),
                child: child_context.prefix().to_owned(),
                reason,
            });
        }
        let faults = [rules::check_unique(&context, name), rules::check_identifier(name, "child")];
        rules::refuse(context.prefix(), faults.into_iter().flatten().collect())?;

        context.insert_child(name, child, Vec::new());
        self.replace(parent, context)?;
        if let Some(node) = self.nodes.get_mut(&child) {
            node.context.set_parent(parent);
        }
        Ok(())
    }

    /// A child has one parent, and no factory contains itself.
    fn check_child(&self, parent: FactoryId, child: FactoryId) -> Option<&'static str> {
        if self.ancestors(parent).any(|ancestor| ancestor == child) {
            return Some("it would contain itself");
        }
        self.context(child)?.parent().map(|_| "it is a child already")
    }

    /// Changes a buffer. A root that moves takes the aliases of its tree along.
    ///
    /// # Errors
    /// SB017: [`BufferError::UnknownUpdate`] where the factory has no such buffer;
    /// [`BufferError::Faults`] where the change breaks a rule. An id that names no factory is no
    /// error, but not recognised.
    pub fn update_buffer(
        &mut self,
        factory: FactoryId,
        name: &str,
        change: BufferUpdate,
    ) -> Result<Updated, BufferError> {
        let Some(before) = self.context(factory) else {
            return Ok(Updated { recognised: false, changed: false });
        };
        let mut context = before.clone();
        if !context.apply(name, change) {
            return Err(BufferError::UnknownUpdate {
                factory: before.prefix().to_owned(),
                name: name.to_owned(),
                suggestion: nearest(name, before.entries().map(BufferEntry::name)),
            });
        }
        let changed = context != *before;
        if changed {
            self.replace(factory, context)?;
        }
        Ok(Updated { recognised: true, changed })
    }

    /// Changes a setting given as text: `<buffer>_location` to `shared`, `local` or `auto`.
    ///
    /// # Errors
    /// SB017: [`BufferError::UnknownSetting`] or [`BufferError::UnknownLocation`]; else as
    /// [`update_buffer`](Self::update_buffer).
    pub fn update(
        &mut self,
        factory: FactoryId,
        key: &str,
        value: &str,
    ) -> Result<Updated, BufferError> {
        let Some(context) = self.context(factory) else {
            return Ok(Updated { recognised: false, changed: false });
        };
        match key.strip_suffix("_location").filter(|name| context.entry(name).is_some()) {
            Some(name) => {
                let change = BufferUpdate::new().location(value.parse()?);
                self.update_buffer(factory, name, change)
            }
            None => {
                let settings = context.entries().map(|entry| format!("{}_location", entry.name()));
                let settings: Vec<_> = settings.collect();
                Err(BufferError::UnknownSetting {
                    factory: context.prefix().to_owned(),
                    given: key.to_owned(),
                    suggestion: nearest(key, settings.iter().map(String::as_str)),
                })
            }
        }
    }

    /// Forgets the layouts that hold a factory, so that the next use builds them anew.
    pub fn clear_layout(&mut self, factory: FactoryId) {
        let holders: Vec<_> = self.ancestors(factory).collect();
        for holder in holders {
            if let Some(node) = self.nodes.get(&holder) {
                node.layouts().clear();
            }
        }
    }

    /// Removes a factory with everything inside it; its parent loses this child.
    pub fn clear_factory(&mut self, factory: FactoryId) {
        self.clear_layout(factory);
        let parent = self.context(factory).and_then(BufferContext::parent);
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            parent.context.remove_child(factory);
        }
        let mut doomed = vec![factory];
        while let Some(id) = doomed.pop() {
            if let Some(node) = self.nodes.remove(&id) {
                doomed.extend(node.context.children().map(|(_, child)| child));
            }
        }
    }

    /// Elements of shared memory that a factory and everything inside it take as declared,
    /// persistent ones included.
    pub fn shared_buffer_size(&self, factory: FactoryId) -> usize {
        self.tree_size(factory, |storage| {
            matches!(storage, Storage::SharedPersistent | Storage::SharedScratch)
        })
    }

    /// Elements of a factory's own local arrays. Those of its children come and go with their calls.
    pub fn local_buffer_size(&self, factory: FactoryId) -> usize {
        let local = |storage| storage == Storage::Local;
        self.context(factory).map_or(0, |context| own_size(context, local))
    }

    /// Elements of persistent local memory that a factory and everything inside it take.
    pub fn persistent_local_buffer_size(&self, factory: FactoryId) -> usize {
        self.tree_size(factory, |storage| storage == Storage::LocalPersistent)
    }

    fn tree_size(&self, factory: FactoryId, counts: impl Fn(Storage) -> bool) -> usize {
        let members = self.tree(factory);
        let sizes = members.iter().map(|member| own_size(member.context, &counts));
        sizes.fold(0, usize::saturating_add)
    }

    /// The layout of a factory as the root of a kernel: built when first asked for, and again after
    /// a change of the factory or of anything inside it.
    ///
    /// # Errors
    /// SB014: [`BufferError::ExceedsTarget`] where the target cannot give what one run needs;
    /// [`BufferError::IdentifierClash`], [`BufferError::ReservedPath`],
    /// [`BufferError::SizeOverflow`], [`BufferError::UnknownFactory`].
    pub fn layout(&self, factory: FactoryId, target: &Target) -> Result<Arc<Layout>, BufferError> {
        let node = self.nodes.get(&factory).ok_or(BufferError::UnknownFactory)?;
        let mut layouts = node.layouts();
        if let Some(layout) = layouts.get(target) {
            return Ok(Arc::clone(layout));
        }
        let layout = Arc::new(self.build(factory, target)?);
        layouts.insert(*target, Arc::clone(&layout));
        Ok(layout)
    }

    fn build(&self, factory: FactoryId, target: &Target) -> Result<Layout, BufferError> {
        let prefix = self.known(factory)?.prefix();
        let layout = planner::plan(&self.tree(factory), *target, self.packing)
            .ok_or_else(|| BufferError::SizeOverflow { factory: prefix.to_owned() })?;
        layout
            .check()
            .map_err(|violation| BufferError::UnsoundLayout { violation: violation.to_string() })?;
        layout.check_limits()?;
        layout.check_identifiers()?;
        layout.check_paths()?;
        Ok(layout)
    }

    /// The allocator of a buffer, in the [`layout`](Self::layout) of its factory.
    ///
    /// # Errors
    /// [`BufferError::UnknownBuffer`] where the factory has no such buffer; else as
    /// [`layout`](Self::layout).
    pub fn get_allocator(
        &self,
        factory: FactoryId,
        name: &str,
        target: &Target,
    ) -> Result<Allocator, BufferError> {
        let prefix = self.known(factory)?.prefix();
        self.layout(factory, target)?.allocator(prefix, name)
    }

    fn known(&self, factory: FactoryId) -> Result<&BufferContext, BufferError> {
        self.context(factory).ok_or(BufferError::UnknownFactory)
    }

    /// Puts a changed factory in its place, if it keeps all rules.
    fn replace(&mut self, factory: FactoryId, context: BufferContext) -> Result<(), BufferError> {
        rules::refuse(context.prefix(), rules::faults(&context))?;
        self.clear_layout(factory);
        if let Some(node) = self.nodes.get_mut(&factory) {
            node.context = context;
        }
        Ok(())
    }

    /// A factory, its parent, and so on up to the root.
    fn ancestors(&self, factory: FactoryId) -> impl Iterator<Item = FactoryId> {
        std::iter::successors(Some(factory), |&id| self.context(id)?.parent())
    }

    /// A factory and everything inside it, each before its children.
    fn tree(&self, factory: FactoryId) -> Vec<Member<'_>> {
        let mut members = Vec::new();
        let mut pending = Vec::new();
        if let Some(context) = self.context(factory) {
            pending.push((context.prefix().to_owned(), factory, None, [].as_slice()));
        }
        while let Some((path, id, parent, calls)) = pending.pop() {
            let Some(context) = self.context(id) else { continue };
            // The path of a child of the root is its name alone.
            let scope = if members.is_empty() { String::new() } else { format!("{path}_") };
            let position = Some(members.len());
            let children = context.children().zip(context.calls()).rev();
            pending.extend(children.map(|((name, child), (_, calls))| {
                (format!("{scope}{name}"), child, position, calls)
            }));
            members.push(Member { path, context, parent, calls });
        }
        members
    }
}

/// A factory that is to be added.
struct Pending<'a> {
    id: FactoryId,
    parent: Option<FactoryId>,
    factory: &'a dyn Buffers,
}

impl<'a> Pending<'a> {
    /// Its context, and the factories inside it.
    fn declared(&self) -> Result<(BufferContext, Vec<Pending<'a>>), BufferError> {
        check_prefix(self.factory.prefix())?;
        let mut context = BufferContext::new(self.factory.prefix(), self.parent);
        context.set_phases(self.factory.phases().clone());
        let mut faults = Vec::new();
        for entry in self.factory.entries()? {
            match rules::check_unique(&context, entry.name()) {
                Some(fault) => faults.push(fault),
                None => context.insert(entry),
            }
        }
        let mut children = Vec::new();
        for Child { name, factory, calls } in self.factory.children() {
            let child = FactoryId::new();
            match rules::check_unique(&context, name) {
                Some(fault) => faults.push(fault),
                None => context.insert_child(name, child, calls),
            }
            faults.extend(rules::check_identifier(name, "child"));
            children.push(Pending { id: child, parent: Some(self.id), factory });
        }
        faults.extend(rules::faults(&context));
        rules::refuse(context.prefix(), faults)?;
        Ok((context, children))
    }
}

/// A prefix can stand in kernel text.
fn check_prefix(prefix: &str) -> Result<(), BufferError> {
    names::check_name(prefix)
        .map_err(|fault| BufferError::Prefix { prefix: prefix.to_owned(), reason: fault.reason() })
}

/// Elements that a factory's own buffers take of some storages. An alias takes none, unless it does
/// not fit inside its parent.
fn own_size(context: &BufferContext, counts: impl Fn(Storage) -> bool) -> usize {
    context
        .entries()
        .zip(pack_aliases(context))
        .filter(|(entry, fit)| {
            let location = context.location(entry.name());
            let root = BufferEntry { location, ..(*entry).clone() };
            counts(Storage::of(&root, Packing::Declared)) && fit.is_none_or(|fit| !fit.fits)
        })
        .map(|(entry, _)| entry.size())
        .fold(0, usize::saturating_add)
}
