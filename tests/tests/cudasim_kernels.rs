//! Kernels that NVRTC compiles, executed without a GPU: what it makes of C++ is all understood, and
//! computes what Rust computes.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use buffer_core::{ComputeCapability, Precision};
use buffer_tests::cuda::nvrtc;
use bytemuck::Pod;
use cudasim::{
    Counters, DeviceMemory, FaultKind, Launch, LaunchError, LoadedModule, Module, Space,
};
use integrators::device::nvrtc::Nvrtc;

const BLOCK: u32 = 64;

/// Runs `extern "C" __global__ void kernel(const real *x, real *y, int count)`, one thread for each
/// element, and gives the `y`.
fn run<T: Pod>(
    nvrtc: &Nvrtc,
    text: &str,
    precision: Precision,
    sm: &str,
    x: &[T],
) -> Result<Vec<T>, LaunchError> {
    run_counted(nvrtc, text, precision, sm, x).map(|(y, _)| y)
}

/// As [`run`], with what it took.
fn run_counted<T: Pod>(
    nvrtc: &Nvrtc,
    text: &str,
    precision: Precision,
    sm: &str,
    x: &[T],
) -> Result<(Vec<T>, Counters), LaunchError> {
    let real = if precision == Precision::F32 { "float" } else { "double" };
    let text = format!("typedef {real} real;\n{text}");
    let capability: ComputeCapability = sm.parse().unwrap();
    let compiled = nvrtc.compile(&text, capability, precision).unwrap();
    let mut memory = DeviceMemory::new(1 << 24);
    let module =
        Module::parse(&compiled.ptx).unwrap_or_else(|error| panic!("{error} in\n{}", compiled.ptx));
    let module = LoadedModule::new(module, &mut memory).unwrap();
    let [from, to] = [0; 2].map(|_| memory.allocate(size_of_val(x)).unwrap());
    memory.write(from, bytemuck::cast_slice(x)).unwrap();
    let mut arguments = [from.to_le_bytes(), to.to_le_bytes()].concat();
    arguments.extend((x.len() as i32).to_le_bytes());
    let launch = Launch {
        module: &module,
        kernel: "kernel",
        grid: [(x.len() as u32).div_ceil(BLOCK), 1, 1],
        block: [BLOCK, 1, 1],
        dynamic_shared: 0,
        arguments: &arguments,
    };
    let counters = launch.run(&mut memory)?;
    let bytes = memory.read(to, size_of_val(x)).unwrap();
    let y = bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect();
    Ok((y, counters))
}

/// A kernel of one thread per element that writes an expression of its `x`.
fn elementwise(expression: &str) -> String {
    format!(
        r#"
extern "C" __global__ void kernel(const real *xs, real *ys, int count)
{{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    real x = xs[i];
    ys[i] = {expression};
}}
"#
    )
}

#[test]
fn functions_of_the_device_library_are_nearly_exact() {
    let Some(nvrtc) = nvrtc() else { return };
    type Function = fn(f64) -> f64;
    let functions: [(&str, Function); 10] = [
        ("sin(x)", f64::sin),
        ("cos(x)", f64::cos),
        ("tan(x)", f64::tan),
        ("tanh(x)", f64::tanh),
        ("exp(x)", f64::exp),
        ("log(fabs(x) + 1)", |x| (x.abs() + 1.0).ln()),
        ("pow(fabs(x), (real)1.5)", |x| x.abs().powf(1.5)),
        ("sqrt(fabs(x))", |x| x.abs().sqrt()),
        ("floor(x) + fmod(x, (real)2)", |x| x.floor() + x % 2.0),
        ("cbrt(x)", f64::cbrt),
    ];
    // The last ones take the slow path of an argument's reduction.
    let x: Vec<f64> = (-40..40).map(|k| f64::from(k) * 0.37).chain([1e6, -3e7]).collect();
    for (expression, function) in functions {
        let x: Vec<_> =
            x.iter().copied().filter(|x| function(*x).abs() < 1e30 || x.abs() < 100.0).collect();
        let text = elementwise(expression);
        let y = run(nvrtc, &text, Precision::F64, "sm_80", &x).unwrap();
        for (x, y) in x.iter().zip(y) {
            let exact = function(*x);
            let error = (y - exact).abs() / exact.abs().max(1e-3);
            assert!(error < 1e-14, "{expression} of {x}: {y}, not {exact}");
        }
        let x: Vec<_> = x.iter().map(|&x| x as f32).collect();
        let y = run(nvrtc, &text, Precision::F32, "sm_80", &x).unwrap();
        for (x, y) in x.iter().zip(y) {
            let exact = function(f64::from(*x));
            let error = (f64::from(y) - exact).abs() / exact.abs().max(1e-3);
            assert!(error < 1e-5, "{expression} of {x} in f32: {y}, not {exact}");
        }
    }
}

#[test]
fn basic_arithmetic_is_rusts_on_every_gpu() {
    let Some(nvrtc) = nvrtc() else { return };
    let text = elementwise("(fma(x, x, (real)-0.3) / (x + (real)2) - x * sqrt(fabs(x))) * x");
    let x: Vec<f64> = (-50..50).map(|k| f64::from(k) * 0.173).collect();
    for sm in ["sm_75", "sm_90", "sm_120"] {
        let y = run(nvrtc, &text, Precision::F64, sm, &x).unwrap();
        let rust = |x: f64| (x.mul_add(x, -0.3) / (x + 2.0) - x * x.abs().sqrt()) * x;
        assert_eq!(y, x.iter().map(|&x| rust(x)).collect::<Vec<_>>(), "{sm}");
        let x: Vec<_> = x.iter().map(|&x| x as f32).collect();
        let y = run(nvrtc, &text, Precision::F32, sm, &x).unwrap();
        let rust = |x: f32| (x.mul_add(x, -0.3) / (x + 2.0) - x * x.abs().sqrt()) * x;
        assert_eq!(y, x.iter().map(|&x| rust(x)).collect::<Vec<_>>(), "{sm}");
    }
}

#[test]
fn indexed_local_arrays_loops_and_calls_run() {
    let Some(nvrtc) = nvrtc() else { return };
    let text = r#"
__constant__ int order[4] = {2, 0, 3, 1};
static __noinline__ real pick(const real *values, int index) { return values[index & 7]; }
extern "C" __global__ void kernel(const real *xs, real *ys, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    real values[8];
    for (int k = 0; k < 8; k++) values[k] = xs[i] + k * k;
    real sum = 0;
    for (int k = i % 5; k < 8; k += 1 + i % 3) sum += pick(values, order[k & 3] + k);
    switch (i % 4) {
    case 0: sum = -sum; break;
    case 1: sum += i / 7; break;
    case 2: sum *= i % 11;
    }
    ys[i] = sum;
}
"#;
    let x: Vec<f32> = (0..150).map(|k| k as f32 * 0.5).collect();
    let expected = x.iter().enumerate().map(|(i, x)| {
        let values: Vec<f32> = (0..8).map(|k| x + (k * k) as f32).collect();
        let steps = (i % 5..8).step_by(1 + i % 3);
        let sum = steps.fold(0.0, |sum, k| sum + values[([2, 0, 3, 1][k % 4] + k) % 8]);
        match i % 4 {
            0 => -sum,
            1 => sum + (i / 7) as f32,
            2 => sum * (i % 11) as f32,
            _ => sum,
        }
    });
    let found = run(nvrtc, text, Precision::F32, "sm_80", &x).unwrap();
    assert_eq!(found, expected.collect::<Vec<_>>());
}

/// Each block sums its elements in shared memory, in a tree.
const TREE: &str = r#"
extern "C" __global__ void kernel(const real *xs, real *ys, int count)
{
    __shared__ real sums[64];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    sums[threadIdx.x] = i < count ? xs[i] : 0;
    for (int half = 32; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
    }
    __syncthreads();
    if (i < count) ys[i] = sums[0];
}
"#;

#[test]
fn blocks_sum_in_shared_memory() {
    let Some(nvrtc) = nvrtc() else { return };
    let x: Vec<f64> = (0..200).map(f64::from).collect();
    let y = run(nvrtc, TREE, Precision::F64, "sm_80", &x).unwrap();
    let sums: Vec<f64> = x.chunks(64).map(|block| block.iter().sum()).collect();
    let expected: Vec<_> = (0..200).map(|i| sums[i / 64]).collect();
    assert_eq!(y, expected);
}

#[test]
fn faults_in_compiled_kernels_are_found() {
    let Some(nvrtc) = nvrtc() else { return };
    let x = [1.0_f32; 70];
    let fault = |text: &str| match run(nvrtc, text, Precision::F32, "sm_80", &x) {
        Err(LaunchError::Fault(fault)) => *fault,
        other => panic!("{other:?}"),
    };
    let found = fault(&elementwise("xs[i + 1]"));
    assert!(matches!(found.kind, FaultKind::OutOfBounds { space: Space::Global, .. }), "{found}");
    assert_eq!((found.block, found.thread), ([1, 0, 0], [5, 0, 0]), "{found}");
    // All read the sum without waiting for its last addition.
    let found = fault(&TREE.replace("__syncthreads();\n    if", "if"));
    assert!(matches!(found.kind, FaultKind::Race { other: 0, .. }), "{found}");
    // The threads beyond the count do not come to the barrier.
    let early = TREE
        .replace("__shared__", "if (blockIdx.x * 64 + threadIdx.x >= count) return;\n__shared__");
    let found = fault(&early);
    assert_eq!((found.kind, found.block), (FaultKind::DivergentBarrier, [1, 0, 0]), "{found}");
    let unwritten =
        TREE.replace("sums[threadIdx.x] = i < count", "if (i < 69) sums[threadIdx.x] = i < count");
    let found = fault(&unwritten);
    assert!(matches!(found.kind, FaultKind::Uninitialized { space: Space::Shared, .. }), "{found}");
}

#[test]
fn counters_tell_coalesced_from_scattered_and_shared_from_local() {
    let Some(nvrtc) = nvrtc() else { return };
    let x = [1.5_f32; 128];
    let count = |text: &str| run_counted(nvrtc, text, Precision::F32, "sm_80", &x).unwrap().1;

    let plain = count(&elementwise("x * x + 1"));
    assert_eq!(plain.instructions.f32, 2 * 128);
    assert_eq!(plain.instructions.f64, 0);
    assert_eq!(plain.warp_efficiency(), 1.0);
    for traffic in [plain.global_loads, plain.global_stores] {
        assert_eq!((traffic.requests, traffic.sectors, traffic.least_sectors), (4, 16, 16));
    }
    assert_eq!((plain.shared.requests, plain.local_loaded, plain.local_stored), (0, 0, 0));

    let scattered = count(&elementwise("xs[i * 8 % 128]"));
    assert_eq!((scattered.global_loads.requests, scattered.global_loads.sectors), (4, 64));

    let divergent = count(&elementwise("i % 32 < 8 ? x : sqrt(x) / (x + 3)"));
    assert!(divergent.warp_efficiency() < 1.0, "{divergent:?}");

    let shared = |stride: usize| {
        count(&format!(
            r#"
extern "C" __global__ void kernel(const real *xs, real *ys, int count)
{{
    __shared__ real slices[64 * {stride}];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    slices[threadIdx.x * {stride}] = xs[i];
    __syncthreads();
    ys[i] = slices[(63 - threadIdx.x) * {stride}];
}}
"#
        ))
        .shared
    };
    for (stride, passes) in [(1, 1), (3, 1), (4, 4), (8, 8)] {
        let traffic = shared(stride);
        let expected = (8, 8 * passes, 8 * (passes - 1));
        assert_eq!((traffic.requests, traffic.transactions, traffic.conflicts), expected);
    }

    let local = count(
        r#"
extern "C" __global__ void kernel(const real *xs, real *ys, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    real values[4] = {xs[i], 1, 2, 3};
    ys[i] = values[(i + count) & 3];
}
"#,
    );
    assert_eq!((local.local_stored, local.local_loaded), (128 * 16, 128 * 4));
}
