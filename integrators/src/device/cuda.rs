//! An NVIDIA GPU: one thread per run.

mod driver;

use std::ffi::CString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use buffer_core::{
    BufferError, ComputeCapability, Layout, Precision, SANITIZER_THREADS, SanitizerFault, Target,
};
use cudarc::driver::sys::{CUdevice_attribute, CUfunction_attribute, CUresult};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr, DriverError,
    LaunchConfig,
};
use cudarc::nvrtc::Ptx;
use thiserror::Error;

use super::KernelSource;
use super::arguments::{Argument, Arguments};
use super::cache::{CacheOutcome, KernelCache};
use super::nvrtc::{Compiled, Nvrtc, NvrtcError, Resources};

/// The oldest driver that serves the cubins of NVRTC 12, in the driver's own count.
const OLDEST_DRIVER: i32 = 12_000;

/// What global memory moves at a time.
pub(super) const SECTOR_BYTES: usize = 32;

/// Threads of one warp.
const WARP: u32 = 32;

/// What keeps a kernel from running on a GPU.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CudaError {
    /// The machine has no driver.
    #[error(
        "this machine has no NVIDIA driver\nhelp: install one of CUDA 12.0 or newer, or run on `Device::host()`"
    )]
    NoDriver,
    /// The driver is older than the kernels' machine code needs.
    #[error(
        "the NVIDIA driver serves CUDA {}.{}, but 12.0 is needed\nhelp: install a driver of version 525 or newer, or run on `Device::host()`",
        found / 1000,
        found % 1000 / 10
    )]
    OldDriver {
        /// The CUDA version that it serves: 1000 times the major number and 10 times the minor one.
        found: i32,
    },
    /// There is no such GPU.
    #[error(
        "there is no GPU {ordinal}: the driver shows {count}\nhelp: GPUs are counted from 0; CUDA_VISIBLE_DEVICES may hide some"
    )]
    NoDevice {
        /// The number asked for.
        ordinal: usize,
        /// How many there are.
        count: usize,
    },
    /// The GPU is older than any that a kernel can be compiled for.
    #[error(transparent)]
    Capability(#[from] BufferError),
    /// The kernel was not compiled.
    #[error(transparent)]
    Nvrtc(#[from] NvrtcError),
    /// Not one run's shared memory fits, beside what the text itself declares.
    #[error(
        "a run needs {needed} bytes of shared memory, more than a block of this GPU has left\nhelp: place buffers in local memory"
    )]
    SharedMemory {
        /// Bytes of one run.
        needed: usize,
    },
    /// The GPU's memory is short.
    #[error(
        "the GPU has no room for {needed} bytes more\nhelp: solve fewer runs at once, or save fewer rows"
    )]
    Memory {
        /// Bytes of the allocation that failed.
        needed: usize,
    },
    /// The GPU's memory is short of what a kernel itself takes.
    #[error(
        "the GPU has no room for the kernel and its variables\nhelp: free memory of the GPU; a sanitizer build keeps the buffers of {SANITIZER_THREADS} runs in variables, and runs on `Device::host()` as well"
    )]
    KernelMemory,
    /// A kernel or the GPU itself failed, and the driver takes no more work for it from this process.
    #[error(
        "the GPU is lost, and could not {action}: {reason}\nhelp: go on in a new process, or on `Device::host()`"
    )]
    Lost {
        /// What was to be done.
        action: &'static str,
        /// The driver's own words.
        reason: String,
    },
    /// A call of the driver failed.
    #[error("the NVIDIA driver could not {action}: {reason}")]
    Driver {
        /// What was to be done.
        action: &'static str,
        /// The driver's own words.
        reason: String,
    },
}

/// Names what was to be done where the driver refuses it.
trait Doing<T> {
    fn doing(self, action: &'static str) -> Result<T, CudaError>;
}

impl<T> Doing<T> for Result<T, DriverError> {
    fn doing(self, action: &'static str) -> Result<T, CudaError> {
        self.map_err(|error| {
            let reason = error.to_string();
            if is_lost(error) {
                CudaError::Lost { action, reason }
            } else {
                CudaError::Driver { action, reason }
            }
        })
    }
}

/// Whether an error stays: all later calls fail likewise, whatever they ask for.
fn is_lost(DriverError(result): DriverError) -> bool {
    matches!(
        result,
        CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE
            | CUresult::CUDA_ERROR_ECC_UNCORRECTABLE
            | CUresult::CUDA_ERROR_NVLINK_UNCORRECTABLE
            | CUresult::CUDA_ERROR_ILLEGAL_ADDRESS
            | CUresult::CUDA_ERROR_LAUNCH_TIMEOUT
            | CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED
            | CUresult::CUDA_ERROR_ASSERT
            | CUresult::CUDA_ERROR_HARDWARE_STACK_ERROR
            | CUresult::CUDA_ERROR_ILLEGAL_INSTRUCTION
            | CUresult::CUDA_ERROR_MISALIGNED_ADDRESS
            | CUresult::CUDA_ERROR_INVALID_ADDRESS_SPACE
            | CUresult::CUDA_ERROR_INVALID_PC
            | CUresult::CUDA_ERROR_LAUNCH_FAILED
            | CUresult::CUDA_ERROR_UNKNOWN
    )
}

/// An NVIDIA GPU.
#[derive(Debug, Clone)]
pub struct CudaDevice {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    name: String,
    capability: ComputeCapability,
    compiler: &'static Nvrtc,
    cache: KernelCache,
}

impl CudaDevice {
    /// Opens a GPU by its number, from 0.
    ///
    /// # Errors
    /// [`CudaError::NoDriver`], [`CudaError::OldDriver`] and [`CudaError::NoDevice`] where there is
    /// nothing to open, [`CudaError::Nvrtc`] where there is no compiler for it,
    /// [`CudaError::Driver`] where it does not open.
    pub fn new(ordinal: usize) -> Result<Self, CudaError> {
        check_driver()?;
        let count = device_count()?;
        if ordinal >= count {
            return Err(CudaError::NoDevice { ordinal, count });
        }
        let compiler = Nvrtc::load()?;
        let context = CudaContext::new(ordinal).doing("open the GPU")?;
        let stream = context.new_stream().doing("make a stream")?;
        let name = context.name().doing("name the GPU")?;
        let (major, minor) = context.compute_capability().doing("tell the compute capability")?;
        let capability = nearest_capability(major.cast_unsigned(), minor.cast_unsigned())?;
        let cache = KernelCache::from_environment();
        Ok(Self { context, stream, name, capability, compiler, cache })
    }

    /// Sets where compiled kernels are kept.
    #[must_use]
    pub fn cache(mut self, cache: KernelCache) -> Self {
        self.cache = cache;
        self
    }

    /// The GPU's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What layouts are made for.
    pub fn target(&self, precision: Precision) -> Target {
        Target::cuda(self.capability, precision)
    }

    /// Bytes of memory that are free now.
    ///
    /// # Errors
    /// [`CudaError::Driver`] where the driver does not say.
    pub fn free_memory(&self) -> Result<usize, CudaError> {
        let (free, _) = self.context.mem_get_info().doing("tell the free memory")?;
        Ok(free)
    }

    /// Compiles a kernel, or takes it from the cache, and loads it.
    ///
    /// # Errors
    /// [`CudaError::Nvrtc`] where it does not compile, [`CudaError::SharedMemory`] where it does not
    /// fit, [`CudaError::Driver`] where it does not load.
    pub fn compile(&self, source: &KernelSource) -> Result<CudaKernel, CudaError> {
        let start = Instant::now();
        let (compiled, cache) = self.compiler.compile_cached(
            &self.cache,
            &source.text,
            self.capability,
            source.precision,
        )?;
        let resources = compiled.resources(&source.entry);
        // cudarc panics at a name that is no C string.
        CString::new(source.entry.as_str()).map_err(NvrtcError::from)?;
        let module = self.load(compiled)?;
        let function = module.load_function(&source.entry).doing("find the kernel's entry")?;
        let blocks = match source.is_sanitizer {
            true => Blocks { size: SANITIZER_THREADS as u32, most: 1, shared_bytes: 0 },
            false => {
                let limit = self.allow_shared_memory(&function)?;
                let shared_bytes = source.shared_bytes;
                let size = block_size(&function, shared_bytes, limit)?;
                Blocks { size, most: i32::MAX as usize, shared_bytes }
            }
        };
        Ok(CudaKernel {
            blocks,
            function,
            module,
            stream: Arc::clone(&self.stream),
            resources,
            build_time: start.elapsed(),
            cache,
        })
    }

    fn load(&self, compiled: Compiled) -> Result<Arc<CudaModule>, CudaError> {
        let loaded = match self.context.load_module(Ptx::from_binary(compiled.cubin)) {
            // The GPU is newer than any that the compiler knows.
            Err(DriverError(CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU)) => {
                self.context.load_module(Ptx::from_src(compiled.ptx))
            }
            loaded => loaded,
        };
        match loaded {
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Err(CudaError::KernelMemory),
            loaded => loaded.doing("load the kernel"),
        }
    }

    /// Lifts the limit of 48 KB that a kernel starts with to all that the GPU gives a block, and
    /// says how many bytes that is.
    fn allow_shared_memory(&self, function: &CudaFunction) -> Result<usize, CudaError> {
        let most = self
            .context
            .attribute(CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
            .doing("tell the shared memory of a block")?;
        let of_text = function.shared_size_bytes().doing("tell the kernel's shared memory")?;
        let limit = most - of_text;
        function
            .set_attribute(
                CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                limit,
            )
            .doing("allow the kernel more shared memory")?;
        Ok(usize::try_from(limit).unwrap_or(0))
    }
}

fn check_driver() -> Result<(), CudaError> {
    if !driver::is_present() {
        return Err(CudaError::NoDriver);
    }
    let found = driver::version().doing("tell its version")?;
    if found < OLDEST_DRIVER {
        return Err(CudaError::OldDriver { found });
    }
    Ok(())
}

fn device_count() -> Result<usize, CudaError> {
    match CudaContext::device_count() {
        Ok(count) => Ok(usize::try_from(count).unwrap_or(0)),
        Err(DriverError(CUresult::CUDA_ERROR_NO_DEVICE)) => Ok(0),
        Err(error) => Err(error).doing("count the GPUs"),
    }
}

/// The GPU's own compute capability where it is known, else the nearest below it: a newer GPU runs
/// that one's machine code or, with another major number, its PTX.
fn nearest_capability(major: u32, minor: u32) -> Result<ComputeCapability, BufferError> {
    ComputeCapability::new(major, minor).or_else(|unknown| {
        let older = (0..major).rev().map(|major| (major, 9));
        std::iter::once((major, minor))
            .chain(older)
            .flat_map(|(major, most)| (0..=most).rev().map(move |minor| (major, minor)))
            .find_map(|(major, minor)| ComputeCapability::new(major, minor).ok())
            .ok_or(unknown)
    })
}

/// The block that keeps the most runs on a multiprocessor at a time; of several, the smallest,
/// since small blocks share a batch out more evenly.
fn block_size(
    function: &CudaFunction,
    shared_bytes: usize,
    shared_limit: usize,
) -> Result<u32, CudaError> {
    let most = function.max_threads_per_block().doing("tell the largest block")?.cast_unsigned();
    let shared = |size: u32| shared_bytes.saturating_mul(size as usize);
    let fits = |size: &u32| shared(*size) <= shared_limit;
    // Less than a warp only where the shared memory of a warp's runs does not fit.
    let smallest = [WARP, 16, 8, 4, 2, 1]
        .into_iter()
        .find(fits)
        .ok_or(CudaError::SharedMemory { needed: shared_bytes })?;
    let (mut best, mut best_resident) = (smallest, 0);
    for size in (smallest..=most).step_by(WARP as usize).take_while(fits) {
        let blocks = function
            .occupancy_max_active_blocks_per_multiprocessor(size, shared(size), None)
            .doing("tell the kernel's occupancy")?;
        if blocks * size > best_resident {
            (best, best_resident) = (size, blocks * size);
        }
    }
    Ok(best)
}

/// How a kernel is launched.
#[derive(Debug, Clone, Copy)]
struct Blocks {
    /// Threads of a block.
    size: u32,
    /// The most blocks.
    most: usize,
    /// Dynamic shared memory of a thread.
    shared_bytes: usize,
}

/// A kernel loaded on a GPU.
#[derive(Debug, Clone)]
pub struct CudaKernel {
    function: CudaFunction,
    module: Arc<CudaModule>,
    stream: Arc<CudaStream>,
    blocks: Blocks,
    resources: Option<Resources>,
    build_time: Duration,
    cache: CacheOutcome,
}

impl CudaKernel {
    /// Runs of one block.
    pub fn block_size(&self) -> u32 {
        self.blocks.size
    }

    /// What a thread takes from the GPU; none where the compiler's log does not say.
    pub fn resources(&self) -> Option<Resources> {
        self.resources
    }

    /// The time from text to code.
    pub fn build_time(&self) -> Duration {
        self.build_time
    }

    /// Whether the code came from the cache.
    pub fn cache_outcome(&self) -> &CacheOutcome {
        &self.cache
    }

    /// Uploads the inputs, runs the kernel for runs `0..runs` and downloads the outputs.
    ///
    /// # Safety
    /// The kernel's struct `arguments` must have the fields that `arguments` lists, and its text
    /// must access no memory but theirs, within bounds, and its buffers.
    ///
    /// # Errors
    /// [`CudaError::Memory`] where the GPU's memory is short, [`CudaError::Lost`] where the kernel
    /// fails, [`CudaError::Driver`] where it does not start.
    pub unsafe fn launch(
        &self,
        arguments: &mut Arguments<'_>,
        runs: usize,
    ) -> Result<(), CudaError> {
        if runs == 0 {
            return Ok(());
        }
        let mut memory = Vec::new();
        let block = arguments.block(|argument| {
            let slice = self.upload(argument)?;
            let address = slice.as_ref().map_or(0, |slice| slice.device_ptr(&self.stream).0);
            memory.push(slice);
            Ok::<_, CudaError>(address)
        })?;
        // Threads beyond the runs end at once; threads of a full grid go on with the next run.
        let Blocks { size, most, shared_bytes } = self.blocks;
        let blocks = runs.div_ceil(size as usize).min(most);
        let config = LaunchConfig {
            grid_dim: (blocks as u32, 1, 1),
            block_dim: (size, 1, 1),
            shared_mem_bytes: size * shared_bytes as u32,
        };
        // SAFETY: the caller vouches for the text and the arguments, whose memory lives until the
        // stream is synchronised below, or is freed behind the kernel, in the stream's order.
        unsafe { driver::launch(&self.function, &self.stream, config, &block) }
            .doing("start the kernel")?;
        let mut memory = memory.into_iter();
        for argument in arguments.iter_mut() {
            if let Argument::Input(_) | Argument::Output(_) = argument
                && let Some(Some(slice)) = memory.next()
                && let Argument::Output(bytes) = argument
            {
                self.stream.memcpy_dtoh(&slice, *bytes).doing("download the results")?;
            }
        }
        self.stream.synchronize().doing("run the kernel")
    }

    /// The faults of all launches so far of the sanitizer build of a kernel in `layout`; none of a
    /// release, which does not look.
    ///
    /// # Errors
    /// [`CudaError::Driver`] where the driver does not hand them over.
    pub fn faults(&self, layout: &Layout) -> Result<Option<Vec<SanitizerFault>>, CudaError> {
        let lists = match self.module.get_global("buffers_fault_lists", &self.stream) {
            Err(DriverError(CUresult::CUDA_ERROR_NOT_FOUND)) => return Ok(None),
            lists => lists.doing("find the sanitizer's faults")?,
        };
        let bytes = self.stream.clone_dtoh(&lists).doing("download the sanitizer's faults")?;
        self.stream.synchronize().doing("download the sanitizer's faults")?;
        let (numbers, _) = bytes.as_chunks();
        let numbers: Vec<_> = numbers.iter().map(|number| i64::from_ne_bytes(*number)).collect();
        Ok(Some(layout.sanitizer_faults(&numbers)))
    }

    /// The GPU's copy of an argument's memory; none where it is empty.
    fn upload(&self, argument: &Argument<'_>) -> Result<Option<CudaSlice<u8>>, CudaError> {
        let (bytes, slice) = match argument {
            Argument::Input(bytes) if !bytes.is_empty() => {
                (bytes.len(), self.stream.clone_htod(*bytes))
            }
            Argument::Output(bytes) if !bytes.is_empty() => {
                (bytes.len(), self.stream.alloc_zeros(bytes.len()))
            }
            _ => return Ok(None),
        };
        match slice {
            Err(DriverError(CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => {
                Err(CudaError::Memory { needed: bytes })
            }
            slice => slice.map(Some).doing("upload the inputs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_is_not_known_is_taken_for_the_nearest_below() {
        for (gpu, expected) in [
            ((9, 0), "9.0"),
            ((8, 8), "8.7"),
            ((9, 5), "9.0"),
            ((12, 9), "12.1"),
            ((99, 0), "12.1"),
        ] {
            assert_eq!(nearest_capability(gpu.0, gpu.1).unwrap().to_string(), expected);
        }
        assert!(nearest_capability(6, 1).is_err());
    }
}
