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
use integrators::device::cache::KernelCache;
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
        is_sanitizer: false,
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
fn a_fault_of_a_kernel_is_a_typed_error_and_is_told_whole() {
    let Some(gpu) = gpu() else { return };
    let text = SUMS.replace("ELEMENTS", "1").replace("a.y[run]", "a.y[run + 1]");
    let kernel = gpu.device.compile(&source(&text, 4)).unwrap();
    let (x, mut y) = ([1.0_f32; 3], [0.0_f32; 3]);
    let mut arguments = Arguments::new().input(&x).output(&mut y).integer(3);
    // SAFETY: the memory past the end is the simulated GPU's.
    let error = unsafe { kernel.launch(&mut arguments, 3) }.unwrap_err();
    assert!(matches!(error, CudaError::Lost { .. }), "{error:?}");
    let shown = error.to_string();
    assert!(shown.contains("an illegal memory access was encountered"), "{shown}");
    let fault = simulated::last_fault();
    assert!(fault.contains("kernel `kernel`, block [0, 0, 0], thread [2, 0, 0]"), "{fault}");
    assert!(fault.contains("outside all global memory"), "{fault}");
    // The context is lost, and a new one is not.
    assert!(gpu.device.free_memory().is_err());
    drop((kernel, gpu));
    assert!(self::gpu().unwrap().device.free_memory().is_ok());
}

#[test]
fn arguments_of_another_length_than_the_kernels_are_refused() {
    let Some(gpu) = gpu() else { return };
    let kernel = gpu.device.compile(&source(&SUMS.replace("ELEMENTS", "1"), 4)).unwrap();
    let (x, mut y) = ([1.0_f32; 3], [0.0_f32; 3]);
    for more in [0, 2] {
        let arguments = Arguments::new().input(&x).output(&mut y);
        let mut arguments = (0..more).fold(arguments, |all, _| all.integer(3));
        // SAFETY: the driver refuses them before any thread runs.
        let error = unsafe { kernel.launch(&mut arguments, 3) }.unwrap_err();
        let action = "start the kernel";
        assert!(matches!(error, CudaError::Driver { action: a, .. } if a == action), "{error}");
    }
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
