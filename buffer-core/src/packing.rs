//! The packings, and what they have in common: where aliases lie inside their parents, each behind the
//! last in the order of declaration.

use std::fmt;

use crate::context::BufferContext;

/// How a layout shares out memory. Results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Packing {
    /// Buffers lie one behind the other in the order of their declaration. Only aliases share
    /// storage, and every local root is an array of its own.
    #[default]
    Declared,
    /// What is never live together may lie on the same bytes: buffers with the aliases inside them,
    /// and all scratch memory of a child, which is live where the child is called. Never needs more
    /// than [`Declared`](Self::Declared). Local roots of more than [`MOST_UNROLLED`] elements, which
    /// lie in memory anyway, share it too.
    ///
    /// [`MOST_UNROLLED`]: crate::BufferEntry::MOST_UNROLLED
    Auto,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Declared => "declared",
            Self::Auto => "auto",
        })
    }
}

/// The place of an alias in its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The parent's position in its factory.
    pub(crate) parent: usize,
    /// Elements of the parent that earlier aliases take.
    pub(crate) taken: usize,
    /// Whether the rest of the parent holds the alias. If not, it takes nothing.
    pub(crate) fits: bool,
}

/// The places of all buffers of a factory, in order; none for what has no parent.
///
/// An alias that cannot be one, whatever the sizes, takes nothing from its parent and has no place.
pub(crate) fn pack_aliases(context: &BufferContext) -> Vec<Option<Fit>> {
    let entries: Vec<_> = context.entries().collect();
    let mut taken = vec![0; entries.len()];
    entries
        .iter()
        .enumerate()
        .map(|(position, alias)| {
            let index = context.parent_position(position)?;
            let parent = entries.get(index)?;
            if alias.persistent || parent.persistent || alias.element != parent.element {
                return None;
            }
            let taken = taken.get_mut(index)?;
            let before = *taken;
            // What is taken never exceeds the parent, so this does not wrap.
            let fits = alias.size <= parent.size - before;
            if fits {
                *taken += alias.size;
            }
            Some(Fit { parent: index, taken: before, fits })
        })
        .collect()
}
