//! Scratch memory for GPU algorithms: declared on structs, proved, laid out, allocated.

mod allocator;
mod buffer;
mod buffers;
mod checker;
mod context;
mod element;
mod entry;
mod error;
mod layout;
mod location;
mod macros;
mod names;
mod packing;
mod planner;
mod preamble;
mod private;
mod registry;
mod report;
mod rules;
mod suggest;
mod target;

pub use allocator::Allocator;
pub use buffer::Buffer;
pub use buffer_macros::Buffers;
pub use buffers::{Buffers, Child};
pub use checker::Violation;
pub use context::BufferContext;
pub use element::{Element, ElementType, Precision, Real, Width};
pub use entry::{BufferEntry, BufferUpdate, Overflow};
pub use error::{BufferError, Fault};
pub use layout::{ArenaSizes, Instance, Layout, PlacedBuffer, Storage};
pub use location::Location;
pub use registry::{BufferRegistry, FactoryId, Updated};
pub use target::{ComputeCapability, Target};

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
