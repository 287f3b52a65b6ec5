//! The trait that the derive implements: the seam between the macro and the registry.

use crate::entry::BufferEntry;
use crate::error::BufferError;
use crate::phases::{LiveRange, Phases};

/// A factory that declares its scratch memory.
///
/// Implemented with `#[derive(Buffers)]`; see the [derive](derive@crate::Buffers) for the language.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no buffers",
    label = "not a factory",
    note = "consider annotating `{Self}` with `#[derive(Buffers)]`"
)]
pub trait Buffers {
    /// The factory's name in reports and, where it is the root, in kernel text.
    fn prefix(&self) -> &str;

    /// The phases of the factory's kernel text; none where it declares none.
    fn phases(&self) -> &Phases {
        static NONE: Phases = Phases::new();
        &NONE
    }

    /// The buffers with this instance's sizes and places, in the order of their declaration.
    ///
    /// # Errors
    /// [`BufferError::Faults`] where a size overflows or is negative, or a field lies outside `vars`.
    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError>;

    /// The factories inside this one, in the order of their declaration; none where it holds none.
    fn children(&self) -> Vec<Child<'_>> {
        Vec::new()
    }
}

/// A factory inside a factory.
#[derive(Clone)]
pub struct Child<'a> {
    /// The field that holds it; the last part of the instance's path.
    pub name: &'a str,
    /// The factory.
    pub factory: &'a dyn Buffers,
    /// The phases in which it is called, and so its scratch holds data; empty for all.
    pub calls: Vec<LiveRange>,
}

impl<T: Buffers + ?Sized> Buffers for &T {
    fn prefix(&self) -> &str {
        (**self).prefix()
    }

    fn phases(&self) -> &Phases {
        (**self).phases()
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        (**self).entries()
    }

    fn children(&self) -> Vec<Child<'_>> {
        (**self).children()
    }
}

impl<T: Buffers + ?Sized> Buffers for Box<T> {
    fn prefix(&self) -> &str {
        (**self).prefix()
    }

    fn phases(&self) -> &Phases {
        (**self).phases()
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        (**self).entries()
    }

    fn children(&self) -> Vec<Child<'_>> {
        (**self).children()
    }
}
