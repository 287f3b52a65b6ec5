//! The product's own path to a GPU, through cudarc, with a driver that needs none.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::ffi::{CStr, OsStr, c_char};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use buffer_core::{Buffer, BufferRegistry, Buffers, Precision};
use buffer_tests::cuda::{cases, nvrtc};
use buffer_tests::simulated;
use cudasim::{Counters, GlobalTraffic};
use integrators::device::arguments::Arguments;
use integrators::device::cache::{CacheOutcome, KernelCache};
use integrators::device::cuda::{CudaDevice, CudaError};
use integrators::device::{Device, KernelSource};
use integrators::factories::KernelText;
use integrators::{Batch, Location, Solution};
use libloading::Library;

fn driver() -> &'static Library {
    simulated::driver().unwrap()
}

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
    driver();
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

/// A buffer of every kind.
#[derive(Buffers, Default)]
#[buffers(prefix = "probe")]
struct Probe {
    #[buffer(size = 6, location = "shared")]
    shared_scratch: Buffer,
    #[buffer(size = 2, aliases = "shared_scratch")]
    shared_alias: Buffer,
    #[buffer(size = 3, location = "shared", persistent)]
    shared_cache: Buffer,
    #[buffer(size = 3, location = "shared")]
    shared_double: Buffer<f64>,
    #[buffer(size = 5, location = "shared")]
    shared_counters: Buffer<i32>,
    #[buffer(size = 6, location = "local")]
    local_scratch: Buffer,
    #[buffer(size = 2, aliases = "local_scratch")]
    local_alias: Buffer,
    #[buffer(size = 3, location = "local", persistent)]
    local_cache: Buffer,
    #[buffer(size = 2, location = "local", persistent)]
    local_counters: Buffer<i32>,
}

/// The buffers with their elements, in the order in which they are written.
const PROBED: [(&str, usize); 9] = [
    ("shared_scratch", 6),
    ("shared_alias", 2),
    ("shared_cache", 3),
    ("shared_double", 3),
    ("shared_counters", 5),
    ("local_scratch", 6),
    ("local_alias", 2),
    ("local_cache", 3),
    ("local_counters", 2),
];

/// A kernel that writes a number of its own into every element of every buffer, then reads all.
fn probe_text(mut text: KernelText<'_>) -> String {
    text.push("typedef struct { float *values; long long runs; } arguments;\n");
    text.header("probe").unwrap();
    let [mut allocate, mut write, mut read] = [const { String::new() }; 3];
    let mut first = 0;
    for (name, size) in PROBED {
        allocate += &format!("    ALLOCATE({name}, m);\n");
        // What persists is zero at first.
        let persists = ["shared_cache", "local_cache", "local_counters"].contains(&name);
        let each = format!("    for (int i = 0; i < SIZE({name}); i++)");
        let sum = if persists { "+=" } else { "=" };
        write += &format!("{each} {name}[i] {sum} run * 100 + {first} + i;\n");
        read += &format!("{each} a->values[({first} + i) * a->runs + run] = {name}[i];\n");
        first += size;
    }
    text.push(&format!(
        "INLINE void probe_runs(memory m, const arguments *a, queue runs)\n{{\n\
         \x20   integer run = 0;\n\
         \x20   if (!TAKE(&runs, ALL_LANES, &run)) return;\n\
         \x20   buffers_reset(m, ALL_LANES);\n\
         {allocate}{write}{read}}}\nKERNEL(probe)\n"
    ));
    text.finish()
}

#[test]
fn an_allocator_of_each_kind_writes_and_reads_back() {
    const RUNS: usize = 70;
    let Some(gpu) = gpu() else { return };
    let mut registry = BufferRegistry::new();
    let factory = registry.add(&Probe::default()).unwrap();
    let layout = registry.layout(factory, &gpu.device.target(Precision::F32)).unwrap();
    let text = probe_text(KernelText::new(&layout));
    let source = KernelSource { entry: "probe".to_owned(), ..source(&text, layout.shared_bytes()) };
    let kernel = gpu.device.compile(&source).unwrap();
    let count: usize = PROBED.iter().map(|(_, size)| size).sum();
    let mut values = vec![f32::NAN; count * RUNS];
    let mut arguments = Arguments::new().output(&mut values).integer(RUNS as i64);
    // SAFETY: the struct in the text has these fields, and `count` rows of one value for each run.
    unsafe { kernel.launch(&mut arguments, RUNS) }.unwrap();
    for (slot, row) in values.chunks_exact(RUNS).enumerate() {
        // What holds an alias begins with the alias's elements.
        let number = if [0, 1, 19, 20].contains(&slot) { slot + 6 } else { slot };
        let expected: Vec<_> = (0..RUNS).map(|run| (run * 100 + number) as f32).collect();
        assert_eq!(row, expected, "slot {slot}");
    }
}

fn bits(solution: &Solution) -> Vec<u64> {
    solution.states().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn solutions_are_the_hosts_bit_for_bit() {
    let Some(gpu) = gpu() else { return };
    let host = Device::host().unwrap();
    let rho: Vec<f64> = (0..70).map(|run| f64::from(run) * 0.4).collect();
    let batch = Batch::grid().parameter("rho", rho);
    for case in cases() {
        for precision in [Precision::F32, Precision::F64] {
            for place in [Location::Local, Location::Shared] {
                let solve = |device: Device| {
                    case.solver(precision)
                        .save_every(0.1)
                        .location("loop.state", place)
                        .device(device)
                        .build()
                        .unwrap()
                        .solve(&batch, 0.0..0.5)
                        .unwrap()
                };
                let (found, expected) = (solve(gpu.device.clone().into()), solve(host.clone()));
                let what = format!("{case}, {precision}, {place:?}");
                assert_eq!(found.status(), expected.status(), "{what}");
                assert_eq!(bits(&found), bits(&expected), "{what}");
            }
        }
    }
}

/// Asks the driver for a failure after so many calls.
fn plant(function: &str, after: u64) {
    // SAFETY: the driver has this function, of one integer.
    let function =
        unsafe { driver().get::<unsafe extern "C" fn(u64) -> u32>(function.as_bytes()) }.unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { function(after) }, 0);
}

/// What the last kernel that failed did wrong.
fn last_fault() -> String {
    let mut text = vec![0_u8; 1024];
    type Function = unsafe extern "C" fn(*mut u8, i32) -> u32;
    // SAFETY: the driver has this function, of a place for a text and its length.
    let function = unsafe { driver().get::<Function>(b"cudasim_last_fault") }.unwrap();
    // SAFETY: the place has as many bytes.
    assert_eq!(unsafe { function(text.as_mut_ptr(), 1024) }, 0);
    CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn memory_that_is_short_is_a_typed_error() {
    let Some(gpu) = gpu() else { return };
    let free = gpu.device.free_memory().unwrap();
    let kernel = gpu.device.compile(&source(&SUMS.replace("ELEMENTS", "1"), 4)).unwrap();
    let (x, mut y) = ([1.0_f32; 3], [0.0_f32; 3]);
    for (before, bytes) in [(0, 12), (1, 12)] {
        plant("cudasim_fail_allocation", before);
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
    plant("cudasim_fail_launch", 0);
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
    let fault = last_fault();
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
    let mut counters = Counters::default();
    type Function = unsafe extern "C" fn(*const c_char, *mut Counters) -> u32;
    // SAFETY: the driver has this function, of a name and a place for counters.
    let take = unsafe { driver().get::<Function>(b"cudasim_take_counters") }.unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { take(c"counted".as_ptr(), &mut counters) }, 0);
    // Twice two warps, all of whose stores are of neighbours, and whose slices have an odd stride.
    assert_eq!(
        counters.global_stores,
        GlobalTraffic { requests: 4, sectors: 16, least_sectors: 16 }
    );
    assert_eq!((counters.shared.conflicts, counters.warp_efficiency()), (0, 1.0));
    // SAFETY: as above.
    assert_eq!(unsafe { take(c"counted".as_ptr(), &mut counters) }, 500, "they are taken once");

    drop((kernel, gpu));
    let mut leaks = u64::MAX;
    type Leaks = unsafe extern "C" fn(*mut u64) -> u32;
    // SAFETY: the driver has this function, of a place for a number.
    let function = unsafe { driver().get::<Leaks>(b"cudasim_leaks") }.unwrap();
    // SAFETY: as above.
    assert_eq!((unsafe { function(&mut leaks) }, leaks), (0, 0));
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
    plant("cudasim_fail_launch", 1);
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
