//! NVRTC, the compiler of CUDA text: cubin and PTX for any GPU, with neither a GPU nor a driver.

mod library;
mod resources;
mod traffic;

use std::convert::Infallible;
use std::ffi::{CString, NulError};
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use buffer_core::{ComputeCapability, DeadBuffer, Precision};
use thiserror::Error;

use super::cache::{CacheKey, CacheOutcome, KernelCache};
use library::{Failure, Library};
pub use resources::Resources;
pub use traffic::Traffic;

/// The variable that names the folder of NVRTC's libraries, where the system does not find them.
pub const FOLDER_VARIABLE: &str = "BUFFERS_NVRTC";

/// What keeps a kernel from being compiled for CUDA.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NvrtcError {
    /// The library is not on this machine, or not where it is looked for.
    #[error(
        "NVRTC, NVIDIA's run-time compiler, was not found: {tried}\nhelp: run `pip install nvidia-cuda-nvrtc-cu12`, then set {FOLDER_VARIABLE} to its folder, which `python3 -c \"import nvidia.cuda_nvrtc as n; print(n.__path__[0] + '/lib')\"` prints; a CUDA toolkit on the library path does as well"
    )]
    Missing {
        /// Each name tried, with the loader's answer.
        tried: String,
    },
    /// The library lacks a function: it is too old, or not NVRTC.
    #[error(
        "the NVRTC found lacks the function `{function}`\nhelp: it is too old; run `pip install nvidia-cuda-nvrtc-cu12` and set {FOLDER_VARIABLE} to its folder"
    )]
    MissingFunction {
        /// The function.
        function: &'static str,
    },
    /// This NVRTC does not know the GPU.
    #[error(
        "NVRTC {version} cannot compile for compute capability {capability}\nhelp: it knows {known}; install a version that knows {}",
        capability.sm()
    )]
    UnknownCapability {
        /// The compiler's version.
        version: Version,
        /// What was asked for.
        capability: ComputeCapability,
        /// What the compiler knows.
        known: String,
    },
    /// The kernel's text is wrong.
    #[error("NVRTC refused the kernel text:\n{log}")]
    Text {
        /// The compiler's log.
        log: String,
    },
    /// SB016: the kernel uses a buffer in a phase in which it is dead.
    #[error("{dead}\nNVRTC's log:\n{log}")]
    DeadBuffer {
        /// The buffer and the phase.
        #[source]
        dead: DeadBuffer,
        /// The compiler's log.
        log: String,
    },
    /// The log has no lines about what the kernel takes.
    #[error(
        "NVRTC {version} does not say what `{entry}` takes of a GPU\nhelp: set {FOLDER_VARIABLE} to the folder of NVRTC 12.9, which does; see `pip install nvidia-cuda-nvrtc-cu12`"
    )]
    NoResources {
        /// The compiler's version.
        version: Version,
        /// The kernel's entry.
        entry: String,
    },
    /// The kernel's text or the name of its entry holds a zero byte.
    #[error("the kernel's text, or the name of its entry, holds a zero byte\nhelp: remove it")]
    ZeroByte(#[from] NulError),
    /// A call failed for a reason other than the text.
    #[error(
        "NVRTC's `{function}` failed: {reason}\n{log}help: check that libnvrtc-builtins of the same version lies beside libnvrtc, and that memory is not short"
    )]
    Call {
        /// The function.
        function: &'static str,
        /// NVRTC's own words.
        reason: String,
        /// The compiler's log; empty, or lines.
        log: String,
    },
}

impl From<Failure> for NvrtcError {
    fn from(failure: Failure) -> Self {
        Self::Call { function: failure.function, reason: failure.reason, log: String::new() }
    }
}

/// The version of an NVRTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The major number.
    pub major: i32,
    /// The minor number.
    pub minor: i32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The compiler, loaded once per process.
#[derive(Debug)]
pub struct Nvrtc {
    library: Library,
    version: Version,
}

impl Nvrtc {
    /// The compiler of this machine: in the folder that `BUFFERS_NVRTC` names, else where the
    /// system's loader looks.
    ///
    /// # Errors
    /// [`NvrtcError::Missing`] without the library, [`NvrtcError::MissingFunction`] where it is too
    /// old.
    pub fn load() -> Result<&'static Self, NvrtcError> {
        static LOADED: OnceLock<Nvrtc> = OnceLock::new();
        if let Some(loaded) = LOADED.get() {
            return Ok(loaded);
        }
        // A failure is not kept, so that a later call finds what was installed since.
        let folder = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty());
        let nvrtc = Self::open(folder.as_deref().map(Path::new))?;
        Ok(LOADED.get_or_init(|| nvrtc))
    }

    fn open(folder: Option<&Path>) -> Result<Self, NvrtcError> {
        let library = Library::open(folder)?;
        let (major, minor) = library.version()?;
        Ok(Self { library, version: Version { major, minor } })
    }

    /// The compiler's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Compiles a text for one GPU: one compilation gives both the cubin and the PTX.
    ///
    /// # Errors
    /// [`NvrtcError::Text`] with the compiler's log where the text is wrong; the others of
    /// [`NvrtcError`] where the compiler is.
    pub fn compile(
        &self,
        text: &str,
        capability: ComputeCapability,
        precision: Precision,
    ) -> Result<Compiled, NvrtcError> {
        self.check_capability(capability)?;
        let text = CString::new(text)?;
        let options = options(capability, precision)
            .into_iter()
            .map(CString::new)
            .collect::<Result<Vec<_>, _>>()?;
        let program = self.library.create(&text, c"kernel.cu")?;
        let compiled = program.compile(&options);
        let log = program.log()?;
        match compiled {
            Ok(()) => Ok(Compiled { cubin: program.cubin()?, ptx: program.ptx()?, log }),
            Err(failure) if failure.is_fault_of_text() => Err(match DeadBuffer::in_log(&log) {
                Some(dead) => NvrtcError::DeadBuffer { dead, log },
                None => NvrtcError::Text { log },
            }),
            Err(Failure { function, reason, .. }) => {
                Err(NvrtcError::Call { function, reason, log })
            }
        }
    }

    /// As [`compile`](Self::compile), from the cache where it holds the kernel.
    ///
    /// # Errors
    /// Those of [`compile`](Self::compile).
    pub fn compile_cached(
        &self,
        cache: &KernelCache,
        text: &str,
        capability: ComputeCapability,
        precision: Precision,
    ) -> Result<(Compiled, CacheOutcome), NvrtcError> {
        let key = self.cache_key(text, capability, precision);
        let compile = || self.compile(text, capability, precision);
        let (bytes, outcome) =
            cache.get_or_build(&key, || compile().map(|made| made.to_bytes()))?;
        if let Some(compiled) = Compiled::from_bytes(&bytes) {
            return Ok((compiled, outcome));
        }
        // Whole, and yet of another make.
        let compiled = compile()?;
        let Ok((_, outcome)) = cache.rebuild(&key, || Ok::<_, Infallible>(compiled.to_bytes()));
        Ok((compiled, outcome))
    }

    /// Under what a compiled text is kept in the cache.
    pub fn cache_key(
        &self,
        text: &str,
        capability: ComputeCapability,
        precision: Precision,
    ) -> CacheKey {
        let compiler = format!("nvrtc {} {}", self.version, env!("CARGO_PKG_VERSION"));
        let options = options(capability, precision).join(" ");
        CacheKey::new([compiler.as_bytes(), options.as_bytes(), text.as_bytes()])
    }

    fn check_capability(&self, capability: ComputeCapability) -> Result<(), NvrtcError> {
        let numbers = self.library.architectures()?;
        let known: Vec<_> = numbers.iter().map(|number| format!("sm_{number}")).collect();
        if known.contains(&capability.sm()) {
            return Ok(());
        }
        Err(NvrtcError::UnknownCapability {
            version: self.version,
            capability,
            known: known.join(", "),
        })
    }
}

/// The options that a kernel is compiled with; a part of its key in the cache.
pub fn options(capability: ComputeCapability, precision: Precision) -> Vec<String> {
    // Without flushing, one denormal would not cost time here, as it does on the host, but the bits
    // would differ between the devices.
    let flush = precision == Precision::F32;
    vec![
        format!("--gpu-architecture={}", capability.sm()),
        "--std=c++17".to_owned(),
        "--device-as-default-execution-space".to_owned(),
        // Where an addition is fused into a multiplication, the text says so.
        "--fmad=false".to_owned(),
        format!("--ftz={flush}"),
        "--prec-div=true".to_owned(),
        "--prec-sqrt=true".to_owned(),
        // A text need not use all that the prelude offers.
        "--diag-suppress=177".to_owned(),
        // Registers, stack and spills go into the log.
        "--ptxas-options=-v".to_owned(),
    ]
}

/// A kernel text compiled for one GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// Machine code for the GPU compiled for, and those of its major number above it.
    pub cubin: Vec<u8>,
    /// The same code for a driver to compile, for the GPUs that the cubin does not fit.
    pub ptx: String,
    /// The compiler's log.
    pub log: String,
}

impl Compiled {
    /// What an entry of the kernel takes from the GPU; none where the log does not say.
    pub fn resources(&self, entry: &str) -> Option<Resources> {
        Resources::parse(&self.log, entry)
    }

    /// What a thread of the kernel does, as far as its PTX tells.
    pub fn traffic(&self) -> Traffic {
        Traffic::of(&self.ptx)
    }

    /// The parts, each behind its length, for the cache.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in [self.cubin.as_slice(), self.ptx.as_bytes(), self.log.as_bytes()] {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// The reverse of [`to_bytes`](Self::to_bytes); none where the bytes are not of its making.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut part = || {
            let (length, rest) = bytes.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (part, rest) = rest.split_at_checked(length)?;
            bytes = rest;
            Some(part.to_vec())
        };
        let (cubin, ptx, log) = (part()?, part()?, part()?);
        bytes.is_empty().then_some(())?;
        let (ptx, log) = (String::from_utf8(ptx).ok()?, String::from_utf8(log).ok()?);
        Some(Self { cubin, ptx, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_survives_the_cache() {
        let compiled =
            Compiled { cubin: vec![0, 1, 255], ptx: ".version 8.8".to_owned(), log: String::new() };
        let bytes = compiled.to_bytes();
        assert_eq!(Compiled::from_bytes(&bytes), Some(compiled));
        for end in 0..bytes.len() {
            assert_eq!(Compiled::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
        assert_eq!(Compiled::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        assert_eq!(Compiled::from_bytes(&[0xff; 24]), None);
    }
}
