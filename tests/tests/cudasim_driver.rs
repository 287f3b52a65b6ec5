//! The product's own path to a GPU, through cudarc, with a driver that needs none.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::ffi::OsStr;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use buffer_core::Precision;
use buffer_tests::cuda::nvrtc;
use buffer_tests::simulated;
use cudasim::GlobalTraffic;
use integrators::device::arguments::Arguments;
use integrators::device::cache::{CacheOutcome, KernelCache};
use integrators::device::cuda::{CudaDevice, CudaError};
use integrators::device::{Device, KernelSource};

/// A simulated GPU with a cache of its own, while no other test uses one.
struct Gpu {
    device: CudaDevice,
    _cache: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// None where there is no compiler for it.
fn gpu() -> Option<Gpu> {
    static ALONE: Mutex<()> = Mutex::new(());
    // Before anything asks for a driver, so that its name is taken.
    simulated::driver().unwrap();
    nvrtc()?;
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let cache = tempfile::tempdir().unwrap();
    let device = CudaDevice::new(0).unwrap().cache(KernelCache::in_folder(cache.path()));
    Some(Gpu { device, _cache: cache, _alone: alone })
}

fn source(text: &str, shared_bytes: usize) -> KernelSource {
    KernelSource {
        text: text.to_owned(),
        entry: "kernel".to_owned(),
        precision: Precision::F32,
        lanes: 1,
        shared_bytes,
    }
}

#[test]
fn the_simulated_gpu_presents_itself() {
    let Some(gpu) = gpu() else { return };
    assert_eq!(gpu.device.name(), "cudasim 9.0");
    assert_eq!(gpu.device.target(Precision::F32).to_string(), "sm_90 f32");
    assert!(matches!(Device::best(), Ok(Device::Cuda(_))));
    assert!(matches!(CudaDevice::new(1), Err(CudaError::NoDevice { ordinal: 1, count: 1 })));
}

/// Each run keeps its values in its slice of shared memory, and writes their sum.
const SUMS: &str = r#"
struct arguments { const float *x; float *y; long long runs; };
extern "C" __global__ void kernel(arguments a) {
    extern __shared__ float shared[];
    float *slice = shared + threadIdx.x * ELEMENTS;
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long run = blockIdx.x * (long long)blockDim.x + threadIdx.x; run < a.runs; run += stride) {
        for (int i = 0; i < ELEMENTS; i++) slice[i] = a.x[run] + i;
        float sum = 0;
        for (int i = ELEMENTS - 1; i >= 0; i--) sum += slice[i];
        a.y[run] = sum;
    }
}
"#;

#[test]
fn kernels_run_at_every_size_of_shared_memory() {
    let Some(gpu) = gpu() else { return };
    // None, some, more than 48 KB a block, and more than a warp's runs have room for.
    for elements in [0, 3, 401, 4095] {
        let text = SUMS.replace("ELEMENTS", &elements.to_string());
        let kernel = gpu.device.compile(&source(&text, 4 * elements)).unwrap();
        assert_eq!(*kernel.cache_outcome(), CacheOutcome::Stored);
        assert_eq!(kernel.block_size() >= 32, elements <= 401, "{elements} elements");
        for runs in [0, 1, 33, 200] {
            let x: Vec<f32> = (0..runs).map(|run| (run % 16) as f32).collect();
            let mut y = vec![f32::NAN; runs];
            let mut arguments = Arguments::new().input(&x).output(&mut y).integer(runs as i64);
            // SAFETY: the struct in the text has these fields, one element of each for every run.
            unsafe { kernel.launch(&mut arguments, runs) }.unwrap();
            let n = elements as f32;
            let expected: Vec<_> = x.iter().map(|x| n * x + n * (n - 1.0) / 2.0).collect();
            assert_eq!(y, expected, "{elements} elements, {runs} runs");
        }
    }
}

#[test]
fn memory_that_is_short_is_a_typed_error() {
    let Some(gpu) = gpu() else { return };
    let free = gpu.device.free_memory().unwrap();
    let kernel = gpu.device.compile(&source(&SUMS.replace("ELEMENTS", "1"), 4)).unwrap();
    let (x, mut y) = ([1.0_f32; 3], [0.0_f32; 3]);
    for (before, bytes) in [(0, 12), (1, 12)] {
        simulated::fail_allocation(before);
        let mut arguments = Arguments::new().input(&x).output(&mut y).integer(3);
        // SAFETY: each of the three runs has its elements.
        let error = unsafe { kernel.launch(&mut arguments, 3) }.unwrap_err();
        assert!(matches!(error, CudaError::Memory { needed } if needed == bytes), "{error}");
        assert_eq!(gpu.device.free_memory().unwrap(), free, "what was taken is given back");
    }
    let mut arguments = Arguments::new().input(&x).output(&mut y).integer(3);
    // SAFETY: as above.
    unsafe { kernel.launch(&mut arguments, 3) }.unwrap();
    assert_eq!(y, x);
}

#[test]
fn kernels_that_fail_are_typed_errors() {
    let Some(gpu) = gpu() else { return };
    let compile = |text: &str| gpu.device.compile(&source(text, 4)).unwrap();
    let good = SUMS.replace("ELEMENTS", "1");
    let (x, mut y) = ([1.0_f32; 3], [0.0_f32; 3]);
    let mut launch = |text: &str| {
        let kernel = compile(text);
        let mut arguments = Arguments::new().input(&x).output(&mut y).integer(3);
        // SAFETY: where the text goes wrong, no memory of the host is touched.
        unsafe { kernel.launch(&mut arguments, 3) }.unwrap_err().to_string()
    };
    simulated::fail_launch(0);
    let shown = launch(&good);
    assert!(shown.contains("unspecified launch failure"), "{shown}");
    // The context is lost, and a new one is not.
    assert!(gpu.device.free_memory().is_err());
    drop(gpu);

    let Some(gpu) = self::gpu() else { return };
    let kernel = gpu.device.compile(&source(&good.replace("a.y[run]", "a.y[run + 1]"), 4)).unwrap();
    let mut arguments = Arguments::new().input(&x).output(&mut y).integer(3);
    // SAFETY: the memory past the end is the simulated GPU's.
    let error = unsafe { kernel.launch(&mut arguments, 3) }.unwrap_err();
    let shown = error.to_string();
    assert!(shown.contains("an illegal memory access was encountered"), "{shown}");
    let fault = simulated::last_fault();
    assert!(fault.contains("kernel `kernel`, block [0, 0, 0], thread [2, 0, 0]"), "{fault}");
    assert!(fault.contains("outside all global memory"), "{fault}");
}

#[test]
fn nothing_is_left_behind_and_counters_are_kept() {
    let Some(gpu) = gpu() else { return };
    let text = SUMS.replace("ELEMENTS", "3").replace("kernel(", "counted(");
    let source = KernelSource { entry: "counted".to_owned(), ..source(&text, 12) };
    let kernel = gpu.device.compile(&source).unwrap();
    let (x, mut y) = ([1.0_f32; 64], [0.0_f32; 64]);
    for _ in 0..2 {
        let mut arguments = Arguments::new().input(&x).output(&mut y).integer(64);
        // SAFETY: each of the 64 runs has its elements.
        unsafe { kernel.launch(&mut arguments, 64) }.unwrap();
    }
    let counters = simulated::take_counters("counted").unwrap();
    // Twice two warps, all of whose stores are of neighbours, and whose slices have an odd stride.
    assert_eq!(
        counters.global_stores,
        GlobalTraffic { requests: 4, sectors: 16, least_sectors: 16 }
    );
    assert_eq!((counters.shared.conflicts, counters.warp_efficiency()), (0, 1.0));
    assert_eq!(simulated::take_counters("counted"), None, "they are taken once");

    drop((kernel, gpu));
    assert_eq!(simulated::leaks(), 0);
}

/// Runs a test of this file in a process of its own.
fn run_alone(test: &str, settings: &[(&str, &OsStr)]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--include-ignored", "--exact", test])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn devices_are_those_that_the_environment_asks_for() {
    let settings = [("CUDASIM_DEVICES", "2"), ("CUDASIM_CAPABILITY", "8.6")];
    run_alone("two_ampere_worker", &settings.map(|(name, value)| (name, value.as_ref())));
}

#[test]
#[ignore = "started by another test, with two devices"]
fn two_ampere_worker() {
    let Some(gpu) = gpu() else { return };
    assert_eq!(gpu.device.target(Precision::F64).to_string(), "sm_86 f64");
    let second = CudaDevice::new(1).unwrap();
    assert!(matches!(CudaDevice::new(2), Err(CudaError::NoDevice { ordinal: 2, count: 2 })));
    let text = SUMS.replace("ELEMENTS", "1");
    // Each device has its own memory, and a failure on one leaves the other.
    simulated::fail_launch(1);
    for (device, fails) in [(&second, false), (&gpu.device, true), (&second, false)] {
        let (x, mut y) = ([2.0_f32; 5], [0.0_f32; 5]);
        let kernel = device.compile(&source(&text, 4)).unwrap();
        let mut arguments = Arguments::new().input(&x).output(&mut y).integer(5);
        // SAFETY: each of the five runs has its elements.
        let result = unsafe { kernel.launch(&mut arguments, 5) };
        assert_eq!(result.is_err(), fails);
        assert_eq!(y == x, !fails);
    }
}

#[test]
fn the_name_is_taken_before_any_other_driver_is_found() {
    // A folder that the loader searches, with a driver that is none.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("libcuda.so"), "no library").unwrap();
    run_alone("the_simulated_gpu_presents_itself", &[("LD_LIBRARY_PATH", folder.path().as_ref())]);
}
