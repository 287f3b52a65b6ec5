//! The CUDA device: a typed error without a driver or a GPU, kernels of the tests' own with one.

// The helpers of tests assert as well.
#![allow(clippy::panic)]

use buffer_core::Precision;
use buffer_tests::cuda::nvrtc;
use integrators::device::KernelSource;
use integrators::device::arguments::Arguments;
use integrators::device::cache::{CacheOutcome, KernelCache};
use integrators::device::cuda::{CudaDevice, CudaError};

/// The first GPU; none where there is none, which is then said.
fn gpu() -> Option<CudaDevice> {
    nvrtc()?;
    match CudaDevice::new(0) {
        Ok(device) => Some(device),
        Err(error @ (CudaError::NoDriver | CudaError::NoDevice { count: 0, .. })) => {
            println!("skipped: no GPU ({error})");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Each run keeps its values in its slice of shared memory, and writes their sum.
fn sums(elements: usize) -> KernelSource {
    let text = format!(
        r#"
enum {{ elements = {elements} }};
struct arguments {{ const float *x; float *y; long long runs; }};
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
    }
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
    let folder = tempfile::tempdir().unwrap();
    let device = device.cache(KernelCache::in_folder(folder.path()));
    // None, some, more than 48 KB a block, and more than a warp's runs have room for.
    for elements in [0, 3, 401, 4095] {
        let kernel = device.compile(&sums(elements)).unwrap();
        assert_eq!(*kernel.cache_outcome(), CacheOutcome::Stored);
        for runs in [0, 1, 7, 100_003] {
            let x: Vec<f32> = (0..runs).map(|run| (run % 16) as f32).collect();
            let mut y = vec![f32::NAN; runs];
            let mut arguments = Arguments::new().input(&x).output(&mut y).integer(runs as i64);
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
}
