//! From the declarations of a tree of factories to a layout.
//!
//! Every factory has one window for each section of memory. In it lie its own roots, aliases that need
//! storage of their own, and the windows of its children, which are blocks like any other. In
//! [`Declared`](Packing::Declared) packing all blocks are live always, and so lie in a row.

use std::collections::HashMap;

use crate::context::BufferContext;
use crate::element::{ElementType, Width};
use crate::entry::BufferEntry;
use crate::layout::{ArenaSizes, Instance, Layout, PerWidth, PlacedBuffer, Storage};
use crate::lifetimes::{live_phases, occupied_phases};
use crate::overlay::{self, Block, Plan};
use crate::packing::{Packing, pack_aliases};
use crate::phase_order::{MOST_PHASES, PhaseOrder, PhaseSet};
use crate::phases::LiveRange;
use crate::target::Target;

/// One factory of the tree that is laid out.
pub(crate) struct Member<'a> {
    pub(crate) path: String,
    pub(crate) context: &'a BufferContext,
    /// The position of the one that it is a child of.
    pub(crate) parent: Option<usize>,
    /// The phases of its parent in which it is called; empty for all.
    pub(crate) calls: &'a [LiveRange],
}

/// Lays out a tree, whose members come in the order of their windows: each before its children.
///
/// None where the bytes are more than an address can count.
pub(crate) fn plan(members: &[Member<'_>], target: Target, packing: Packing) -> Option<Layout> {
    let instances: Option<Vec<_>> =
        members.iter().map(|member| instance(member, target, packing)).collect();
    let mut layout = Layout { target, packing, instances: instances?, arenas: PerWidth::default() };
    let tree = Tree::new(&layout.instances, packing);
    for section in Section::all() {
        place(&mut layout, &tree, section)?;
    }
    for width in Width::ALL {
        count_arrays(&mut layout, width)?;
        close(layout.arenas.get_mut(width), width, target)?;
    }
    Some(layout)
}

/// A factory whose buffers lie inside their roots, which have no place yet.
fn instance(member: &Member<'_>, target: Target, packing: Packing) -> Option<Instance> {
    let Member { path, context, parent, calls } = member;
    let mut buffers: Vec<PlacedBuffer> = Vec::new();
    for (entry, fit) in context.entries().zip(pack_aliases(context)) {
        let location = context.location(&entry.name)?;
        let entry = BufferEntry { location: Some(location), ..entry.clone() };
        buffers.push(match fit.filter(|fit| fit.fits) {
            Some(fit) => {
                let parent = buffers.get(fit.parent)?;
                PlacedBuffer {
                    entry,
                    start: parent.start.checked_add(fit.taken)?,
                    parent: Some(parent.entry.name.clone()),
                    ..parent.clone()
                }
            }
            None => PlacedBuffer {
                storage: Storage::of(&entry, packing),
                width: target.width(entry.element),
                start: 0,
                window: 0,
                parent: None,
                root: entry.name.clone(),
                entry,
            },
        });
    }
    Some(Instance {
        path: path.clone(),
        prefix: context.prefix().to_owned(),
        parent: *parent,
        phases: context.phases().clone(),
        calls: calls.to_vec(),
        buffers,
    })
}

/// Places all buffers of a section.
fn place(layout: &mut Layout, tree: &Tree, section: Section) -> Option<()> {
    let plans = tree.plans(section, overlay::pack)?;
    let taken = plans.first().map_or(0, |plan| plan.extent);
    let start = take(layout.arenas.get_mut(section.width), section.storage, taken)?;
    let mut windows = vec![start; plans.len()];
    for (position, (plan, node)) in plans.iter().zip(&tree.nodes).enumerate() {
        let window = *windows.get(position)?;
        let own = node.own(section);
        let mut starts = vec![None; node.blocks.len()];
        for (&root, start) in own.iter().zip(&plan.starts) {
            *starts.get_mut(root)? = Some(window.checked_add(*start)?);
        }
        for (&child, start) in node.children.iter().zip(plan.starts.get(own.len()..)?) {
            *windows.get_mut(child)? = window.checked_add(*start)?;
        }
        let buffers = &mut layout.instances.get_mut(position)?.buffers;
        for (buffer, &root) in buffers.iter_mut().zip(&node.roots) {
            if let Some(start) = *starts.get(root)? {
                buffer.start = buffer.start.checked_add(start)?;
                buffer.window = window;
            }
        }
    }
    Some(())
}

/// Takes elements from an arena, and answers where they start. Shared scratch lies behind what is
/// persistent.
fn take(arena: &mut ArenaSizes, storage: Storage, size: usize) -> Option<usize> {
    let (before, end) = match storage {
        Storage::SharedPersistent => (0, &mut arena.shared_persistent),
        Storage::SharedScratch => (arena.shared_persistent, &mut arena.shared_scratch),
        Storage::LocalPersistent => (0, &mut arena.local_persistent),
        Storage::LocalScratch => (0, &mut arena.local_scratch),
        Storage::Local => (0, &mut arena.local),
    };
    let start = before.checked_add(*end)?;
    *end = end.checked_add(size)?;
    Some(start)
}

/// Counts the local arrays, each of which starts at its own zero.
fn count_arrays(layout: &mut Layout, width: Width) -> Option<()> {
    let arena = layout.arenas.get_mut(width);
    for buffer in layout.instances.iter().flat_map(|instance| &instance.buffers) {
        let is_array = buffer.storage == Storage::Local && buffer.parent.is_none();
        if is_array && buffer.width == width {
            take(arena, Storage::Local, buffer.entry.size)?;
        }
    }
    Some(())
}

/// Sets the stride, and makes sure that a sum of bytes of all arenas cannot overflow.
fn close(arena: &mut ArenaSizes, width: Width, target: Target) -> Option<()> {
    let shared = arena.shared_persistent.checked_add(arena.shared_scratch)?;
    arena.shared_stride = stride(shared);
    arena
        .shared_stride
        .checked_add(arena.local_persistent)?
        .checked_add(arena.local_scratch)?
        .checked_add(arena.local)?
        .checked_mul(width.bytes() * target.lanes() * Width::ALL.len())
        .map(|_| ())
}

/// From one run's slice of shared memory to the next. `| 1` makes a number odd and never overflows.
pub(crate) fn stride(elements: usize) -> usize {
    if elements == 0 { 0 } else { elements | 1 }
}

/// A part of a run's memory in which blocks may lie on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) storage: Storage,
    pub(crate) width: Width,
    /// Where what is never live together may share bytes, integers have a section of their own: a
    /// compiler may take it that they share none with reals.
    integers: bool,
}

impl Section {
    /// All sections, in the order in which they lie in their arenas.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let storages = [
            Storage::SharedPersistent,
            Storage::SharedScratch,
            Storage::LocalPersistent,
            Storage::LocalScratch,
        ];
        let widths = |storage| Width::ALL.map(|width| (storage, width));
        storages.into_iter().flat_map(widths).flat_map(|(storage, width)| {
            [false, true].map(|integers| Self { storage, width, integers })
        })
    }

    fn of(root: &PlacedBuffer, packing: Packing) -> Self {
        let storage = Storage::of(&root.entry, packing);
        let overlaid = packing == Packing::Auto && !storage.is_persistent();
        let integers = overlaid && root.entry.element == ElementType::I32;
        Self { storage, width: root.width, integers }
    }
}

/// What decides where the buffers of a tree of factories may lie.
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// One factory of a tree.
#[derive(Default)]
struct Node {
    /// The position of each buffer's root.
    roots: Vec<usize>,
    /// Each root with all that lies inside it; none for what lies inside another one.
    blocks: Vec<Option<(Section, Block)>>,
    /// The roots in order: those that are declared as such, then aliases that did not fit.
    order: Vec<usize>,
    children: Vec<usize>,
    /// The phases of the parent in which it is called.
    calls: PhaseSet,
}

impl Tree {
    /// The tree of factories, each of which comes before its children.
    pub(crate) fn new(instances: &[Instance], packing: Packing) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(instances.len());
        for (position, instance) in instances.iter().enumerate() {
            let mut node = Node::new(instance, packing);
            if let Some(parent) = instance.parent
                && let (Some(above), Some(around)) = (nodes.get_mut(parent), instances.get(parent))
            {
                above.children.push(position);
                node.calls = match packing {
                    Packing::Declared => always(),
                    Packing::Auto => or_always(live_phases(around.phases.order(), &instance.calls)),
                };
            }
            nodes.push(node);
        }
        Self { nodes }
    }

    /// The plan of each factory's window in a section.
    fn plans(
        &self,
        section: Section,
        pack: impl Fn(&[Block]) -> Option<Plan>,
    ) -> Option<Vec<Plan>> {
        let mut plans = vec![Plan { starts: Vec::new(), extent: 0 }; self.nodes.len()];
        for (position, node) in self.nodes.iter().enumerate().rev() {
            let own = node.own(section);
            let own = own.iter().filter_map(|&root| Some(node.blocks.get(root)?.as_ref()?.1));
            let mut blocks: Vec<Block> = own.collect();
            for &child in &node.children {
                let calls = self.nodes.get(child)?.calls;
                let live = if section.storage.is_persistent() { always() } else { calls };
                blocks.push(Block { size: plans.get(child)?.extent, live });
            }
            *plans.get_mut(position)? = pack(&blocks)?;
        }
        Some(plans)
    }

    /// The elements of a section that are live together at most, which no layout can do without.
    pub(crate) fn load(&self, section: Section) -> Option<usize> {
        let load =
            |blocks: &[Block]| Some(Plan { starts: Vec::new(), extent: overlay::load(blocks)? });
        self.plans(section, load)?.first().map(|plan| plan.extent)
    }
}

impl Node {
    fn new(instance: &Instance, packing: Packing) -> Self {
        let mut node = Self::default();
        let mut positions = HashMap::new();
        for (position, buffer) in instance.buffers.iter().enumerate() {
            positions.insert(buffer.entry.name.as_str(), position);
            let root = positions.get(buffer.root.as_str()).copied().unwrap_or(position);
            node.roots.push(root);
            let live = live(instance.phases.order(), &buffer.entry, packing);
            let block = (Section::of(buffer, packing), Block { size: buffer.entry.size, live });
            node.blocks.push((root == position).then_some(block));
            if let Some(Some((_, block))) = node.blocks.get_mut(root) {
                block.live = block.live.union(live);
            }
        }
        for (_, block) in node.blocks.iter_mut().flatten() {
            block.live = or_always(Some(block.live));
        }
        let buffers = instance.buffers.iter().enumerate();
        let roots = buffers.filter(|(_, buffer)| buffer.parent.is_none());
        let (aliases, roots): (Vec<_>, Vec<_>) =
            roots.partition(|(_, buffer)| buffer.entry.aliases.is_some());
        node.order = roots.into_iter().chain(aliases).map(|(position, _)| position).collect();
        node
    }

    /// The roots in a section.
    fn own(&self, section: Section) -> Vec<usize> {
        let is_inside = |root: &&usize| {
            let block = self.blocks.get(**root).and_then(Option::as_ref);
            block.is_some_and(|(other, _)| *other == section)
        };
        self.order.iter().filter(is_inside).copied().collect()
    }
}

/// The phases in which a buffer holds data.
fn live(order: &PhaseOrder, entry: &BufferEntry, packing: Packing) -> PhaseSet {
    match packing {
        Packing::Auto if !entry.persistent => occupied_phases(order, entry),
        Packing::Auto | Packing::Declared => always(),
    }
}

/// All phases, be there none.
fn always() -> PhaseSet {
    PhaseSet::of(0..MOST_PHASES)
}

/// Where a factory has no phases, everything is live always.
fn or_always(live: Option<PhaseSet>) -> PhaseSet {
    live.filter(|live| !live.is_empty()).unwrap_or_else(always)
}
