//! Scratch memory for GPU algorithms: declared on structs, proved, laid out, allocated.

mod buffer;
mod buffers;
mod element;
mod entry;
mod error;
mod location;
mod macros;
mod private;

pub use buffer::Buffer;
pub use buffer_macros::Buffers;
pub use buffers::{Buffers, Child};
pub use element::{Element, ElementType, Precision, Real};
pub use entry::{BufferEntry, BufferUpdate, Overflow};
pub use error::{BufferError, Fault};
pub use location::Location;

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
