//! The CUDA device: a typed error without a driver or a GPU, and kernels of the tests' own with one,
//! which is simulated where there is none.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::process::Command;

use buffer_core::Precision;
use buffer_tests::cuda::nvrtc;
use buffer_tests::simulated;
use buffer_tests::solve::{NamedDevice, gpu_or_skip};
use integrators::device::arguments::Arguments;
use integrators::device::cache::{CacheOutcome, KernelCache};
use integrators::device::cuda::{CudaDevice, CudaError};
use integrators::device::nvrtc::{FOLDER_VARIABLE, NvrtcError};
use integrators::device::{Device, KernelSource};

/// Says what a test's child process is to find.
const EXPECTED: &str = "BUFFERS_TEST_EXPECTED";

/// The first GPU, simulated where there is none, or where a test's child process asks for it; none
/// without a compiler for it.
fn gpu() -> Option<CudaDevice> {
    if std::env::var_os(EXPECTED).is_some() {
        simulated::driver().unwrap();
    }
    nvrtc()?;
    match gpu_or_skip()? {
        NamedDevice { device: Device::Cuda(device), .. } => Some(device),
        other => panic!("{other} is no GPU"),
    }
}

/// Each run keeps its values in its slice of shared memory, and writes their sum.
fn sums(elements: usize) -> KernelSource {
    let text = format!(
        r#"
enum {{ elements = {elements} }};
struct arguments {{ const float *x, *none; float *y; long long runs; }};
extern "C" __global__ void sums(arguments a) {{
    extern __shared__ float shared[];
    float *slice = shared + threadIdx.x * elements;
    long long stride = (long long)gridDim.x * blockDim.x;
    for (long long run = blockIdx.x * (long long)blockDim.x + threadIdx.x; run < a.runs; run += stride) {{
        for (int i = 0; i < elements; i++) slice[i] = a.x[run] + i;
        float sum = 0;
        for (int i = elements - 1; i >= 0; i--) sum += slice[i];
        a.y[run] = sum;
    }}
}}
"#
    );
    KernelSource {
        text,
        entry: "sums".to_owned(),
        precision: Precision::F32,
        lanes: 1,
        shared_bytes: 4 * elements,
        is_sanitizer: false,
    }
}

/// The arguments of [`sums`]: one of them is empty, as parameters may be.
fn arguments<'a>(x: &'a [f32], y: &'a mut [f32]) -> Arguments<'a> {
    let runs = x.len() as i64;
    Arguments::new().input(x).input::<f32>(&[]).output(y).integer(runs)
}

#[test]
fn a_gpu_that_is_not_there_is_a_typed_error() {
    let error = CudaDevice::new(4096).unwrap_err();
    match error {
        CudaError::NoDriver => {
            assert!(error.to_string().contains("install"), "{error}");
        }
        CudaError::OldDriver { found } => assert!(found < 12_000),
        CudaError::NoDevice { ordinal, count } => {
            assert!(ordinal == 4096 && count <= ordinal);
            assert!(error.to_string().contains("no GPU 4096"), "{error}");
        }
        error => panic!("{error}"),
    }
    // Nor is the next call another matter.
    assert!(CudaDevice::new(usize::MAX).is_err());
}

#[test]
fn a_driver_that_is_too_old_is_told_by_its_version() {
    let shown = CudaError::OldDriver { found: 11_040 }.to_string();
    assert!(shown.contains("serves CUDA 11.4, but 12.0 is needed"), "{shown}");
}

#[test]
fn kernels_run_at_every_size_of_shared_memory() {
    let Some(device) = gpu() else { return };
    assert!(matches!(Device::best(), Ok(Device::Cuda(_))));
    let folder = tempfile::tempdir().unwrap();
    let device = device.cache(KernelCache::in_folder(folder.path()));
    // None, some, more than 48 KB a block, and more than a warp's runs have room for.
    for elements in [0, 3, 401, 4095] {
        let kernel = device.compile(&sums(elements)).unwrap();
        assert_eq!(*kernel.cache_outcome(), CacheOutcome::Stored);
        // Every GPU has room for a warp of 401 elements a run, and none by default.
        assert_eq!(kernel.block_size() >= 32, elements <= 401, "{elements} elements");
        assert_eq!(kernel.resources().unwrap().stack_bytes, 0);
        for runs in [0, 1, 7, 33, 200] {
            let x: Vec<f32> = (0..runs).map(|run| (run % 16) as f32).collect();
            let mut y = vec![f32::NAN; runs];
            let mut arguments = arguments(&x, &mut y);
            // SAFETY: the struct in the text has these fields, one element of each for every run.
            unsafe { kernel.launch(&mut arguments, runs) }.unwrap();
            let n = elements as f32;
            let expected: Vec<_> = x.iter().map(|x| n * x + n * (n - 1.0) / 2.0).collect();
            assert_eq!(y, expected, "{elements} elements, {runs} runs");
        }
        let again = device.compile(&sums(elements)).unwrap();
        assert_eq!(*again.cache_outcome(), CacheOutcome::Hit);
    }
}

#[test]
fn what_does_not_fit_a_gpu_is_a_typed_error() {
    let Some(device) = gpu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let device = device.cache(KernelCache::in_folder(folder.path()));
    let error = device.compile(&sums(1 << 20)).unwrap_err();
    assert!(matches!(error, CudaError::SharedMemory { needed: 4_194_304 }), "{error}");
    let wrong = KernelSource { entry: "other".to_owned(), ..sums(3) };
    let error = device.compile(&wrong).unwrap_err();
    assert!(matches!(error, CudaError::Driver { .. }), "{error}");
    let wrong = KernelSource { entry: "su\0ms".to_owned(), ..sums(3) };
    let error = device.compile(&wrong).unwrap_err();
    assert!(matches!(error, CudaError::Nvrtc(NvrtcError::ZeroByte(_))), "{error}");
}

/// Runs tests of this file in a process of their own.
#[cfg(target_os = "linux")]
fn run_alone(settings: &[(&str, &str)], expected: &str, tests: &[&str]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--include-ignored", "--exact", "--nocapture", "--test-threads=1"])
        .args(tests)
        .env(EXPECTED, expected)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let passed = format!("{} passed", tests.len());
    assert!(output.status.success() && text.contains(&passed), "{settings:?}:\n{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_device_asks_of_a_driver_what_it_gives() {
    if nvrtc().is_none() {
        return;
    }
    let settings: [&[(&str, &str)]; 4] = [
        &[("CUDASIM_CAPABILITY", "7.5")],
        &[("CUDASIM_CAPABILITY", "12.0")],
        // A GPU that nobody knows yet.
        &[("CUDASIM_CAPABILITY", "99.0")],
        // One that allocates at once, not in the order of a stream.
        &[("CUDASIM_POOLS", "0")],
    ];
    for settings in settings {
        let tests = [
            "kernels_run_at_every_size_of_shared_memory",
            "what_does_not_fit_a_gpu_is_a_typed_error",
        ];
        run_alone(settings, "a GPU", &tests);
    }
    run_alone(&[("CUDASIM_MACHINE_CODE", "1")], "machine code", &["error_worker"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_driver_lacks_is_a_typed_error() {
    let worker = |settings: &[(&str, &str)], expected| {
        run_alone(settings, expected, &["error_worker"]);
    };
    worker(&[("CUDASIM_VERSION", "11040")], "old driver");
    worker(&[("CUDASIM_DEVICES", "0")], "no GPU");
    worker(&[("CUDASIM_DEVICES", "2")], "two GPUs");
    worker(&[(FOLDER_VARIABLE, "/dev/null")], "no compiler");
    if nvrtc().is_some() {
        worker(&[("CUDASIM_MEMORY", "1000")], "little memory");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    worker(&[("LD_LIBRARY_PATH", path)], "no driver");
    std::fs::write(folder.path().join("libcuda.so"), "no library").unwrap();
    worker(&[("LD_LIBRARY_PATH", path)], "no driver");
}

#[test]
#[ignore = "started by another test, with another driver"]
fn error_worker() {
    let Ok(expected) = std::env::var(EXPECTED) else { return };
    if expected != "no driver" {
        simulated::driver().unwrap();
    }
    let open = |ordinal| CudaDevice::new(ordinal).unwrap_err();
    match expected.as_str() {
        "old driver" => assert!(matches!(open(0), CudaError::OldDriver { found: 11_040 })),
        "no GPU" => assert!(matches!(open(0), CudaError::NoDevice { ordinal: 0, count: 0 })),
        "two GPUs" => assert!(matches!(open(2), CudaError::NoDevice { ordinal: 2, count: 2 })),
        "no driver" => {
            assert!(matches!(open(0), CudaError::NoDriver));
            assert!(matches!(Device::best(), Ok(Device::Host(_))));
        }
        "no compiler" => {
            assert!(matches!(open(0), CudaError::Nvrtc(NvrtcError::Missing { .. })));
            assert!(matches!(Device::best(), Ok(Device::Host(_))));
        }
        "little memory" => {
            let device = CudaDevice::new(0).unwrap();
            let of_solver = Device::from(device.clone());
            assert_eq!(of_solver.launch_bytes(1 << 30).unwrap(), 500);
            assert_eq!(of_solver.launch_bytes(100).unwrap(), 100);
            let kernel = device.compile(&sums(3)).unwrap();
            let (x, mut y) = (vec![0.0_f32; 200], vec![0.0_f32; 300]);
            let mut arguments = arguments(&x, &mut y);
            // SAFETY: as above.
            let error = unsafe { kernel.launch(&mut arguments, 200) }.unwrap_err();
            assert!(matches!(error, CudaError::Memory { needed: 1200 }), "{error}");
        }
        "machine code" => {
            // It is taken, and the text beside it is not asked for.
            let error = CudaDevice::new(0).unwrap().compile(&sums(3)).unwrap_err();
            let action = "find the kernel's entry";
            assert!(matches!(error, CudaError::Driver { action: a, .. } if a == action), "{error}");
        }
        _ => panic!("expected {expected}"),
    }
}
