//! A plan of all scratch memory of a tree of factories, in bytes, for one target.

use std::ops::Range;

use crate::element::Width;
use crate::entry::BufferEntry;
use crate::error::BufferError;
use crate::location::Location;
use crate::packing::Packing;
use crate::phases::{LiveRange, Phases};
use crate::suggest::nearest;
use crate::target::Target;

/// The memory that holds a buffer in a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Storage {
    /// The part of a run's slice of shared memory that keeps its contents from step to step.
    SharedPersistent,
    /// The rest of a run's slice of shared memory.
    SharedScratch,
    /// The thread's arrays that keep their contents from step to step.
    LocalPersistent,
    /// The thread's arrays that [`Auto`](Packing::Auto) packing puts other large local buffers in.
    LocalScratch,
    /// An array of the buffer's own, or inside that of the buffer it aliases.
    Local,
}

impl Storage {
    /// The storage of a root that says where it lies; of one that does not, as if it said local.
    pub(crate) fn of(root: &BufferEntry, packing: Packing) -> Self {
        let overlaid = packing == Packing::Auto && root.size > BufferEntry::MOST_UNROLLED;
        match (root.location.map(Location::resolved), root.persistent) {
            (Some(Location::Shared), true) => Self::SharedPersistent,
            (Some(Location::Shared), false) => Self::SharedScratch,
            (_, true) => Self::LocalPersistent,
            (_, false) if overlaid => Self::LocalScratch,
            (_, false) => Self::Local,
        }
    }

    /// Whether it is a part of shared memory.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::SharedPersistent | Self::SharedScratch)
    }

    /// Whether it keeps its contents from step to step.
    pub fn is_persistent(self) -> bool {
        matches!(self, Self::SharedPersistent | Self::LocalPersistent)
    }
}

/// One buffer in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedBuffer {
    pub(crate) entry: BufferEntry,
    pub(crate) storage: Storage,
    pub(crate) width: Width,
    /// The first element: in the arena of the buffer's storage and width, or in the local array.
    pub(crate) start: usize,
    /// The first element of the factory's window in that arena; zero for a local array.
    pub(crate) window: usize,
    pub(crate) parent: Option<String>,
    pub(crate) root: String,
}

impl PlacedBuffer {
    /// The name, unique within its factory.
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    /// The declaration that was laid out, with its location resolved.
    pub fn entry(&self) -> &BufferEntry {
        &self.entry
    }

    /// The size in elements.
    pub fn size(&self) -> usize {
        self.entry.size
    }

    /// The memory that holds it.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// The width of its elements.
    pub fn width(&self) -> Width {
        self.width
    }

    /// The first byte, in one run: in the run's shared slice of the buffer's width, in the thread's
    /// persistent or scratch array of that width, or in the local array of [`root`](Self::root).
    pub fn offset(&self) -> usize {
        self.start * self.width.bytes()
    }

    /// Its bytes in one run.
    pub fn bytes(&self) -> usize {
        self.entry.size * self.width.bytes()
    }

    /// Its elements, counted from the start of its factory's own window. In [`Auto`](Packing::Auto)
    /// packing integers have a window apart from that of reals.
    pub fn range(&self) -> Range<usize> {
        let start = self.start - self.window;
        start..start + self.entry.size
    }

    /// The buffer in whose storage it lies; none for a root, and for an alias that did not fit and
    /// so got storage of its own.
    pub fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// The buffer whose storage it lies in at last: itself where it has no parent.
    pub fn root(&self) -> &str {
        &self.root
    }
}

/// One factory of the tree, in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub(crate) path: String,
    pub(crate) prefix: String,
    /// The position of the factory that it is a child of; none for the root.
    pub(crate) parent: Option<usize>,
    pub(crate) phases: Phases,
    /// The phases of the parent in which it is called; empty for all.
    pub(crate) calls: Vec<LiveRange>,
    pub(crate) buffers: Vec<PlacedBuffer>,
}

impl Instance {
    /// The name of the instance in kernel text: the root's prefix, a child's name, and below that
    /// the names joined by `_`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The factory's prefix.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The position among the layout's instances of the one that it is a child of; none for the root.
    pub fn parent(&self) -> Option<usize> {
        self.parent
    }

    /// The phases of its kernel text, of which there may be none.
    pub fn phases(&self) -> &Phases {
        &self.phases
    }

    /// The phases of its parent in which it is called; empty for all.
    pub fn calls(&self) -> &[LiveRange] {
        &self.calls
    }

    /// The buffers, in the order of their declaration.
    pub fn buffers(&self) -> &[PlacedBuffer] {
        &self.buffers
    }

    /// The buffer of a name.
    pub fn buffer(&self, name: &str) -> Option<&PlacedBuffer> {
        self.buffers.iter().find(|buffer| buffer.name() == name)
    }
}

/// What one run needs of the memory for elements of one width, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArenaSizes {
    /// Shared memory that keeps its contents; it lies before the rest.
    pub shared_persistent: usize,
    /// The rest of shared memory.
    pub shared_scratch: usize,
    /// From one run's slice of shared memory to the next: an odd number, so that equal indices of
    /// neighbouring runs never lie on one bank; zero where the slice is empty.
    pub shared_stride: usize,
    /// The thread's persistent array.
    pub local_persistent: usize,
    /// The thread's scratch array.
    pub local_scratch: usize,
    /// All local arrays of buffers of their own together.
    pub local: usize,
}

/// One value for each width of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PerWidth<T> {
    pub(crate) eight: T,
    pub(crate) four: T,
}

impl<T> PerWidth<T> {
    pub(crate) fn get(&self, width: Width) -> &T {
        match width {
            Width::Eight => &self.eight,
            Width::Four => &self.four,
        }
    }

    pub(crate) fn get_mut(&mut self, width: Width) -> &mut T {
        match width {
            Width::Eight => &mut self.eight,
            Width::Four => &mut self.four,
        }
    }
}

/// A plan of all scratch memory of a tree of factories for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(crate) target: Target,
    pub(crate) packing: Packing,
    pub(crate) instances: Vec<Instance>,
    pub(crate) arenas: PerWidth<ArenaSizes>,
}

impl Layout {
    /// What the layout was made for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How memory is shared out.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// The prefix of the root.
    pub fn prefix(&self) -> &str {
        self.instances.first().map_or("", Instance::prefix)
    }

    /// The factories: parents before their children, which follow in order.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The factory of a path.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where there is none.
    pub fn instance(&self, path: &str) -> Result<&Instance, BufferError> {
        self.instances.iter().find(|instance| instance.path == path).ok_or_else(|| {
            let paths = self.instances.iter().map(Instance::path);
            BufferError::UnknownInstance { path: path.to_owned(), suggestion: nearest(path, paths) }
        })
    }

    /// The sizes of the arenas for elements of one width.
    pub fn arenas(&self, width: Width) -> &ArenaSizes {
        self.arenas.get(width)
    }

    /// Bytes of shared memory for each run, padding to odd strides included. A block of `runs` runs
    /// needs `runs` times that, and a thread of the host [`lanes`](Target::lanes) times.
    pub fn shared_bytes(&self) -> usize {
        self.bytes(|arena| arena.shared_stride)
    }

    /// What the start of a block's shared memory is aligned to, in bytes.
    pub fn shared_alignment(&self) -> usize {
        Width::Eight.bytes() * self.target.lanes()
    }

    /// Bytes of the persistent local arrays of one run.
    pub fn local_persistent_bytes(&self) -> usize {
        self.bytes(|arena| arena.local_persistent)
    }

    /// Bytes of all other local arrays of one run. Not all of them need exist at one time.
    pub fn local_bytes(&self) -> usize {
        self.bytes(|arena| arena.local_scratch + arena.local)
    }

    /// Bytes of both widths of what `elements` takes of the arenas.
    pub(crate) fn bytes(&self, elements: impl Fn(&ArenaSizes) -> usize) -> usize {
        Width::ALL.iter().map(|&width| elements(self.arenas(width)) * width.bytes()).sum()
    }

    /// SB014: one run, or the runs side by side in one thread, fit into the target's memory.
    pub(crate) fn check_limits(&self) -> Result<(), BufferError> {
        let shared = (
            "shared",
            self.shared_bytes(),
            self.target.shared_limit(),
            "place some buffers in local memory, or make the sizes smaller",
        );
        let local = (
            "local",
            self.local_persistent_bytes() + self.local_bytes(),
            self.target.local_limit(),
            "place some buffers in shared memory, or make the sizes smaller",
        );
        for (memory, needed, limit, help) in [shared, local] {
            let limit = limit / self.target.lanes();
            if needed > limit {
                let target = self.target.to_string();
                return Err(BufferError::ExceedsTarget { memory, needed, limit, target, help });
            }
        }
        Ok(())
    }
}
