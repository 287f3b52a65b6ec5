//! CUDA's own functions, and those of the tests.
//!
//! Pointers that a function writes one value to are references that may be null, and handles are
//! numbers that are looked up, so that only ranges of bytes and texts are taken on trust.
#![allow(non_snake_case, reason = "the names are CUDA's")]

mod control;
mod device;
mod host;
mod memory;
mod module;
mod stream;

use std::mem::MaybeUninit;

use super::status::Status;

/// Where a function leaves a value.
type Out<'a, T> = Option<&'a mut MaybeUninit<T>>;

/// Leaves a value where a program wants it.
fn give<T>(out: Out<'_, T>, value: T) -> Result<(), Status> {
    out.ok_or(Status::InvalidValue)?.write(value);
    Ok(())
}

/// A number as CUDA's functions give it.
fn int(value: usize) -> Result<i32, Status> {
    i32::try_from(value).map_err(|_| Status::InvalidValue)
}

/// An ordinal, a size or a count as programs give it.
fn unsigned(value: i32) -> Result<usize, Status> {
    usize::try_from(value).map_err(|_| Status::InvalidValue)
}
