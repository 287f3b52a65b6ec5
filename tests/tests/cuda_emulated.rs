//! CUDA kernels without a GPU: the same text as C++, run on the host one thread after another.
//!
//! It shows that the text computes what the host's kernel computes, bit for bit, and that each run
//! keeps within its own slices of a block's shared memory. Runs never speak to each other, so the
//! order of the threads is no matter.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::convert::Infallible;
use std::process::Command;

use buffer_core::{ComputeCapability, Precision, Target};
use buffer_tests::cuda::{PLACES, cases};
use bytemuck::Pod;
use integrators::device::KernelSource;
use integrators::device::arguments::{Argument, Arguments};
use integrators::device::cache::KernelCache;
use integrators::device::host::HostDevice;

/// What CUDA C++ has beyond C++.
const BEFORE: &str = r#"
extern "C" float fmaf(float, float, float);
extern "C" double fma(double, double, double);
extern "C" float sqrtf(float);
extern "C" double sqrt(double);
extern "C" float fabsf(float);
extern "C" double fabs(double);
#define __device__
#define __global__
#define __shared__
#define __forceinline__ inline
#define __align__(bytes) __attribute__((aligned(bytes)))
enum { SHARED_BYTES = 1 << 15 };
static struct { unsigned x; } threadIdx, blockIdx, blockDim, gridDim;
__align__(16) unsigned char shared[SHARED_BYTES];
"#;

/// Runs a grid; answers 1 where a thread changes shared memory outside its slices, 2 where there is
/// too little of it.
const AFTER: &str = r#"
static bool inside(unsigned at, unsigned begin, unsigned stride)
{
    begin += threadIdx.x * stride;
    return at >= begin && at < begin + stride;
}

extern "C" int emulate(const arguments *a, unsigned blocks, unsigned threads)
{
    const unsigned stride8 = BUFFERS_SHARED8_STRIDE * 8, stride4 = BUFFERS_SHARED4_STRIDE * 4;
    gridDim.x = blocks;
    blockDim.x = threads;
    if ((stride8 + stride4) * threads > SHARED_BYTES)
        return 2;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < threads; threadIdx.x++) {
            __builtin_memset(shared, 0xa5, SHARED_BYTES);
            batch_kernel(*a);
            for (unsigned at = 0; at < SHARED_BYTES; at++)
                if (shared[at] != 0xa5 && !inside(at, 0, stride8)
                    && !inside(at, threads * stride8, stride4))
                    return 1;
        }
    return 0;
}
"#;

type Emulate = unsafe extern "C" fn(*const u64, u32, u32) -> i32;

/// A CUDA kernel compiled for the host.
struct Emulated {
    library: libloading::Library,
}

impl Emulated {
    fn compile(compiler: &str, source: &KernelSource) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (text, object) = (folder.path().join("kernel.cpp"), folder.path().join("kernel.so"));
        std::fs::write(&text, [BEFORE, &source.text, AFTER].concat()).unwrap();
        let output = Command::new(compiler)
            .args(["-std=c++17", "-O0", "-shared", "-fPIC", "-w", "-ffp-contract=off"])
            .arg("-fno-strict-aliasing")
            .arg(&text)
            .arg("-o")
            .arg(&object)
            .arg("-lm")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // SAFETY: the text has no initialisers.
        Self { library: unsafe { libloading::Library::new(&object) }.unwrap() }
    }

    fn launch(&self, arguments: &mut Arguments<'_>, blocks: u32, threads: u32) -> i32 {
        let Ok(block) = arguments.block(|argument| {
            Ok::<_, Infallible>(match argument {
                Argument::Input(bytes) => bytes.as_ptr().expose_provenance() as u64,
                Argument::Output(bytes) => bytes.as_mut_ptr().expose_provenance() as u64,
                Argument::Integer(_) | Argument::Pair(..) => 0,
            })
        });
        // SAFETY: the signature stands above; the fields are those of `arguments.cuh`.
        unsafe { self.library.get::<Emulate>("emulate").unwrap()(block.as_ptr(), blocks, threads) }
    }
}

const STATES: usize = 3;
const RUNS: usize = 37;
const ROWS: usize = 4;
/// A run whose initial state is no number.
const BROKEN: usize = 5;

/// Has `launch` solve a batch, and gives its states, and per run its status, steps and attempts.
fn solve<T: Pod>(
    adapts: bool,
    precision: Precision,
    real: fn(f64) -> T,
    launch: impl FnOnce(&mut Arguments<'_>),
) -> (Vec<T>, [Vec<i32>; 3]) {
    let mut initial: Vec<T> =
        (0..STATES * RUNS).map(|index| real(1.0 + index as f64 / 64.0)).collect();
    initial[BROKEN] = real(f64::NAN);
    let rho: Vec<T> = (0..RUNS).map(|run| real(run as f64 / 2.0)).collect();
    let mut states = vec![real(-1.0); ROWS * STATES * RUNS];
    let [mut status, mut steps, mut attempts] = [0; 3].map(|_| vec![-1; RUNS]);
    let mut arguments = Arguments::new()
        .input(&initial)
        .input(&rho)
        .output(&mut states)
        .output(&mut status)
        .pair(precision, 0.0)
        .pair(precision, 0.25)
        .integer(RUNS as i64)
        .integer(ROWS as i64)
        .integer(ROWS as i64 - 1);
    arguments = if adapts {
        arguments
            .output(&mut steps)
            .output(&mut attempts)
            .pair(precision, 1e-4)
            .pair(precision, 1e-3)
            .pair(precision, 0.0)
            .pair(precision, 1e-20)
            .integer(1000)
    } else {
        arguments.pair(precision, 0.05).integer(5)
    };
    launch(&mut arguments);
    (states, [status, steps, attempts])
}

fn check<T: Pod + Into<f64>>(compiler: &str, precision: Precision, real: fn(f64) -> T) {
    let folder = tempfile::tempdir().unwrap();
    let host = HostDevice::new().unwrap().cache(KernelCache::in_folder(folder.path()));
    let host = host.lanes(1).unwrap();
    let sm_90: ComputeCapability = "sm_90".parse().unwrap();
    let bits = |values: Vec<T>| -> Vec<Option<u64>> {
        let values = values.into_iter().map(Into::into);
        // Which of the many NaNs is no matter.
        values.map(|value| (!value.is_nan()).then(|| value.to_bits())).collect()
    };
    for case in cases() {
        for place in PLACES {
            let what = format!("{case}, {place}, {precision}");
            let source = case.source(place, &host.target(precision).unwrap());
            let compiled = host.compile(&source).unwrap();
            let (states, ends) = solve(case.adapts, precision, real, |arguments| {
                // SAFETY: the fields are those of `arguments.cuh`, each with what it asks for.
                unsafe { compiled.launch(arguments, RUNS, &|_| {}) };
            });
            let expected = bits(states);
            assert_eq!(
                expected.iter().filter(|value| value.is_none()).count(),
                1 + (ROWS - 1) * STATES,
                "{what}"
            );

            let source = case.source(place, &Target::cuda(sm_90, precision));
            let emulated = Emulated::compile(compiler, &source);
            // More threads than runs, a grid that takes three turns, and one run at a time.
            for (blocks, threads) in [(1, 64), (3, 5), (37, 1)] {
                let what = format!("{what}, {blocks} blocks of {threads}");
                let (states, of_emulated) = solve(case.adapts, precision, real, |arguments| {
                    assert_eq!(emulated.launch(arguments, blocks, threads), 0, "{what}");
                });
                assert_eq!(of_emulated, ends, "{what}");
                assert!(bits(states) == expected, "{what}");
            }
        }
    }
}

#[test]
fn a_cuda_kernel_computes_what_the_hosts_does() {
    let Some(compiler) = ["c++", "g++", "clang++"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
    else {
        println!("skipped: no C++ compiler");
        return;
    };
    check::<f32>(compiler, Precision::F32, |value| value as f32);
    check::<f64>(compiler, Precision::F64, |value| value);
}
