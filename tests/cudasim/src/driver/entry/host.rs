//! The host's memory that programs hand over: all that is taken on trust.

use std::ffi::{CStr, c_char, c_void};
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::driver::report;
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
/// How many there are, and how long each is, the array does not say. What is behind its end is taken
/// for a pointer where it can be read; else, as for a null pointer, one is missing.
pub(super) fn parameters(
    pointers: *mut *mut c_void,
    fields: &[(usize, usize)],
) -> Result<Vec<u8>, Status> {
    let own_memory = File::open("/proc/self/mem").map_err(|_| Status::NotSupported)?;
    let read = |address: usize, bytes: &mut [u8]| own_memory.read_exact_at(bytes, address as u64);
    let mut whole = Vec::new();
    for (index, &(offset, length)) in fields.iter().enumerate() {
        let (mut pointer, mut field) = ([0; size_of::<usize>()], vec![0; length]);
        let at = pointers.addr().wrapping_add(index * size_of::<usize>());
        read(at, &mut pointer)
            .and_then(|()| read(usize::from_ne_bytes(pointer), &mut field))
            .map_err(|_| {
                let count = fields.len();
                report(&format_args!("a kernel of {count} parameters is given {index}"));
                Status::InvalidValue
            })?;
        whole.resize(offset, 0);
        whole.extend_from_slice(&field);
    }
    Ok(whole)
}

/// Of a list of names and values that ends with a name 0, the buffer of a kernel's parameters.
///
/// # Safety
/// The list ends so, and its buffer has the bytes that its length says.
pub(super) unsafe fn parameter_buffer<'a>(list: *mut *mut c_void) -> Result<&'a [u8], Status> {
    const END: usize = 0;
    const START: usize = 1;
    const LENGTH: usize = 2;
    let (mut start, mut length, mut at) = (std::ptr::null_mut(), std::ptr::null(), list);
    loop {
        // SAFETY: the list goes on up to a name that is 0.
        match unsafe { *at }.addr() {
            END => break,
            // SAFETY: a value follows each other name.
            START => start = unsafe { *at.add(1) },
            // SAFETY: as above.
            LENGTH => length = unsafe { *at.add(1) }.cast::<usize>().cast_const(),
            _ => return Err(Status::InvalidValue),
        }
        // SAFETY: as above; this passes the name and its value.
        at = unsafe { at.add(2) };
    }
    if length.is_null() {
        return Err(Status::InvalidValue);
    }
    // SAFETY: it is to the length, and not null.
    let length = unsafe { *length };
    // SAFETY: the caller vouches for the buffer.
    unsafe { bytes(start, length) }
}
