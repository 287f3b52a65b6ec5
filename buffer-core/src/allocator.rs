//! Generated allocators: one C header per factory instance, in which every offset is a literal.

use std::collections::HashSet;
use std::fmt;

use crate::element::Width;
use crate::error::BufferError;
use crate::layout::{Instance, Layout, PlacedBuffer, Storage};
use crate::lifetimes::dead_phases;
use crate::names::{self, NameFault};
use crate::suggest::nearest;
use crate::zeroed::{ZeroedByMarks, zero_elements};

/// The C text that allocates one buffer.
///
/// It is a macro that takes a `memory`, declares a variable with the buffer's name, and zeroes the
/// elements where the declaration asks for it and the buffer's live range begins with the call. Where
/// it begins in a phase, its mark does so, and only in marked phases the variable is the buffer. An
/// alias of a plain local buffer needs its root allocated before it in the same scope; a buffer without
/// elements is a null pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocator {
    identifier: String,
    text: String,
    buffer: PlacedBuffer,
}

impl Allocator {
    /// The name of the macro.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The definition of the macro.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The buffer and its place.
    pub fn buffer(&self) -> &PlacedBuffer {
        &self.buffer
    }

    fn new(instance: &Instance, buffer: &PlacedBuffer, lanes: usize) -> Self {
        let identifier = allocate(&instance.path, buffer.name());
        let declaration = declaration(instance, buffer, lanes);
        let text = format!("#define {identifier}(buffers_m) {declaration}");
        Self { identifier, text, buffer: buffer.clone() }
    }
}

impl fmt::Display for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Layout {
    /// The allocator of a buffer of the factory at `path`.
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] or [`BufferError::UnknownBuffer`] where there is none.
    pub fn allocator(&self, path: &str, name: &str) -> Result<Allocator, BufferError> {
        let instance = self.instance(path)?;
        let buffer = instance.buffer(name).ok_or_else(|| BufferError::UnknownBuffer {
            factory: instance.prefix.clone(),
            name: name.to_owned(),
            suggestion: nearest(name, instance.buffers.iter().map(PlacedBuffer::name)),
        })?;
        Ok(Allocator::new(instance, buffer, self.target.lanes()))
    }

    /// The C text that comes before the text of the factory at `path`, once per instance.
    ///
    /// It defines, anew in each header,
    /// - `SELF(name)`: `name` under the instance's path, for functions and constants
    /// - `CHILD(child, name)`: the same of one of its children
    /// - `SIZE(name)`: the number of elements of a buffer
    /// - `ALLOCATE(name, m)`: declares the variable `name`, the buffer in the `memory` named `m`
    /// - `PHASE(name)`: stands first in a block that belongs to a phase: neither that of a whole
    ///   function, whose parameters it could hide, nor one inside another phase. In it the names of buffers
    ///   that are dead in the phase mean something else, so that their use does not compile (SB016)
    ///   and costs nothing: what is compiled is the same without it.
    ///   It zeroes what is declared `zero` and begins in the phase, and what should have begun before: what is
    ///   live in the phase, but was not zeroed since it was allocated, or since a mark of a phase in which
    ///   it is dead. Such a buffer can be used in marked phases alone, in functions that allocate it.
    ///   What begins with the call and not again is zeroed by `ALLOCATE` instead
    ///
    /// # Errors
    /// [`BufferError::UnknownInstance`] where there is no such factory.
    pub fn header(&self, path: &str) -> Result<String, BufferError> {
        let instance = self.instance(path)?;
        Ok(Header { layout: self, instance }.to_string())
    }

    /// Identifiers of generated text differ, so that no factory takes another one's buffers.
    pub(crate) fn check_identifiers(&self) -> Result<(), BufferError> {
        let mut seen = HashSet::new();
        let all = self.instances.iter().flat_map(|instance| {
            let Instance { path, phases, buffers, .. } = instance;
            let names = buffers.iter().map(PlacedBuffer::name);
            let names = names.flat_map(move |name| [size(path, name), allocate(path, name)]);
            let zeroed = ZeroedByMarks::all(instance).flat_map(ZeroedByMarks::identifiers);
            let phases = phases.order().phases().map(move |name| phase(path, name));
            names.chain(zeroed).chain(phases).chain([path.clone()])
        });
        for identifier in all {
            if let Some(identifier) = seen.replace(identifier) {
                return Err(BufferError::IdentifierClash { identifier });
            }
        }
        Ok(())
    }

    /// The paths of instances, whose parts mean nothing, mean nothing either.
    pub(crate) fn check_paths(&self) -> Result<(), BufferError> {
        for Instance { path, .. } in &self.instances {
            if let Err(NameFault::Reserved(meaning)) = names::check_name(path) {
                return Err(BufferError::ReservedPath { path: path.clone(), meaning });
            }
        }
        Ok(())
    }
}

struct Header<'a> {
    layout: &'a Layout,
    instance: &'a Instance,
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Instance { path, prefix, buffers, .. } = self.instance;
        // A child of the root has its name alone for a path.
        let scope = if path == self.layout.prefix() { "" } else { &format!("{path}_##") };
        write!(
            f,
            "/* {path}: {prefix} */\n\
             #undef SELF\n\
             #undef CHILD\n\
             #undef SIZE\n\
             #undef ALLOCATE\n\
             #undef PHASE\n\
             #define SELF(name) {path}_##name\n\
             #define CHILD(child, name) {scope}child##_##name\n\
             #define SIZE(name) {path}_size_##name\n\
             #define ALLOCATE(name, m) {path}_allocate_##name(m)\n\
             #define PHASE(name) {path}_phase_##name\n",
        )?;
        if !buffers.is_empty() {
            writeln!(f, "enum {{")?;
            for buffer in buffers {
                writeln!(f, "    {} = {},", size(path, buffer.name()), buffer.size())?;
            }
            writeln!(f, "}};")?;
        }
        let lanes = self.layout.target.lanes();
        for buffer in buffers.iter().filter(|buffer| buffer.size() > 0) {
            self.write_assertions(f, buffer, lanes)?;
        }
        for zeroed in ZeroedByMarks::all(self.instance) {
            f.write_str(&zeroed.outside_of_functions())?;
        }
        for buffer in buffers {
            writeln!(f, "{}", Allocator::new(self.instance, buffer, lanes))?;
        }
        self.write_phases(f)
    }
}

impl Header<'_> {
    /// SB016: in the block of a phase, what is dead cannot be used. What begins there is zeroed.
    fn write_phases(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Instance { path, phases, buffers, .. } = self.instance;
        let order = phases.order();
        let dead = |buffer: &PlacedBuffer| dead_phases(order, buffer.entry());
        let marked = |buffer| ZeroedByMarks::of(self.instance, buffer);
        let buffers: Vec<_> =
            buffers.iter().map(|buffer| (buffer, dead(buffer), marked(buffer))).collect();
        for (position, name) in order.phases().enumerate() {
            write!(f, "#define {}", phase(path, name))?;
            for (buffer, dead, zeroed) in &buffers {
                let is_dead = dead.contains(&name);
                if is_dead {
                    write!(f, " BUFFERS_DEAD({}, {name})", buffer.name())?;
                }
                let Some(zeroed) = zeroed else { continue };
                if !is_dead {
                    f.write_str(&zeroed.marked())?;
                }
                f.write_str(&zeroed.mark(position, |elements| zeroed.zero(elements)))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_assertions(
        &self,
        f: &mut fmt::Formatter<'_>,
        buffer: &PlacedBuffer,
        lanes: usize,
    ) -> fmt::Result {
        let path = &self.instance.path;
        let name = buffer.name();
        let end = |buffer: &PlacedBuffer| {
            let element = buffer.entry.element.c_name();
            format!(
                "{} + {} * sizeof({element})",
                buffer.offset() * lanes,
                size(path, buffer.name())
            )
        };
        if let Some(elements) = arena_elements(buffer.storage, buffer.width) {
            let bytes = buffer.width.bytes();
            writeln!(
                f,
                "_Static_assert({} <= {elements} * {bytes} * BUFFERS_LANES, \
                 \"{path}.{name} lies inside its arena\");",
                end(buffer),
            )?;
        }
        if let Some(parent) = buffer.parent().and_then(|parent| self.instance.buffer(parent)) {
            writeln!(
                f,
                "_Static_assert({} <= {}, \"{path}.{name} lies inside {}\");",
                end(buffer),
                end(parent),
                parent.name(),
            )?;
        }
        Ok(())
    }
}

/// The enumerator that counts the elements of an arena; none for an array of the buffer's own.
fn arena_elements(storage: Storage, width: Width) -> Option<String> {
    let bytes = width.bytes();
    match storage {
        Storage::SharedPersistent => Some(format!("BUFFERS_SHARED_PERSISTENT{bytes}")),
        Storage::SharedScratch => Some(format!("BUFFERS_SHARED{bytes}_STRIDE")),
        Storage::LocalPersistent => Some(format!("BUFFERS_PERSISTENT{bytes}")),
        Storage::LocalScratch => Some(format!("BUFFERS_SCRATCH{bytes}")),
        Storage::Local => None,
    }
}

fn declaration(instance: &Instance, buffer: &PlacedBuffer, lanes: usize) -> String {
    let (name, element) = (buffer.name(), buffer.entry.element.c_name());
    if buffer.size() == 0 {
        return format!("BUFFER({element}) {name} = 0");
    }
    let zeroed = ZeroedByMarks::of(instance, buffer);
    let storage = zeroed.as_ref().map_or(name, |zeroed| &zeroed.storage);
    let size = size(&instance.path, name);
    let arena = match buffer.storage {
        Storage::SharedPersistent | Storage::SharedScratch => "shared",
        Storage::LocalPersistent => "persistent",
        Storage::LocalScratch => "scratch",
        Storage::Local => "",
    };
    let declared = match (buffer.storage, buffer.parent()) {
        (Storage::Local, None) => format!("{element} {storage}[{size}]"),
        (Storage::Local, Some(_)) => {
            let root = instance.buffer(buffer.root());
            let zeroed = root.and_then(|root| ZeroedByMarks::of(instance, root));
            let root = zeroed.as_ref().map_or(buffer.root(), |zeroed| &zeroed.storage);
            format!("BUFFER({element}) {storage} = {root} + {}", buffer.start)
        }
        _ => format!(
            "BUFFER({element}) {storage} = ({element} *)((buffers_m).{arena}{} + {})",
            buffer.width.bytes(),
            buffer.offset() * lanes
        ),
    };
    match zeroed {
        Some(zeroed) => format!("{declared}; {}", zeroed.unmarked()),
        None if buffer.entry.zero => {
            format!("{declared}; {}", zero_elements(buffer.entry.element, name, 0, size))
        }
        None => declared,
    }
}

fn size(path: &str, name: &str) -> String {
    format!("{path}_size_{name}")
}

pub(crate) fn allocate(path: &str, name: &str) -> String {
    format!("{path}_allocate_{name}")
}

pub(crate) fn phase(path: &str, name: &str) -> String {
    format!("{path}_phase_{name}")
}
