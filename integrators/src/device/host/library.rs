//! The unsafe part of the host device: loading compiled code and calling it.

use std::ffi::{c_longlong, c_uchar};

use super::HostError;
use crate::device::cache::private_file;

/// The entry of a kernel: arguments, first run, the run after the last, shared memory.
type Entry = unsafe extern "C" fn(*const u64, c_longlong, c_longlong, *mut c_uchar);

/// Points to the numbers of the faults that a sanitizer build has found, and counts these.
type Faults = unsafe extern "C" fn(*mut *const c_longlong) -> c_longlong;

/// The shared memory of one group of lanes, aligned for vectors of 64 lanes of 8 bytes.
#[derive(Debug)]
pub(super) struct Arena(Vec<Line>);

#[derive(Debug, Clone, Copy)]
#[repr(align(512))]
struct Line {
    _bytes: [u8; 512],
}

impl Arena {
    /// An arena of at least `bytes` zeros.
    pub(super) fn new(bytes: usize) -> Self {
        Self(vec![Line { _bytes: [0; 512] }; bytes.div_ceil(512)])
    }
}

/// Compiled code, loaded.
#[derive(Debug)]
pub(super) struct Library {
    entry: Entry,
    /// In a sanitizer build alone.
    faults: Option<Faults>,
    /// Keeps the functions valid.
    _library: libloading::Library,
}

impl Library {
    /// Loads a shared library from its bytes, and finds the entry.
    pub(super) fn load(bytes: &[u8], entry: &str) -> Result<Self, HostError> {
        let file = private_file(bytes, ".so")?;
        // SAFETY: a kernel has no constructors, so loading runs no code but that of the libraries which
        // the compiler links: C's, loaded already, and C++'s. The bytes are the compiler's, unchanged.
        let library = unsafe { libloading::Library::new(&*file)? };
        // SAFETY: `KERNEL` in the prelude defines every entry with this signature.
        let entry = unsafe { *library.get::<Entry>(entry)? };
        // SAFETY: `sanitizer.hpp` defines it with this signature, and nothing else has its name, which
        // is reserved in kernel text.
        let faults = unsafe { library.get::<Faults>("buffers_faults").ok().map(|faults| *faults) };
        Ok(Self { entry, faults, _library: library })
    }

    /// The numbers of all faults that a sanitizer build has found; none of a release.
    pub(super) fn faults(&self) -> Option<Vec<i64>> {
        let faults = self.faults?;
        let mut numbers = std::ptr::null();
        // SAFETY: the library that defines it is loaded.
        let count = unsafe { faults(&raw mut numbers) };
        let count = usize::try_from(count).unwrap_or_default();
        if numbers.is_null() {
            return None;
        }
        // SAFETY: it pointed to so many numbers, in a table of the library.
        Some(unsafe { std::slice::from_raw_parts(numbers, count) }.to_vec())
    }

    /// Calls the entry for the runs `begin..end`.
    ///
    /// # Safety
    /// `block` must be what the kernel's `arguments` struct describes, and its addresses valid for
    /// what the text does with them. `arena` must hold the bytes of the kernel's layout.
    pub(super) unsafe fn call(&self, block: &[u64], begin: usize, end: usize, arena: &mut Arena) {
        // SAFETY: the caller's promise. Run numbers are less than 2^63.
        unsafe {
            (self.entry)(
                block.as_ptr(),
                begin as c_longlong,
                end as c_longlong,
                arena.0.as_mut_ptr().cast(),
            );
        }
    }
}

/// The version of the C library that kernels are linked with; none where it does not tell.
pub(super) fn c_library_version() -> Option<String> {
    #[cfg(target_env = "gnu")]
    {
        use std::ffi::{CStr, c_char};

        unsafe extern "C" {
            /// In every version of glibc.
            safe fn gnu_get_libc_version() -> *const c_char;
        }
        // SAFETY: it returns a string that ends with 0 and is never freed or changed.
        let version = unsafe { CStr::from_ptr(gnu_get_libc_version()) };
        Some(version.to_string_lossy().into_owned())
    }
    #[cfg(not(target_env = "gnu"))]
    None
}
