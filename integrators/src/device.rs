//! Where kernels run.

pub mod arguments;
pub mod cache;
pub mod cuda;
pub mod host;
pub mod nvrtc;

use std::fmt;
use std::time::Duration;

use buffer_core::{BufferError, Layout, Precision, SanitizerFault, Target};
use thiserror::Error;

use self::arguments::Arguments;
use self::cache::CacheOutcome;
use self::cuda::{CudaDevice, CudaError, CudaKernel};
use self::host::{HostDevice, HostError, HostKernel};

/// Kernel text with what a device must know to run it. The text is trusted: it becomes part of this
/// process, or of its GPU.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelSource {
    /// The whole text, preamble first.
    pub text: String,
    /// The name of the entry.
    pub entry: String,
    /// The run's precision: `f32` kernels flush denormals.
    pub precision: Precision,
    /// Runs side by side in one thread: 1 on CUDA.
    pub lanes: usize,
    /// Bytes of shared memory per run, the stride's padding included.
    pub shared_bytes: usize,
    /// Whether the text is that of a sanitizer build, which
    /// [`KernelText::sanitizer`](crate::factories::KernelText::sanitizer) begins. It runs in one thread of
    /// the host, or in one warp of a GPU, and needs no shared memory.
    pub is_sanitizer: bool,
}

/// What stops a device.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A GPU.
    #[error(transparent)]
    Cuda(#[from] CudaError),
}

/// What runs kernels.
#[derive(Debug, Clone)]
pub enum Device {
    /// The host's processor.
    Host(HostDevice),
    /// An NVIDIA GPU.
    Cuda(CudaDevice),
}

impl Device {
    /// The host.
    ///
    /// # Errors
    /// [`HostError::NoCompiler`] where there is no C compiler.
    pub fn host() -> Result<Self, DeviceError> {
        Ok(Self::Host(HostDevice::new()?))
    }

    /// A GPU by its number, from 0.
    ///
    /// # Errors
    /// [`CudaError`], which says what is missing.
    pub fn cuda(ordinal: usize) -> Result<Self, DeviceError> {
        Ok(Self::Cuda(CudaDevice::new(ordinal)?))
    }

    /// The first GPU with a compiler for it, else the host.
    ///
    /// # Errors
    /// Those of the host, where there is nothing else.
    pub fn best() -> Result<Self, DeviceError> {
        Self::cuda(0).or_else(|_| Self::host())
    }

    /// What layouts are made for.
    ///
    /// # Errors
    /// Those of [`Target::host`].
    pub fn target(&self, precision: Precision) -> Result<Target, BufferError> {
        match self {
            Self::Host(host) => host.target(precision),
            Self::Cuda(cuda) => Ok(cuda.target(precision)),
        }
    }

    /// How many bytes of inputs and results one launch should move: `wanted`, or half of what a GPU
    /// has free where that is less.
    ///
    /// # Errors
    /// The driver's.
    pub fn launch_bytes(&self, wanted: usize) -> Result<usize, DeviceError> {
        match self {
            Self::Host(_) => Ok(wanted),
            // Half, since allocations are rounded up, and other programs allocate as well.
            Self::Cuda(cuda) => Ok(wanted.min(cuda.free_memory()? / 2)),
        }
    }

    /// From which multiple of bytes on the rows of a table should begin: a GPU moves its memory in
    /// whole sectors.
    pub fn row_alignment(&self) -> usize {
        match self {
            Self::Host(_) => 1,
            Self::Cuda(_) => cuda::SECTOR_BYTES,
        }
    }

    /// Compiles a kernel, or takes it from the cache.
    ///
    /// # Errors
    /// The compiler's, with its log.
    pub fn compile(&self, source: &KernelSource) -> Result<Kernel, DeviceError> {
        match self {
            Self::Host(host) => Ok(Kernel::Host(host.compile(source)?)),
            Self::Cuda(cuda) => Ok(Kernel::Cuda(cuda.compile(source)?)),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => host.fmt(f),
            Self::Cuda(cuda) => f.write_str(cuda.name()),
        }
    }
}

impl From<HostDevice> for Device {
    fn from(host: HostDevice) -> Self {
        Self::Host(host)
    }
}

impl From<CudaDevice> for Device {
    fn from(cuda: CudaDevice) -> Self {
        Self::Cuda(cuda)
    }
}

/// A kernel that is ready to run.
#[derive(Debug)]
pub enum Kernel {
    /// On the host.
    Host(HostKernel),
    /// On a GPU.
    Cuda(CudaKernel),
}

impl Kernel {
    /// Runs the kernel for runs `0..runs`, and reports how many more are done.
    ///
    /// # Errors
    /// The device's.
    ///
    /// # Safety
    /// The kernel's struct `arguments` must have the fields that `arguments` lists, and its text
    /// must access no memory but theirs, within bounds, and the shared memory that its
    /// [`KernelSource`] asked for; what it writes for one run no other run may access.
    pub unsafe fn launch(
        &self,
        arguments: &mut Arguments<'_>,
        runs: usize,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), DeviceError> {
        match self {
            Self::Host(kernel) => {
                // SAFETY: the caller's promise is the same.
                unsafe { kernel.launch(arguments, runs, progress) };
            }
            Self::Cuda(kernel) => {
                // SAFETY: the caller's promise is the same.
                unsafe { kernel.launch(arguments, runs)? };
                progress(runs);
            }
        }
        Ok(())
    }

    /// The faults of all launches so far of the sanitizer build of a kernel in `layout`; none of a
    /// release, which does not look.
    ///
    /// # Errors
    /// The driver's.
    pub fn faults(&self, layout: &Layout) -> Result<Option<Vec<SanitizerFault>>, DeviceError> {
        match self {
            Self::Host(kernel) => Ok(kernel.faults(layout)),
            Self::Cuda(kernel) => Ok(kernel.faults(layout)?),
        }
    }

    /// The time from text to code.
    pub fn build_time(&self) -> Duration {
        match self {
            Self::Host(kernel) => kernel.build_time(),
            Self::Cuda(kernel) => kernel.build_time(),
        }
    }

    /// Whether the code came from the cache.
    pub fn cache_outcome(&self) -> &CacheOutcome {
        match self {
            Self::Host(kernel) => kernel.cache_outcome(),
            Self::Cuda(kernel) => kernel.cache_outcome(),
        }
    }
}
