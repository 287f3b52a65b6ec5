//! What a layout takes, beside what its buffers would take otherwise.

use std::iter::Sum;
use std::ops::Add;

use crate::element::Width;
use crate::layout::{Layout, PlacedBuffer, Storage};
use crate::packing::Packing;
use crate::planner::{Section, Tree, stride};

/// Bytes of one run in one memory: as it is laid out, and for comparison.
///
/// Each is at most the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Footprint {
    /// What is taken where no buffer shares storage, aliases included.
    pub separate: usize,
    /// What [`Declared`](Packing::Declared) packing takes, where aliases lie inside their parents.
    pub declared: usize,
    /// What the layout takes.
    pub packed: usize,
    /// What is live together at most, where a buffer counts whole for as long as it or one of its
    /// aliases is live: aliases lie where they are declared to. No packing takes less, and there need
    /// not be one that takes no more.
    pub lower_bound: usize,
}

impl Footprint {
    /// What the layout takes less than it would with all buffers apart.
    pub fn saved(&self) -> usize {
        self.separate.saturating_sub(self.packed)
    }

    /// Whether the layout is known to take the least that any packing takes.
    pub fn is_least(&self) -> bool {
        self.packed == self.lower_bound
    }
}

impl Add for Footprint {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            separate: self.separate.saturating_add(other.separate),
            declared: self.declared.saturating_add(other.declared),
            packed: self.packed.saturating_add(other.packed),
            lower_bound: self.lower_bound.saturating_add(other.lower_bound),
        }
    }
}

impl Sum for Footprint {
    fn sum<I: Iterator<Item = Self>>(footprints: I) -> Self {
        footprints.fold(Self::default(), Add::add)
    }
}

impl Layout {
    /// What elements of one width take of a run's slice of shared memory, padding to odd strides
    /// included: [`shared_bytes`](Self::shared_bytes) for both widths.
    pub fn shared_footprint(&self, width: Width) -> Footprint {
        self.footprint(width, true, stride)
    }

    /// What elements of one width take of local memory, persistent ones included. Arrays of a
    /// buffer's own count as live always.
    pub fn local_footprint(&self, width: Width) -> Footprint {
        self.footprint(width, false, |elements| elements)
    }

    fn footprint(&self, width: Width, shared: bool, padded: fn(usize) -> usize) -> Footprint {
        let all = self.instances.iter().flat_map(|instance| &instance.buffers);
        let buffers = || {
            all.clone()
                .filter(|buffer| buffer.width == width && buffer.storage.is_shared() == shared)
        };
        let roots = || buffers().filter(|buffer| buffer.parent.is_none());
        let is_array =
            |root: &&PlacedBuffer| Storage::of(&root.entry, Packing::Auto) == Storage::Local;
        let tree = Tree::new(&self.instances, Packing::Auto);
        let sections = Section::all()
            .filter(|section| section.width == width && section.storage.is_shared() == shared);
        let loads = sections.filter_map(|section| tree.load(section));
        let arenas = self.arenas(width);
        let packed = if shared {
            arenas.shared_persistent + arenas.shared_scratch
        } else {
            arenas.local_persistent + arenas.local_scratch + arenas.local
        };
        // A layout counts its own elements, but not those of all buffers apart.
        let sum = |sizes: &mut dyn Iterator<Item = usize>| sizes.fold(0, usize::saturating_add);
        let bytes = |elements: usize| padded(elements).saturating_mul(width.bytes());
        Footprint {
            separate: bytes(sum(&mut buffers().map(PlacedBuffer::size))),
            declared: bytes(sum(&mut roots().map(PlacedBuffer::size))),
            packed: bytes(packed),
            lower_bound: bytes(sum(
                &mut loads.chain(roots().filter(is_array).map(PlacedBuffer::size))
            )),
        }
    }
}
