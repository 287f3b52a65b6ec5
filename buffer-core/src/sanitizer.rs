//! The sanitizer build: kernel text in C++, in which every access to a buffer is checked.
//!
//! It is the text of a release with another meaning: behind the preamble and behind each header, what
//! gives out buffers and marks phases is defined anew, by `sanitizer.hpp`, which has the facts of the
//! layout as tables. A buffer is known by its number, its position among those of all instances.

mod fault;

use std::cmp::Reverse;
use std::fmt;
use std::ops::Range;

use indexmap::IndexMap;

pub use self::fault::{Access, SanitizerFault, SanitizerFaultKind};
use crate::allocator;
use crate::element::Width;
use crate::error::BufferError;
use crate::layout::{Instance, Layout, PlacedBuffer, Storage};
use crate::lifetimes::{live_phases, live_stretches};
use crate::phase_order::PhaseOrder;
use crate::phases::LiveRange;
use crate::zeroed::ZeroedByMarks;

/// The most threads of the one block in which a sanitizer build runs on CUDA; on the host there is one.
pub const SANITIZER_THREADS: usize = 32;

/// The most faults that one thread lists.
const MOST_FAULTS: usize = 64;

/// What checks accesses.
const RUNTIME: &str = include_str!("sanitizer/sanitizer.hpp");

impl Layout {
    /// As [`preamble`](Self::preamble), for the sanitizer build of a kernel: C++17 for the layout's
    /// target, in which every element that is read or written is checked for bounds, for the phase, for
    /// whose data it holds, and for whether that was written and has not died. What dies becomes NaN.
    ///
    /// Buffers are views in it, with the arithmetic of pointers that kernel text may use. `AT(lanes,
    /// run, step)` says which lanes hold a run, and where those are. The kernel has one thread on the
    /// host, and on CUDA one block of at most [`SANITIZER_THREADS`], without dynamic shared memory: all
    /// buffers lie in a pool in global memory. Each thread keeps a list of faults. They are the variable
    /// `buffers_fault_lists`, to which, on the host, `long long buffers_faults(const long long **numbers)`
    /// points, counting its numbers; [`sanitizer_faults`](Self::sanitizer_faults) reads them.
    pub fn sanitizer_preamble(&self) -> String {
        SanitizerPreamble(self).to_string()
    }

    /// As [`header`](Self::header), behind a [`sanitizer_preamble`](Self::sanitizer_preamble). In a
    /// phase in which a buffer is dead its use compiles, and is a fault when it happens.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where there is no such factory.
    pub fn sanitizer_header(&self, path: &str) -> Result<String, BufferError> {
        let header = self.header(path)?;
        Ok(header + &SanitizerHeader { layout: self, path }.to_string())
    }

    /// The faults that a kernel listed, from the numbers of all its lists: up to 64 for each thread, in
    /// the order of runs.
    pub fn sanitizer_faults(&self, numbers: &[i64]) -> Vec<SanitizerFault> {
        fault::read_lists(self, numbers)
    }

    /// All buffers, in the order of their numbers, with the positions of their instances.
    fn numbered(&self) -> impl Iterator<Item = (usize, &Instance, &PlacedBuffer)> {
        self.instances.iter().enumerate().flat_map(|(position, instance)| {
            instance.buffers.iter().map(move |buffer| (position, instance, buffer))
        })
    }

    /// The number of a buffer of the instance at `position`.
    fn number(&self, position: usize, name: &str) -> Option<usize> {
        self.numbered().position(|(of, _, buffer)| of == position && buffer.name() == name)
    }
}

/// A number of the tables, where -1 is none.
fn or_none(number: Option<usize>) -> i64 {
    number.and_then(|number| i64::try_from(number).ok()).unwrap_or(-1)
}

struct SanitizerPreamble<'a>(&'a Layout);

impl fmt::Display for SanitizerPreamble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(layout) = self;
        f.write_str(&layout.preamble())?;
        self.write_buffers(f)?;
        writeln!(f, "#define BUFFERS_INSTANCES \\")?;
        for instance in &layout.instances {
            let parent = instance.parent.and_then(|parent| layout.instances.get(parent));
            let calls = parent.map(|parent| call_bits(parent.phases.order(), &instance.calls));
            let (parent, calls) = (or_none(instance.parent), calls.unwrap_or_default());
            writeln!(f, "    {{{parent}, {calls}u}}, \\")?;
        }
        writeln!(f)?;
        f.write_str(RUNTIME)
    }
}

impl SanitizerPreamble<'_> {
    /// The facts of each buffer, the pieces of all of them, and what memory they take.
    fn write_buffers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(layout) = self;
        let Pool { starts, bytes, elements } = Pool::new(layout);
        let mut pieces = Vec::new();
        writeln!(f, "#define BUFFERS_FACTS \\")?;
        for ((position, instance, buffer), (byte, element)) in layout.numbered().zip(starts) {
            let giver = buffer.parent().filter(|_| buffer.entry.handoff);
            let giver = giver.and_then(|parent| layout.number(position, parent));
            writeln!(
                f,
                "    {{{}, {}, {position}, {}, {byte}, {element}, {}, {}}}, \\",
                buffer.size(),
                buffer.width.bytes(),
                u8::from(buffer.entry.persistent),
                or_none(giver),
                pieces.len(),
            )?;
            pieces.extend(live_stretches(instance.phases.order(), &buffer.entry));
        }
        writeln!(f, "\n#define BUFFERS_PIECES \\")?;
        for (elements, live) in pieces {
            writeln!(f, "    {{{}, {}u}}, \\", elements.end, live.bits())?;
        }
        writeln!(f, "\nenum {{")?;
        writeln!(f, "    BUFFERS_POOL_BYTES = {bytes},")?;
        writeln!(f, "    BUFFERS_POOL_ELEMENTS = {elements},")?;
        let threads = match layout.target.compute_capability() {
            Some(_) => SANITIZER_THREADS,
            None => 1,
        };
        writeln!(f, "    BUFFERS_MOST_THREADS = {threads},")?;
        writeln!(f, "    BUFFERS_MOST_FAULTS = {MOST_FAULTS},\n}};")
    }
}

/// The bits of the phases of calls, which are all phases where none are named.
fn call_bits(order: &PhaseOrder, calls: &[LiveRange]) -> u64 {
    live_phases(order, calls).unwrap_or_default().bits()
}

/// The memory of the sanitizer: all arenas and local arrays of a layout, one behind the other.
struct Pool {
    /// Where each buffer starts, in bytes and in elements.
    starts: Vec<(usize, usize)>,
    bytes: usize,
    elements: usize,
}

impl Pool {
    fn new(layout: &Layout) -> Self {
        let memories: Vec<_> = layout
            .numbered()
            .map(|(position, _, buffer)| (Memory::of(layout, position, buffer), buffer.width))
            .collect();
        let mut sizes = IndexMap::new();
        for (memory, (_, _, buffer)) in memories.iter().zip(layout.numbered()) {
            let size: &mut usize = sizes.entry(*memory).or_default();
            *size = (*size).max(buffer.start + buffer.size());
        }
        let element_bytes = |width: Width| width.bytes() * layout.target.lanes();
        let (mut bytes, mut elements) = (0, 0);
        // Wide elements first, so that all are aligned.
        sizes.sort_by_key(|(_, width), _| Reverse(width.bytes()));
        let memory_starts: IndexMap<_, _> = sizes
            .into_iter()
            .map(|(memory, size)| {
                let start = (bytes, elements);
                bytes += size * element_bytes(memory.1);
                elements += size;
                (memory, start)
            })
            .collect();
        let start = |(memory, (_, _, buffer)): (&(_, Width), (_, _, &PlacedBuffer))| {
            let (byte, element) = memory_starts.get(memory).copied().unwrap_or_default();
            (byte + buffer.start * element_bytes(buffer.width), element + buffer.start)
        };
        let starts = memories.iter().zip(layout.numbered()).map(start).collect();
        Self { starts, bytes, elements }
    }
}

/// What has memory of its own for elements of each width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Memory {
    Shared,
    LocalPersistent,
    LocalScratch,
    /// The local array of a root, by its number.
    Array(Option<usize>),
}

impl Memory {
    fn of(layout: &Layout, position: usize, buffer: &PlacedBuffer) -> Self {
        match buffer.storage {
            Storage::SharedPersistent | Storage::SharedScratch => Self::Shared,
            Storage::LocalPersistent => Self::LocalPersistent,
            Storage::LocalScratch => Self::LocalScratch,
            Storage::Local => Self::Array(layout.number(position, buffer.root())),
        }
    }
}

struct SanitizerHeader<'a> {
    layout: &'a Layout,
    path: &'a str,
}

impl fmt::Display for SanitizerHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layout, path } = self;
        let buffers = layout.numbered().enumerate();
        for (number, (_, instance, buffer)) in buffers {
            if instance.path != *path {
                continue;
            }
            let (name, element) = (buffer.name(), buffer.entry.element.c_name());
            let allocate = allocator::allocate(path, name);
            write!(f, "#undef {allocate}\n#define {allocate}(buffers_m)")?;
            write!(f, " BUFFER({element}) {name} = (")?;
            // The root of an alias must be there, as in a release.
            if buffer.storage == Storage::Local && buffer.root() != name {
                write!(f, "(void){}, ", buffer.root())?;
            }
            write!(f, "buffers_sanitizer::allocate<{element}>({number}))")?;
            if let Some(zeroed) = ZeroedByMarks::of(instance, buffer) {
                write!(f, "; {}", zeroed.nothing_held())?;
            } else if buffer.entry.zero {
                write!(f, "; {}", zero(number, &(0..buffer.size())))?;
            }
            writeln!(f)?;
        }
        let of_path = |(_, instance): &(usize, &Instance)| instance.path == *path;
        for (position, instance) in layout.instances.iter().enumerate().filter(of_path) {
            let order = instance.phases.order();
            for (phase, name) in order.phases().enumerate() {
                let mark = allocator::phase(path, name);
                write!(
                    f,
                    "#undef {mark}\n#define {mark} \
                     buffers_sanitizer::in_phase buffers_in_{name}({position}, {phase});"
                )?;
                let own = layout.numbered().enumerate().filter(|(_, (of, ..))| *of == position);
                for (number, (_, instance, buffer)) in own {
                    if let Some(zeroed) = ZeroedByMarks::of(instance, buffer) {
                        f.write_str(&zeroed.mark(phase, |elements| zero(number, elements)))?;
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A statement that zeroes elements of the buffer of a number.
fn zero(number: usize, elements: &Range<usize>) -> String {
    format!("buffers_sanitizer::zero({number}, {}, {});", elements.start, elements.end)
}
