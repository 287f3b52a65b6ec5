//! The host's memory that programs hand over: all that is taken on trust.

use std::ffi::{CStr, c_char, c_void};

use crate::driver::status::Status;

/// The bytes that a program lends.
///
/// # Safety
/// Where the pointer is not null, so many bytes behind it can be read while the slice lives.
pub(super) unsafe fn bytes<'a>(start: *const c_void, length: usize) -> Result<&'a [u8], Status> {
    if start.is_null() {
        return Err(Status::InvalidValue);
    }
    // SAFETY: not null, and readable as the caller says.
    Ok(unsafe { std::slice::from_raw_parts(start.cast(), length) })
}

/// Copies bytes to where a program wants them.
///
/// # Safety
/// Where the pointer is not null, as many bytes behind it can be written, and are not those copied.
pub(super) unsafe fn write(start: *mut c_void, from: &[u8]) -> Result<(), Status> {
    if start.is_null() {
        return Err(Status::InvalidValue);
    }
    // SAFETY: not null, writable and elsewhere, as the caller says.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), start.cast(), from.len()) };
    Ok(())
}

/// A text that ends with a zero byte, without it.
///
/// # Safety
/// Where the pointer is not null, it is to such a text, which lives as long as the slice.
pub(super) unsafe fn text<'a>(start: *const c_char) -> Result<&'a [u8], Status> {
    if start.is_null() {
        return Err(Status::InvalidValue);
    }
    // SAFETY: not null, and such a text as the caller says.
    Ok(unsafe { CStr::from_ptr(start) }.to_bytes())
}

/// Of an array of pointers to a kernel's parameters, the bytes of all.
///
/// # Safety
/// The array holds a pointer for each field, and so many bytes behind it can be read.
pub(super) unsafe fn parameters(
    pointers: *mut *mut c_void,
    fields: &[(usize, usize)],
) -> Result<Vec<u8>, Status> {
    let mut whole = Vec::new();
    if !fields.is_empty() && pointers.is_null() {
        return Err(Status::InvalidValue);
    }
    for (index, &(offset, length)) in fields.iter().enumerate() {
        whole.resize(offset, 0);
        // SAFETY: the array is not null, and holds as many pointers as there are fields.
        let pointer = unsafe { *pointers.add(index) };
        // SAFETY: the caller vouches for the field's bytes.
        whole.extend_from_slice(unsafe { bytes(pointer, length) }?);
    }
    Ok(whole)
}
