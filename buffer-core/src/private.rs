//! What the derive's expansion calls. Not public API: it changes with every release.

mod entries;
mod integer;
pub mod keys;
mod phases;
mod postfix;
mod text;

pub use std::vec::Vec;

pub use crate::buffers::{Buffers, Child};
pub use crate::entry::BufferEntry;
pub use crate::error::BufferError;
pub use crate::phases::Phases;

pub use entries::{Field, entries, field};
pub use integer::{Integer, Truth, max, min, truth, widen};
pub use phases::DeclaredPhases;
use phases::live_ranges;
pub use postfix::Size;
pub use text::{assert_bound, assert_size, fit, fit_or_own};

use crate::buffer::Buffer;
use crate::element::Element;

/// A field type that `#[buffer(...)]` may stand on.
#[diagnostic::on_unimplemented(
    message = "`#[buffer]` on a field of type `{Self}`, which is no `Buffer`",
    label = "not a buffer",
    note = "make it `Buffer`, `Buffer<f32>`, `Buffer<f64>` or `Buffer<i32>`, or remove `#[buffer(...)]`"
)]
pub trait BufferField {
    /// What the buffer holds.
    type Element: Element;

    /// The field as what it is.
    fn as_buffer(&self) -> &Buffer<Self::Element>;
}

#[diagnostic::do_not_recommend]
impl<T: Element> BufferField for Buffer<T> {
    type Element = T;

    fn as_buffer(&self) -> &Buffer<T> {
        self
    }
}

/// The rules whose numbers are known when the const parameters are.
pub trait Checked {
    /// Evaluates to `()`, or fails to compile.
    const CHECK: () = ();
}

/// A child of the factory that the derive is on.
pub fn child<'a, T: Buffers>(name: &'a str, factory: &'a T, calls: &str) -> Child<'a> {
    Child { name, factory, calls: live_ranges(calls) }
}
