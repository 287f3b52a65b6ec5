#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings)]
//! A module that shadows what an expansion may be tempted to use.

#[allow(dead_code, non_camel_case_types)]
mod shadow {
    pub(crate) struct usize;
    pub(crate) struct i128;
    pub(crate) struct str;
    pub(crate) struct Vec;
    pub(crate) struct Option;
    pub(crate) struct Some;
    pub(crate) struct Result;
    pub(crate) struct Location;
    pub(crate) struct BufferEntry;
}
#[allow(unused_imports)]
use shadow::*;

#[allow(unused_macros)]
macro_rules! panic {
    () => {
        compile_error!("captured")
    };
}

/// A factory.
#[derive(::buffer_core::Buffers)]
#[buffers(vars(entries >= 1, N >= 1))]
pub struct Step<const N: ::core::primitive::usize> {
    entries: ::core::primitive::usize,
    #[buffer(size = max(entries, 2) * N, location = "shared")]
    this_buffer: ::buffer_core::Buffer,
    #[buffer(size = entries, aliases = "this_buffer")]
    alias: ::buffer_core::Buffer,
    #[buffer(size = max(N, this), location = "local", persistent)]
    fault: ::buffer_core::Buffer<f32>,
    #[child]
    solver: Solver,
}

#[allow(non_upper_case_globals)]
const this: ::core::primitive::usize = 5;

/// A factory inside it.
#[derive(::buffer_core::Buffers)]
pub struct Solver;

::buffer_core::assert_layout!(Step<3>);

fn main() {
    let buffer = ::buffer_core::Buffer::new;
    let step = Step::<3> {
        entries: 1,
        this_buffer: buffer(),
        alias: buffer(),
        fault: ::buffer_core::Buffer::new(),
        solver: Solver,
    };
    let entries = ::buffer_core::Buffers::entries(&step).unwrap();
    ::std::assert_eq!(entries.len(), 3);
}
