//! NVRTC's functions, loaded and called: the unsafe code of the compiler.
//!
//! Loaded here and not through cudarc, whose first choice is any `libnvrtc.so` of any version, and
//! which panics where a function is missing.

use std::error::Error;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

use super::NvrtcError;

/// The names under which NVRTC is installed; version 12 first, as it serves the most drivers.
const NAMES: &[&str] = if cfg!(windows) {
    &["nvrtc64_120_0.dll", "nvrtc64_130_0.dll"]
} else {
    &["libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.so"]
};

type Handle = *mut c_void;
type SizeOf = unsafe extern "C" fn(Handle, *mut usize) -> c_int;
type CopyOf = unsafe extern "C" fn(Handle, *mut c_char) -> c_int;

/// A call that NVRTC refused.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) function: &'static str,
    pub(super) reason: String,
    code: c_int,
}

impl Failure {
    /// Whether the program's text is at fault, and not the compiler.
    pub(super) fn is_fault_of_text(&self) -> bool {
        const ERROR_COMPILATION: c_int = 6;
        self.code == ERROR_COMPILATION
    }
}

/// The functions of one NVRTC. Signatures as in `nvrtc.h`, the same since CUDA 11.2; result codes
/// are plain integers, so that a code of a later version is no undefined behaviour.
#[derive(Debug)]
pub(super) struct Library {
    version: unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
    architecture_count: unsafe extern "C" fn(*mut c_int) -> c_int,
    architectures: unsafe extern "C" fn(*mut c_int) -> c_int,
    create: unsafe extern "C" fn(
        *mut Handle,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    destroy: unsafe extern "C" fn(*mut Handle) -> c_int,
    compile: unsafe extern "C" fn(Handle, c_int, *const *const c_char) -> c_int,
    log_size: SizeOf,
    log: CopyOf,
    cubin_size: SizeOf,
    cubin: CopyOf,
    ptx_size: SizeOf,
    ptx: CopyOf,
    /// Keeps the functions above in memory.
    _library: libloading::Library,
}

impl Library {
    /// Loads NVRTC from a folder, or from where the system's loader looks.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, NvrtcError> {
        let mut tried = Vec::new();
        for name in NAMES {
            let path =
                folder.map_or_else(|| Path::new(name).to_owned(), |folder| folder.join(name));
            // SAFETY: NVRTC's initialisers only set up its own state.
            match unsafe { libloading::Library::new(&path) } {
                Ok(library) => return Self::bind(library),
                Err(error) => {
                    // The loader's own words.
                    let reason =
                        error.source().map_or_else(|| error.to_string(), |e| e.to_string());
                    tried.push(reason);
                }
            }
        }
        Err(NvrtcError::Missing { tried: tried.join("; ") })
    }

    fn bind(library: libloading::Library) -> Result<Self, NvrtcError> {
        fn find<T: Copy>(
            library: &libloading::Library,
            function: &'static str,
        ) -> Result<T, NvrtcError> {
            // SAFETY: the fields below give `T`, the function's signature in `nvrtc.h`. The copy of
            // the pointer lives in the struct that keeps the library loaded.
            match unsafe { library.get::<T>(function) } {
                Ok(symbol) => Ok(*symbol),
                Err(_) => Err(NvrtcError::MissingFunction { function }),
            }
        }
        Ok(Self {
            version: find(&library, "nvrtcVersion")?,
            error_string: find(&library, "nvrtcGetErrorString")?,
            architecture_count: find(&library, "nvrtcGetNumSupportedArchs")?,
            architectures: find(&library, "nvrtcGetSupportedArchs")?,
            create: find(&library, "nvrtcCreateProgram")?,
            destroy: find(&library, "nvrtcDestroyProgram")?,
            compile: find(&library, "nvrtcCompileProgram")?,
            log_size: find(&library, "nvrtcGetProgramLogSize")?,
            log: find(&library, "nvrtcGetProgramLog")?,
            cubin_size: find(&library, "nvrtcGetCUBINSize")?,
            cubin: find(&library, "nvrtcGetCUBIN")?,
            ptx_size: find(&library, "nvrtcGetPTXSize")?,
            ptx: find(&library, "nvrtcGetPTX")?,
            _library: library,
        })
    }

    fn check(&self, function: &'static str, code: c_int) -> Result<(), Failure> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: takes any code and answers with a string that lives as long as the library, or
        // null.
        let text = unsafe { (self.error_string)(code) };
        let reason = if text.is_null() {
            format!("code {code}")
        } else {
            // SAFETY: not null, so a C string, see above.
            unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
        };
        Err(Failure { function, reason, code })
    }

    pub(super) fn version(&self) -> Result<(i32, i32), Failure> {
        let (mut major, mut minor) = (0, 0);
        // SAFETY: both pointers are to live integers.
        let code = unsafe { (self.version)(&mut major, &mut minor) };
        self.check("nvrtcVersion", code)?;
        Ok((major, minor))
    }

    /// The numbers behind `sm_` that this version compiles for, ascending.
    pub(super) fn architectures(&self) -> Result<Vec<i32>, Failure> {
        let mut count = 0;
        // SAFETY: the pointer is to a live integer.
        let code = unsafe { (self.architecture_count)(&mut count) };
        self.check("nvrtcGetNumSupportedArchs", code)?;
        let mut numbers = vec![0; usize::try_from(count).unwrap_or(0)];
        // SAFETY: NVRTC writes the count of integers that it has just given.
        let code = unsafe { (self.architectures)(numbers.as_mut_ptr()) };
        self.check("nvrtcGetSupportedArchs", code)?;
        Ok(numbers)
    }

    pub(super) fn create(&self, text: &CStr, name: &CStr) -> Result<Program<'_>, Failure> {
        let mut handle = ptr::null_mut();
        // SAFETY: `handle` is live, the strings end in zero and are copied, and no headers are
        // named.
        let code = unsafe {
            (self.create)(&mut handle, text.as_ptr(), name.as_ptr(), 0, ptr::null(), ptr::null())
        };
        self.check("nvrtcCreateProgram", code)?;
        Ok(Program { library: self, handle })
    }
}

/// A program of NVRTC, destroyed when dropped.
pub(super) struct Program<'library> {
    library: &'library Library,
    handle: Handle,
}

impl Program<'_> {
    pub(super) fn compile(&self, options: &[CString]) -> Result<(), Failure> {
        let options: Vec<_> = options.iter().map(|option| option.as_ptr()).collect();
        // SAFETY: the handle is live, and the array holds as many C strings as the count says.
        let code = unsafe {
            (self.library.compile)(self.handle, options.len() as c_int, options.as_ptr())
        };
        self.library.check("nvrtcCompileProgram", code)
    }

    pub(super) fn log(&self) -> Result<String, Failure> {
        self.text("nvrtcGetProgramLog", self.library.log_size, self.library.log)
    }

    pub(super) fn ptx(&self) -> Result<String, Failure> {
        self.text("nvrtcGetPTX", self.library.ptx_size, self.library.ptx)
    }

    pub(super) fn cubin(&self) -> Result<Vec<u8>, Failure> {
        self.bytes("nvrtcGetCUBIN", self.library.cubin_size, self.library.cubin)
    }

    fn text(&self, function: &'static str, size: SizeOf, copy: CopyOf) -> Result<String, Failure> {
        let mut bytes = self.bytes(function, size, copy)?;
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bytes(
        &self,
        function: &'static str,
        size: SizeOf,
        copy: CopyOf,
    ) -> Result<Vec<u8>, Failure> {
        let mut length = 0;
        // SAFETY: the handle is live, and so is the integer.
        let code = unsafe { size(self.handle, &mut length) };
        self.library.check(function, code)?;
        let mut bytes = vec![0_u8; length];
        // SAFETY: NVRTC writes the number of bytes that it has just given.
        let code = unsafe { copy(self.handle, bytes.as_mut_ptr().cast()) };
        self.library.check(function, code)?;
        Ok(bytes)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is live and not used again. There is nothing to do about a failure.
        unsafe { (self.library.destroy)(&mut self.handle) };
    }
}
