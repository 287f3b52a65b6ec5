//! Whether a layout is sound, judged by the definition alone: it shares no code with the planner,
//! compares all pairs, and runs on every layout before anyone sees it.

use std::borrow::Cow;
use std::collections::HashMap;

use thiserror::Error;

use crate::element::{ElementType, Width};
use crate::entry::Overflow;
use crate::layout::{Instance, Layout, PlacedBuffer, Storage};
use crate::location::Location;
use crate::timeline::{self, Alive, Timeline};

/// What makes a layout unsound. Buffers are named by `path.name`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Two buffers lie on the same bytes. Neither lies inside the other by declaration, and both may
    /// hold data at one time.
    #[error("`{first}` and `{second}` lie on the same bytes, and may hold data at one time")]
    Overlap {
        /// One buffer.
        first: String,
        /// The other one.
        second: String,
    },
    /// An integer buffer and one of reals lie on the same bytes, be it at different times: a compiler
    /// may take it that they do not.
    #[error("`{first}` and `{second}` lie on the same bytes, and only one of them holds integers")]
    MixedTypes {
        /// One buffer.
        first: String,
        /// The other one.
        second: String,
    },
    /// A buffer ends behind the arena or array that holds it.
    #[error("`{buffer}` does not lie inside its arena")]
    OutsideArena {
        /// The buffer.
        buffer: String,
    },
    /// An alias does not lie inside its parent.
    #[error("`{buffer}` does not lie inside the buffer that it aliases")]
    OutsideParent {
        /// The alias.
        buffer: String,
    },
    /// A buffer lies where its declaration does not allow it.
    #[error("`{buffer}` lies in memory that its declaration does not allow")]
    WrongStorage {
        /// The buffer.
        buffer: String,
    },
    /// A buffer's elements are not as wide as the target says.
    #[error("the elements of `{buffer}` have the wrong width")]
    WrongWidth {
        /// The buffer.
        buffer: String,
    },
    /// A buffer says that it lies inside another one that it may not lie in, or in none at all.
    #[error("`{buffer}` lies inside the wrong buffer")]
    WrongParent {
        /// The buffer.
        buffer: String,
    },
    /// A factory's buffer lies before the factory's window.
    #[error("`{buffer}` does not lie inside the window of its factory")]
    OutsideWindow {
        /// The buffer.
        buffer: String,
    },
    /// The local arrays of buffers of their own are not counted in full.
    #[error(
        "local arrays of {bytes}-byte elements hold {needed} elements, but {counted} are counted"
    )]
    WrongCount {
        /// The width of the elements in bytes.
        bytes: usize,
        /// The elements counted.
        counted: usize,
        /// The elements of all arrays.
        needed: usize,
    },
    /// The slices of two runs overlap, or equal indices in them collide on a bank.
    #[error("{bytes}-byte elements have a stride of {stride} for slices of {needed}")]
    WrongStride {
        /// The width of the elements in bytes.
        bytes: usize,
        /// The stride in elements.
        stride: usize,
        /// The elements of a slice.
        needed: usize,
    },
}

impl Layout {
    /// Checks the layout against the definition of a sound one. The registry does so before it
    /// hands a layout out.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check(&self) -> Result<(), Violation> {
        for width in Width::ALL {
            self.check_stride(width)?;
            self.check_count(width)?;
        }
        for instance in &self.instances {
            for buffer in &instance.buffers {
                self.check_width(instance, buffer)?;
                check_storage(instance, buffer)?;
                check_parent(instance, buffer)?;
                self.check_arena(instance, buffer)?;
                check_window(instance, buffer)?;
            }
        }
        self.check_overlaps()
    }

    fn check_stride(&self, width: Width) -> Result<(), Violation> {
        let arenas = self.arenas(width);
        let needed = arenas.shared_persistent + arenas.shared_scratch;
        let stride = arenas.shared_stride;
        let sound = if needed == 0 { stride == 0 } else { stride >= needed && stride % 2 == 1 };
        if sound {
            return Ok(());
        }
        Err(Violation::WrongStride { bytes: width.bytes(), stride, needed })
    }

    fn check_count(&self, width: Width) -> Result<(), Violation> {
        let counted = self.arenas(width).local;
        let buffers = self.instances.iter().flat_map(|instance| &instance.buffers);
        let arrays = buffers.filter(|buffer| {
            buffer.storage == Storage::Local && buffer.width == width && buffer.parent.is_none()
        });
        let needed = arrays.map(|buffer| buffer.entry.size).sum();
        if counted == needed {
            return Ok(());
        }
        Err(Violation::WrongCount { bytes: width.bytes(), counted, needed })
    }

    fn check_width(&self, instance: &Instance, buffer: &PlacedBuffer) -> Result<(), Violation> {
        if buffer.width == self.target.width(buffer.entry.element) {
            return Ok(());
        }
        Err(Violation::WrongWidth { buffer: full_name(instance, buffer) })
    }

    fn check_arena(&self, instance: &Instance, buffer: &PlacedBuffer) -> Result<(), Violation> {
        let arenas = self.arenas(buffer.width);
        let (first, end) = match buffer.storage {
            Storage::SharedPersistent => (0, arenas.shared_persistent),
            Storage::SharedScratch => {
                (arenas.shared_persistent, arenas.shared_persistent + arenas.shared_scratch)
            }
            Storage::LocalPersistent => (0, arenas.local_persistent),
            Storage::LocalScratch => (0, arenas.local_scratch),
            // The array is that of the root.
            Storage::Local => match instance.buffer(&buffer.root) {
                Some(root) => (0, root.entry.size),
                None => return Err(Violation::WrongParent { buffer: full_name(instance, buffer) }),
            },
        };
        if first <= buffer.start && end_of(buffer).is_some_and(|last| last <= end) {
            return Ok(());
        }
        Err(Violation::OutsideArena { buffer: full_name(instance, buffer) })
    }

    /// Compares all pairs of buffers of all factories.
    fn check_overlaps(&self) -> Result<(), Violation> {
        let occupants = self.occupants();
        for (position, second) in occupants.iter().enumerate() {
            for first in occupants.iter().take(position) {
                self.check_pair(first, second)?;
            }
        }
        Ok(())
    }

    fn occupants(&self) -> Vec<Occupant<'_>> {
        let mut occupants = Vec::new();
        for (factory, instance) in self.instances.iter().enumerate() {
            let timeline = Timeline::new(&instance.phases);
            let buffers = instance.buffers.iter().zip(enclosing(instance)).enumerate();
            occupants.extend(buffers.map(|(position, (buffer, around))| Occupant {
                alive: timeline.buffer(&buffer.entry),
                factory,
                position,
                buffer,
                around,
            }));
        }
        occupants
    }

    /// Two buffers on the same bytes: one is declared inside the other, or they are of one type and
    /// never alive together.
    fn check_pair(&self, first: &Occupant<'_>, second: &Occupant<'_>) -> Result<(), Violation> {
        let one_factory = first.factory == second.factory;
        let nested = one_factory && (first.is_inside(second) || second.is_inside(first));
        if nested || !share_bytes(first.buffer, second.buffer, one_factory) {
            return Ok(());
        }
        let [first_name, second_name] = [first, second].map(|occupant| {
            let instance = self.instances.get(occupant.factory);
            instance.map(|instance| full_name(instance, occupant.buffer)).unwrap_or_default()
        });
        if first.is_integer() != second.is_integer() {
            return Err(Violation::MixedTypes { first: first_name, second: second_name });
        }
        let kept = first.buffer.entry.persistent || second.buffer.entry.persistent;
        if kept || self.may_meet(first, second) {
            return Err(Violation::Overlap { first: first_name, second: second_name });
        }
        Ok(())
    }

    /// Whether two buffers are ever alive together, in the nearest factory that holds both: there,
    /// what lies in a child is alive while the child is called.
    fn may_meet(&self, first: &Occupant<'_>, second: &Occupant<'_>) -> bool {
        let mut one = (first.factory, Cow::Borrowed(&first.alive));
        let mut other = (second.factory, Cow::Borrowed(&second.alive));
        while one.0 != other.0 {
            // A factory stands before those inside it, so the later one does not hold both.
            let inner = if one.0 > other.0 { &mut one } else { &mut other };
            let Some((parent, called)) = self.called(inner.0) else { return true };
            *inner = (parent, Cow::Owned(called));
        }
        timeline::meet(&one.1, &other.1)
    }

    /// The parent of a factory, and when it calls it.
    fn called(&self, factory: usize) -> Option<(usize, Alive)> {
        let instance = self.instances.get(factory)?;
        let position = instance.parent.filter(|&parent| parent < factory)?;
        let parent = self.instances.get(position)?;
        Some((position, Timeline::new(&parent.phases).during(&instance.calls)))
    }
}

/// A buffer and when its factory's declarations say that it is alive.
struct Occupant<'a> {
    factory: usize,
    /// Its position in the factory.
    position: usize,
    buffer: &'a PlacedBuffer,
    /// For each buffer of the factory whether it lies around this one.
    around: Vec<bool>,
    alive: Alive,
}

impl Occupant<'_> {
    fn is_inside(&self, other: &Self) -> bool {
        self.around.get(other.position) == Some(&true)
    }

    fn is_integer(&self) -> bool {
        self.buffer.entry.element == ElementType::I32
    }
}

fn check_storage(instance: &Instance, buffer: &PlacedBuffer) -> Result<(), Violation> {
    let (shared, persistent) = match buffer.storage {
        Storage::SharedPersistent => (true, true),
        Storage::SharedScratch => (true, false),
        Storage::LocalPersistent => (false, true),
        Storage::LocalScratch | Storage::Local => (false, false),
    };
    let place_allowed = match buffer.entry.location {
        Some(Location::Shared) => shared,
        Some(Location::Local) => !shared,
        Some(Location::Auto) | None => false,
    };
    if place_allowed && persistent == buffer.entry.persistent {
        return Ok(());
    }
    Err(Violation::WrongStorage { buffer: full_name(instance, buffer) })
}

fn check_parent(instance: &Instance, buffer: &PlacedBuffer) -> Result<(), Violation> {
    let wrong = || Violation::WrongParent { buffer: full_name(instance, buffer) };
    let Some(name) = &buffer.parent else {
        let may_be_root = buffer.entry.aliases.is_none() || buffer.entry.overflow == Overflow::Own;
        let is_root = buffer.root == buffer.entry.name;
        return if may_be_root && is_root { Ok(()) } else { Err(wrong()) };
    };
    let parent = instance.buffer(name).ok_or_else(wrong)?;
    let related = buffer.entry.aliases.as_ref() == Some(name)
        && buffer.root == parent.root
        && buffer.storage == parent.storage
        && buffer.entry.element == parent.entry.element
        && !buffer.entry.persistent
        && !parent.entry.persistent;
    if !related {
        return Err(wrong());
    }
    if parent.start <= buffer.start && end_of(buffer) <= end_of(parent) {
        return Ok(());
    }
    Err(Violation::OutsideParent { buffer: full_name(instance, buffer) })
}

fn check_window(instance: &Instance, buffer: &PlacedBuffer) -> Result<(), Violation> {
    if buffer.window <= buffer.start {
        return Ok(());
    }
    Err(Violation::OutsideWindow { buffer: full_name(instance, buffer) })
}

fn share_bytes(first: &PlacedBuffer, second: &PlacedBuffer, one_factory: bool) -> bool {
    let one_memory = match (first.storage, second.storage) {
        (Storage::Local, Storage::Local) => one_factory && first.root == second.root,
        (Storage::LocalPersistent, Storage::LocalPersistent)
        | (Storage::LocalScratch, Storage::LocalScratch) => first.width == second.width,
        (
            Storage::SharedPersistent | Storage::SharedScratch,
            Storage::SharedPersistent | Storage::SharedScratch,
        ) => first.width == second.width,
        _ => false,
    };
    one_memory
        && first.entry.size > 0
        && second.entry.size > 0
        && end_of(first).is_none_or(|end| second.start < end)
        && end_of(second).is_none_or(|end| first.start < end)
}

/// For each buffer of a factory, which of its buffers lie around it: its parent, whose parent, and
/// so on.
fn enclosing(instance: &Instance) -> Vec<Vec<bool>> {
    let names = instance.buffers.iter().map(PlacedBuffer::name);
    let positions: HashMap<&str, usize> = names.zip(0..).collect();
    let parent = |buffer: &PlacedBuffer| positions.get(buffer.parent()?).copied();
    let parents: Vec<Option<usize>> = instance.buffers.iter().map(parent).collect();
    let outward = |&parent: &Option<usize>| {
        let mut enclosing = vec![false; parents.len()];
        let mut next = parent;
        // Where parents are corrupted to a ring, this ends as the ring closes.
        while let Some(position) = next
            && let Some(seen) = enclosing.get_mut(position)
            && !*seen
        {
            *seen = true;
            next = parents.get(position).copied().flatten();
        }
        enclosing
    };
    parents.iter().map(outward).collect()
}

fn end_of(buffer: &PlacedBuffer) -> Option<usize> {
    buffer.start.checked_add(buffer.entry.size)
}

fn full_name(instance: &Instance, buffer: &PlacedBuffer) -> String {
    format!("{}.{}", instance.path, buffer.entry.name)
}

#[cfg(test)]
mod tests;
