//! The `declared` packing: the roots of a factory in the order of their declaration, then the
//! aliases that need storage of their own, then the windows of its children.

use crate::context::BufferContext;
use crate::element::Width;
use crate::entry::BufferEntry;
use crate::layout::{ArenaSizes, Instance, Layout, PerWidth, PlacedBuffer, Storage};
use crate::packing::pack_aliases;
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
pub(crate) fn plan(members: &[Member<'_>], target: Target) -> Option<Layout> {
    let mut arenas = PerWidth::default();
    let mut instances = Vec::with_capacity(members.len());
    for Member { path, context, parent, calls } in members {
        instances.push(Instance {
            path: path.clone(),
            prefix: context.prefix().to_owned(),
            parent: *parent,
            phases: context.phases().clone(),
            calls: calls.to_vec(),
            buffers: place_buffers(context, target, &mut arenas)?,
        });
    }
    put_scratch_behind_persistent(&mut instances, &arenas)?;
    for width in Width::ALL {
        close(arenas.get_mut(width), width, target)?;
    }
    Some(Layout { target, instances, arenas })
}

fn place_buffers(
    context: &BufferContext,
    target: Target,
    arenas: &mut PerWidth<ArenaSizes>,
) -> Option<Vec<PlacedBuffer>> {
    let windows = *arenas;
    let mut place = |entry: &BufferEntry| {
        let storage = Storage::of(entry.location?, entry.persistent);
        let width = target.width(entry.element);
        Some(PlacedBuffer {
            entry: entry.clone(),
            storage,
            width,
            start: take(arenas.get_mut(width), storage, entry.size)?,
            window: start(windows.get(width), storage),
            parent: None,
            root: entry.name.clone(),
        })
    };

    let entries = context
        .entries()
        .map(|entry| BufferEntry { location: context.location(&entry.name), ..entry.clone() });
    let entries: Vec<_> = entries.collect();
    let mut placed = Vec::with_capacity(entries.len());
    for entry in &entries {
        let root = entry.aliases.is_none();
        placed.push(if root { Some(place(entry)?) } else { None });
    }
    for (position, (entry, fit)) in entries.iter().zip(pack_aliases(context)).enumerate() {
        let Some(fit) = fit else { continue };
        let buffer = if fit.fits {
            let parent = placed.get(fit.parent)?.as_ref()?;
            PlacedBuffer {
                entry: entry.clone(),
                start: parent.start.checked_add(fit.taken)?,
                parent: Some(parent.entry.name.clone()),
                ..parent.clone()
            }
        } else {
            place(entry)?
        };
        *placed.get_mut(position)? = Some(buffer);
    }
    placed.into_iter().collect()
}

/// The end of what is taken so far; each local array starts at its own zero.
fn start(arena: &ArenaSizes, storage: Storage) -> usize {
    match storage {
        Storage::SharedPersistent => arena.shared_persistent,
        Storage::SharedScratch => arena.shared_scratch,
        Storage::LocalPersistent => arena.local_persistent,
        Storage::Local => 0,
    }
}

/// Takes elements from an arena, and answers where they start.
fn take(arena: &mut ArenaSizes, storage: Storage, size: usize) -> Option<usize> {
    let start = start(arena, storage);
    let end = match storage {
        Storage::SharedPersistent => &mut arena.shared_persistent,
        Storage::SharedScratch => &mut arena.shared_scratch,
        Storage::LocalPersistent => &mut arena.local_persistent,
        Storage::Local => &mut arena.local,
    };
    *end = end.checked_add(size)?;
    Some(start)
}

/// Moves all scratch behind what is persistent, whose size is known only at the end.
fn put_scratch_behind_persistent(
    instances: &mut [Instance],
    arenas: &PerWidth<ArenaSizes>,
) -> Option<()> {
    let buffers = instances.iter_mut().flat_map(|instance| &mut instance.buffers);
    for buffer in buffers.filter(|buffer| buffer.storage == Storage::SharedScratch) {
        let persistent = arenas.get(buffer.width).shared_persistent;
        buffer.start = buffer.start.checked_add(persistent)?;
        buffer.window = buffer.window.checked_add(persistent)?;
    }
    Some(())
}

/// Sets the stride, and makes sure that a sum of bytes of all arenas cannot overflow.
fn close(arena: &mut ArenaSizes, width: Width, target: Target) -> Option<()> {
    let shared = arena.shared_persistent.checked_add(arena.shared_scratch)?;
    // `| 1` makes a number odd and never overflows.
    arena.shared_stride = if shared == 0 { 0 } else { shared | 1 };
    arena
        .shared_stride
        .checked_add(arena.local_persistent)?
        .checked_add(arena.local)?
        .checked_mul(width.bytes() * target.lanes() * Width::ALL.len())
        .map(|_| ())
}
