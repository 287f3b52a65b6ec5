//! What a memory map shows, in bytes and columns: arenas, and in them the buffers where and when they
//! are live.

use std::collections::HashMap;
use std::ops::Range;

use super::schedule::Schedule;
use crate::element::Width;
use crate::layout::{Layout, PlacedBuffer, Storage};
use crate::lifetimes::live_stretches;

/// The memory that one panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arena {
    Shared,
    LocalPersistent,
    /// The thread's scratch arrays, and those of one buffer.
    Local,
}

impl Arena {
    pub(super) const ALL: [Self; 3] = [Self::Shared, Self::LocalPersistent, Self::Local];

    fn of(storage: Storage) -> Self {
        match storage {
            Storage::SharedPersistent | Storage::SharedScratch => Self::Shared,
            Storage::LocalPersistent => Self::LocalPersistent,
            Storage::LocalScratch | Storage::Local => Self::Local,
        }
    }
}

/// The memory of one arena, in the sections that are counted from zero each: a slice or array for
/// each width of elements, or one for each local array. None is empty.
#[derive(Debug)]
pub(super) struct Panel<'a> {
    pub(super) arena: Arena,
    pub(super) sections: Vec<Section<'a>>,
}

impl Panel<'_> {
    pub(super) fn bytes(&self) -> usize {
        self.sections.iter().map(|section| section.bytes).sum()
    }
}

/// Bytes that are counted from zero.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// All bytes, with the padding at their end.
    pub(super) bytes: usize,
    pub(super) padding: usize,
    /// The least bytes of any packing; none where it is not known of the section alone.
    pub(super) lower_bound: Option<usize>,
    /// Whether it is an array of one root.
    pub(super) is_array: bool,
    /// The buffers, parents before their aliases.
    pub(super) blocks: Vec<Block<'a>>,
}

/// A buffer of at least one element.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) instance: usize,
    pub(super) buffer: &'a PlacedBuffer,
    /// The position of the block that it lies in.
    pub(super) parent: Option<usize>,
    /// How many blocks it lies in.
    pub(super) depth: usize,
    pub(super) pieces: Vec<Piece>,
}

impl Block<'_> {
    pub(super) fn bytes(&self) -> Range<usize> {
        let start = self.buffer.offset();
        start..start + self.buffer.bytes()
    }
}

/// Elements of a buffer that are live together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    pub(super) columns: Vec<Range<usize>>,
}

impl Piece {
    /// Its elements, counted from the start of its buffer.
    pub(super) fn elements(&self, block: &Block<'_>) -> Range<usize> {
        let element = |byte| (byte - block.buffer.offset()) / block.buffer.width().bytes();
        element(self.bytes.start)..element(self.bytes.end)
    }
}

/// The panels of all arenas that have bytes.
pub(super) fn panels<'a>(layout: &'a Layout, schedule: &Schedule) -> Vec<Panel<'a>> {
    let panel = |arena| {
        let mut sections = sections(layout, arena);
        fill(&mut sections, layout, schedule, arena);
        let sections = sections.into_iter().map(|(_, section)| section);
        let sections: Vec<_> = sections.filter(|section| section.bytes > 0).collect();
        (!sections.is_empty()).then_some(Panel { arena, sections })
    };
    Arena::ALL.into_iter().filter_map(panel).collect()
}

/// What tells one section of an arena from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Width(Width),
    Array { instance: usize, root: &'a str },
}

impl<'a> Key<'a> {
    fn of(instance: usize, buffer: &'a PlacedBuffer) -> Self {
        match buffer.storage() {
            Storage::Local => Self::Array { instance, root: buffer.root() },
            _ => Self::Width(buffer.width()),
        }
    }
}

/// The sections of an arena, without their blocks.
fn sections<'a>(layout: &'a Layout, arena: Arena) -> Vec<(Key<'a>, Section<'a>)> {
    let section = |bytes, padding, is_array| Section {
        bytes,
        padding,
        lower_bound: None,
        is_array,
        blocks: Vec::new(),
    };
    let of_width = |width: Width| {
        let sizes = layout.arenas(width);
        let shared = sizes.shared_persistent + sizes.shared_scratch;
        let (elements, padding) = match arena {
            Arena::Shared => (sizes.shared_stride, sizes.shared_stride - shared),
            Arena::LocalPersistent => (sizes.local_persistent, 0),
            Arena::Local => (sizes.local_scratch, 0),
        };
        let lower_bound =
            (arena == Arena::Shared).then(|| layout.shared_footprint(width).lower_bound);
        let section = section(elements * width.bytes(), padding * width.bytes(), false);
        (Key::Width(width), Section { lower_bound, ..section })
    };
    let arrays = placed(layout, arena)
        .filter(|(_, buffer)| buffer.storage() == Storage::Local && buffer.parent().is_none());
    let array = |(instance, buffer): (usize, &'a PlacedBuffer)| {
        (Key::of(instance, buffer), section(buffer.bytes(), 0, true))
    };
    Width::ALL.into_iter().map(of_width).chain(arrays.map(array)).collect()
}

/// Puts the buffers of an arena into its sections.
fn fill<'a>(
    sections: &mut [(Key<'a>, Section<'a>)],
    layout: &'a Layout,
    schedule: &Schedule,
    arena: Arena,
) {
    let positions: HashMap<_, _> =
        sections.iter().enumerate().map(|(position, (key, _))| (*key, position)).collect();
    // Where each buffer is among the blocks of its section.
    let mut blocks: HashMap<(usize, &str), usize> = HashMap::new();
    for (instance, buffer) in placed(layout, arena) {
        let key = Key::of(instance, buffer);
        let section = positions.get(&key).and_then(|&position| sections.get_mut(position));
        let Some((_, section)) = section else { continue };
        let parent = buffer.parent().and_then(|parent| blocks.get(&(instance, parent)).copied());
        let around = parent.and_then(|parent| section.blocks.get(parent));
        let depth = around.map_or(0, |around| around.depth + 1);
        blocks.insert((instance, buffer.name()), section.blocks.len());
        let pieces = pieces(layout, schedule, instance, buffer);
        section.blocks.push(Block { instance, buffer, parent, depth, pieces });
    }
}

/// The buffers of an arena that have elements, with the positions of their factories.
fn placed(layout: &Layout, arena: Arena) -> impl Iterator<Item = (usize, &PlacedBuffer)> {
    let instances = layout.instances().iter().enumerate();
    let buffers = instances.flat_map(|(position, instance)| {
        instance.buffers().iter().map(move |buffer| (position, buffer))
    });
    buffers.filter(move |(_, buffer)| buffer.size() > 0 && Arena::of(buffer.storage()) == arena)
}

/// The bytes and columns in which a buffer is live. What is persistent is so in all.
fn pieces(
    layout: &Layout,
    schedule: &Schedule,
    instance: usize,
    buffer: &PlacedBuffer,
) -> Vec<Piece> {
    let Some(factory) = layout.instances().get(instance) else { return Vec::new() };
    let entry = buffer.entry();
    if entry.is_persistent() {
        let bytes = buffer.offset()..buffer.offset() + buffer.bytes();
        return vec![Piece { bytes, columns: vec![schedule.columns()] }];
    }
    let stretches = live_stretches(factory.phases().order(), entry).into_iter();
    let byte = |element| buffer.offset() + element * buffer.width().bytes();
    let piece = |(elements, phases): (Range<usize>, _)| Piece {
        bytes: byte(elements.start)..byte(elements.end),
        columns: schedule.run(instance, phases),
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in stretches.map(piece) {
        // Parts that are live together are one.
        match pieces.last_mut() {
            Some(last) if last.columns == piece.columns => last.bytes.end = piece.bytes.end,
            _ => pieces.push(piece),
        }
    }
    pieces
}
