//! The host: one run per SIMD lane, groups of lanes over threads.

mod compiler;
mod library;

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use buffer_core::{
    BufferError, DeadBuffer, ElementType, Layout, Precision, SanitizerFault, Target,
};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use thiserror::Error;

use self::compiler::Compiler;
pub use self::compiler::Language;
use self::library::Library;
use super::KernelSource;
use super::arguments::{Argument, Arguments};
use super::cache::{CacheKey, CacheOutcome, KernelCache};

/// Chunks per thread: enough to even out threads and to show progress.
const CHUNKS_PER_THREAD: usize = 16;
/// No chunk is larger, so that progress is steady however many runs there are.
const LARGEST_CHUNK: usize = 16_384;

/// What stops a kernel on the host.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// No compiler was found.
    #[error(
        "no {language} compiler was found; tried {tried}\nhelp: install {}, or name a compiler in the environment variable `{}`",
        language.suggestion(),
        language.variable()
    )]
    NoCompiler {
        /// The language of the text.
        language: Language,
        /// The commands that were tried.
        tried: String,
    },
    /// The compiler refused the kernel.
    #[error("`{compiler}` refused the kernel:\n{log}")]
    Compile {
        /// The command.
        compiler: String,
        /// What it printed.
        log: String,
    },
    /// SB016: the kernel uses a buffer in a phase in which it is dead.
    #[error("{dead}\nthe compiler's log:\n{log}")]
    DeadBuffer {
        /// The buffer and the phase.
        #[source]
        dead: DeadBuffer,
        /// What the compiler printed.
        log: String,
    },
    /// The compiler could not be started.
    #[error(
        "`{compiler}` could not be started: {error}\nhelp: name another {language} compiler in the environment variable `{}`",
        language.variable()
    )]
    Start {
        /// The command.
        compiler: String,
        /// The language of the text.
        language: Language,
        /// What the system answered.
        #[source]
        error: std::io::Error,
    },
    /// What was taken for a compiler compiles nothing.
    #[error(
        "`{compiler}` reported success and wrote no library, so it is no {language} compiler\nhelp: name a {language} compiler in the environment variable `{}`",
        language.variable()
    )]
    NotACompiler {
        /// The command.
        compiler: String,
        /// The language of the text.
        language: Language,
    },
    /// A file of the compilation could not be written or read.
    #[error(
        "the kernel could not be compiled: {0}\nhelp: the folder for temporary files must be writable"
    )]
    Files(#[from] std::io::Error),
    /// The compiled kernel could not be loaded.
    #[error(
        "the compiled kernel could not be loaded: {}\nhelp: the folder for temporary files (`TMPDIR`) must allow code to run, and `CC` name a C compiler for this machine",
        reason(.0)
    )]
    Load(#[from] libloading::Error),
    /// The threads could not be started.
    #[error(
        "the threads could not be started: {0}\nhelp: ask for fewer threads, or set `RAYON_NUM_THREADS` to fewer"
    )]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The kernel was written for another number of lanes.
    #[error(
        "the kernel is written for {given} lane(s), and this device runs {expected}\nhelp: lay it out for the device's own target"
    )]
    KernelLanes {
        /// The kernel's lanes.
        given: usize,
        /// The device's lanes.
        expected: usize,
    },
    /// No layout fits.
    #[error(transparent)]
    Layout(#[from] BufferError),
}

/// What the loader said; the error itself names only the function that failed.
fn reason(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The host's processor, with its C compiler.
#[derive(Debug, Clone)]
pub struct HostDevice {
    compiler: Arc<Compiler>,
    cache: KernelCache,
    lanes: Option<usize>,
    threads: Arc<ThreadPool>,
}

impl HostDevice {
    /// The host with all its threads and as many lanes as its vectors hold.
    ///
    /// The compiler is what `CC` names, else `cc`, `gcc` or `clang`.
    ///
    /// # Errors
    /// [`HostError::NoCompiler`] where none of them runs, and [`HostError::Threads`] where threads
    /// cannot be started.
    pub fn new() -> Result<Self, HostError> {
        Ok(Self {
            compiler: Arc::new(Compiler::find(Language::C)?),
            cache: KernelCache::from_environment(),
            lanes: None,
            threads: all_threads()?,
        })
    }

    /// Sets the lanes; 1 is scalar code.
    ///
    /// # Errors
    /// [`HostError::Layout`] where it is not a power of two from 1 to 64.
    pub fn lanes(mut self, lanes: usize) -> Result<Self, HostError> {
        Target::host(lanes, Precision::F64)?;
        self.lanes = Some(lanes);
        Ok(self)
    }

    /// Sets the threads.
    ///
    /// # Errors
    /// [`HostError::Threads`] where they cannot be started.
    pub fn threads(mut self, threads: NonZero<usize>) -> Result<Self, HostError> {
        self.threads = Arc::new(ThreadPoolBuilder::new().num_threads(threads.get()).build()?);
        Ok(self)
    }

    /// Sets where compiled kernels are kept.
    #[must_use]
    pub fn cache(mut self, cache: KernelCache) -> Self {
        self.cache = cache;
        self
    }

    /// What layouts are made for.
    ///
    /// # Errors
    /// None in practice: the lanes were checked.
    pub fn target(&self, precision: Precision) -> Result<Target, BufferError> {
        let real = Target::host(1, precision)?.width(ElementType::Real).bytes();
        Target::host(self.lanes.unwrap_or(compiler::vector_bytes() / real), precision)
    }

    /// The threads that share a launch.
    pub fn thread_count(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// A kernel has as many lanes as the device.
    fn check_lanes(&self, source: &KernelSource) -> Result<(), HostError> {
        let expected = self.target(source.precision)?.lanes();
        if source.lanes == expected {
            Ok(())
        } else {
            Err(HostError::KernelLanes { given: source.lanes, expected })
        }
    }

    /// Compiles a kernel, or takes it from the cache.
    ///
    /// The compiler of a sanitizer build is what `CXX` names, else `c++`, `g++` or `clang++`.
    ///
    /// # Errors
    /// [`HostError::Compile`] with the compiler's log, and what stands in the way of loading it;
    /// [`HostError::NoCompiler`] where there is none of C++ for a sanitizer build.
    pub fn compile(&self, source: &KernelSource) -> Result<HostKernel, HostError> {
        if source.is_sanitizer {
            let device = self.clone().threads(NonZero::<usize>::MIN)?;
            device.compile_with(&Compiler::find(Language::Cpp)?, source)
        } else {
            self.compile_with(&self.compiler, source)
        }
    }

    fn compile_with(
        &self,
        compiler: &Compiler,
        source: &KernelSource,
    ) -> Result<HostKernel, HostError> {
        let start = Instant::now();
        self.check_lanes(source)?;
        let key = key(compiler, source);
        let build = || compiler.compile(&source.text);
        let (object, mut cache) = self.cache.get_or_build(&key, build)?;
        let mut library = Library::load(&object, &source.entry);
        // What was compiled on another system may be whole and still not load on this one.
        if cache == CacheOutcome::Hit && matches!(library, Err(HostError::Load(_))) {
            let (object, rebuilt) = self.cache.rebuild(&key, build)?;
            cache = rebuilt;
            library = Library::load(&object, &source.entry);
        }
        Ok(HostKernel {
            library: library?,
            group_bytes: source.shared_bytes * source.lanes,
            lanes: source.lanes,
            threads: self.threads.clone(),
            build_time: start.elapsed(),
            cache,
        })
    }
}

impl fmt::Display for HostDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = 8 * compiler::vector_bytes();
        write!(f, "host, {} thread(s), {bits}-bit vectors, {}", self.thread_count(), self.compiler)
    }
}

/// What decides a compiled kernel.
fn key(compiler: &Compiler, source: &KernelSource) -> CacheKey {
    CacheKey::new([compiler.identity().as_bytes(), source.text.as_bytes()])
}

/// As many threads as the processor runs, shared by all devices that ask for no number.
///
/// Not Rayon's own global pool, which panics where its threads cannot be started.
fn all_threads() -> Result<Arc<ThreadPool>, HostError> {
    static SHARED: Mutex<Weak<ThreadPool>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(threads) = shared.upgrade() {
        return Ok(threads);
    }
    let threads = Arc::new(ThreadPoolBuilder::new().build()?);
    *shared = Arc::downgrade(&threads);
    Ok(threads)
}

/// A kernel that is ready to run on the host.
#[derive(Debug)]
pub struct HostKernel {
    library: Library,
    /// Bytes of shared memory of one group of lanes.
    group_bytes: usize,
    lanes: usize,
    threads: Arc<ThreadPool>,
    build_time: Duration,
    cache: CacheOutcome,
}

impl HostKernel {
    /// The time from text to code.
    pub fn build_time(&self) -> Duration {
        self.build_time
    }

    /// Whether the code came from the cache.
    pub fn cache_outcome(&self) -> &CacheOutcome {
        &self.cache
    }

    /// The faults of all launches so far of the sanitizer build of a kernel in `layout`; none of a
    /// release, which does not look.
    pub fn faults(&self, layout: &Layout) -> Option<Vec<SanitizerFault>> {
        Some(layout.sanitizer_faults(&self.library.faults()?))
    }

    /// Runs the kernel for runs `0..runs`, and reports how many runs each finished chunk held.
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
    ) {
        let Ok(block) = arguments.block(|argument| {
            Ok::<_, Infallible>(match argument {
                Argument::Input(bytes) => bytes.as_ptr().expose_provenance() as u64,
                Argument::Output(bytes) => bytes.as_mut_ptr().expose_provenance() as u64,
                Argument::Integer(_) | Argument::Pair(..) => 0,
            })
        });
        let run = || {
            let chunk = self.chunk(runs);
            (0..runs.div_ceil(chunk)).into_par_iter().for_each_init(
                || library::Arena::new(self.group_bytes),
                |arena, index| {
                    let begin = index * chunk;
                    let end = runs.min(begin + chunk);
                    // SAFETY: the caller vouches for the text and the arguments. The arena is this
                    // thread's own, and has the bytes of the layout that the kernel was built with.
                    unsafe { self.library.call(&block, begin, end, arena) };
                    progress(end - begin);
                },
            );
        };
        self.threads.install(run);
    }

    /// Runs that one call of the kernel takes: whole groups of lanes.
    fn chunk(&self, runs: usize) -> usize {
        let threads = self.threads.current_num_threads();
        let even = runs.div_ceil(threads * CHUNKS_PER_THREAD).min(LARGEST_CHUNK);
        even.max(1).next_multiple_of(self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_does_not_load_is_built_again_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = KernelCache::in_folder(folder.path());
        let device = HostDevice::new().unwrap().lanes(1).unwrap().cache(cache.clone());
        let source = KernelSource {
            text: "void kernel(void) {}".to_owned(),
            entry: "kernel".to_owned(),
            precision: Precision::F64,
            lanes: 1,
            shared_bytes: 0,
            is_sanitizer: false,
        };
        cache
            .rebuild(&key(&device.compiler, &source), || {
                Ok::<_, Infallible>(b"no library".to_vec())
            })
            .unwrap();
        for expected in [CacheOutcome::Rebuilt, CacheOutcome::Hit] {
            assert_eq!(*device.compile(&source).unwrap().cache_outcome(), expected);
        }
    }

    #[test]
    fn the_reason_of_a_failure_to_load_is_told() {
        let message = Library::load(b"no library", "kernel").unwrap_err().to_string();
        assert!(message.contains(".so: ") && message.contains("help: the folder"), "{message}");
    }
}
