//! Scratch memory for GPU algorithms: declared on structs, proved, laid out, allocated.
//!
//! An algorithm declares its buffers on its factory struct with [`#[derive(Buffers)]`](derive@Buffers):
//! how many elements, where they lie, which buffer's storage they reuse. What is wrong with a
//! declaration is a compile error where sizes are known, and a [`Fault`] where they are not. A
//! [`BufferRegistry`] lays out a factory with everything inside it for a [`Target`], and kernels
//! receive the [`Layout`] as C text in which every offset is a literal.
//!
//! ```
//! use buffer_core::{Buffer, BufferError, BufferRegistry, Buffers, Location, Precision, Target};
//!
//! #[derive(Buffers)]
//! #[buffers(vars(n >= 1))]
//! struct Newton {
//!     n: usize,
//!     #[buffer(size = n, location = "local")]
//!     delta: Buffer,
//!     #[buffer(size = 1, location = "local", persistent)]
//!     iterations: Buffer<i32>,
//! }
//!
//! #[derive(Buffers)]
//! #[buffers(prefix = "dirk", vars(n >= 1, stages >= 2))]
//! struct Dirk {
//!     n: usize,
//!     stages: usize,
//!     #[buffer(size = n * (stages - 1), location = "shared")]
//!     accumulator: Buffer,
//!     #[buffer(size = n, aliases = "accumulator")]
//!     stage_base: Buffer,
//!     #[child]
//!     solver: Newton,
//! }
//!
//! # fn main() -> Result<(), BufferError> {
//! let dirk = Dirk {
//!     n: 3,
//!     stages: 4,
//!     accumulator: Buffer::default(),
//!     stage_base: Buffer::default(),
//!     // The caller may place a buffer elsewhere than its declaration.
//!     solver: Newton { n: 3, delta: Buffer::at(Location::Shared), iterations: Buffer::default() },
//! };
//! let mut registry = BufferRegistry::new();
//! let factory = registry.add(&dirk)?;
//!
//! let target = Target::cuda("9.0".parse()?, Precision::F32);
//! let layout = registry.layout(factory, &target)?;
//! assert_eq!(layout.shared_bytes(), 13 * 4); // 9 + 3 elements, and one to make the stride odd
//! println!("{layout}"); // a table of all buffers
//!
//! let stage_base = layout.instance("dirk")?.buffer("stage_base").unwrap();
//! assert_eq!(stage_base.range(), 0..3);
//! assert_eq!(stage_base.parent(), Some("accumulator"));
//!
//! // The text of a kernel: the preamble once, then a header before the text of each factory, with
//! // children before their parents.
//! let mut kernel = layout.preamble();
//! kernel += &layout.header("solver")?;
//! kernel += "/* text that says ALLOCATE(delta, m); */\n";
//! kernel += &layout.header("dirk")?;
//! assert!(kernel.contains("solver_allocate_delta"));
//!
//! // A change is made as a whole or not at all, and the next layout is built anew.
//! registry.update(factory, "accumulator_location", "local")?;
//! assert_eq!(registry.layout(factory, &target)?.shared_bytes(), 3 * 4);
//! # Ok(())
//! # }
//! ```

mod allocator;
mod banks;
mod buffer;
mod buffers;
mod checker;
mod context;
mod dead_buffer;
mod element;
mod entry;
mod error;
mod footprint;
mod layout;
mod lifetimes;
mod location;
mod macros;
mod multiprocessor;
mod names;
mod occupancy;
mod overlay;
mod packing;
mod phase_order;
mod phases;
mod planner;
mod preamble;
mod private;
mod registry;
mod report;
mod rules;
mod sanitizer;
mod suggest;
mod target;
mod timeline;
mod zeroed;

pub use allocator::Allocator;
pub use banks::bank_conflict_ways;
pub use buffer::Buffer;
pub use buffer_macros::Buffers;
pub use buffers::{Buffers, Child};
pub use checker::Violation;
pub use context::BufferContext;
pub use dead_buffer::DeadBuffer;
pub use element::{Element, ElementType, Precision, Real, Width};
pub use entry::{BufferEntry, BufferUpdate, Overflow, Part};
pub use error::{BufferError, Fault};
pub use footprint::Footprint;
pub use layout::{ArenaSizes, Instance, Layout, PlacedBuffer, Storage};
pub use location::Location;
pub use multiprocessor::Multiprocessor;
pub use occupancy::{Occupancy, OccupancyError, OccupancyLimit, ThreadBlock};
pub use packing::Packing;
pub use phases::{LiveRange, Phases};
pub use registry::{BufferRegistry, FactoryId, Updated};
pub use report::MemoryMap;
pub use sanitizer::{Access, SANITIZER_THREADS, SanitizerFault, SanitizerFaultKind};
pub use target::{ComputeCapability, Target};

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}
