//! The compiler of CUDA text: what it gives, and what it says when it cannot.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::Path;
use std::process::Command;

use buffer_core::{ComputeCapability, Precision};
use buffer_tests::cuda::nvrtc;
use integrators::device::cache::{CacheOutcome, KernelCache};
use integrators::device::nvrtc::{FOLDER_VARIABLE, Nvrtc, NvrtcError, Resources};

/// Says what a test's child process is to find in `BUFFERS_NVRTC`.
const EXPECTED: &str = "BUFFERS_TEST_EXPECTED";

/// A multiplication and an addition that a compiler would like to fuse.
const AXPY: &str = r#"
extern "C" __global__ void axpy(double a, const REAL *x, REAL *y, long long count) {
    long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i < count) y[i] = (REAL)a * x[i] + y[i];
}
"#;

fn capability(text: &str) -> ComputeCapability {
    text.parse().unwrap()
}

#[test]
fn one_compilation_gives_cubin_ptx_and_resources_for_every_gpu() {
    let Some(nvrtc) = nvrtc() else { return };
    for sm in ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"] {
        let text = AXPY.replace("REAL", "float");
        let compiled = nvrtc.compile(&text, capability(sm), Precision::F32).unwrap();
        assert!(compiled.cubin.starts_with(b"\x7fELF"), "{sm}");
        assert!(compiled.ptx.contains(&format!(".target {sm}\n")), "{sm}: {}", compiled.ptx);
        assert!(compiled.ptx.contains(".entry axpy("), "{sm}: {}", compiled.ptx);
        let resources = compiled.resources("axpy").unwrap();
        assert!((1..=32).contains(&resources.registers), "{sm}: {resources:?}");
        assert_eq!(
            Resources { registers: 0, constant_bytes: 0, ..resources },
            Resources::default()
        );
        assert_eq!(compiled.resources("another"), None);
    }
}

#[test]
fn nothing_is_fused_and_only_f32_flushes_denormals() {
    let Some(nvrtc) = nvrtc() else { return };
    for (precision, real) in [(Precision::F32, "float"), (Precision::F64, "double")] {
        let text = AXPY.replace("REAL", real);
        let compiled = nvrtc.compile(&text, capability("sm_80"), precision).unwrap();
        let ptx = compiled.ptx;
        // An operation without a rounding mode may be fused by the driver's compiler.
        let suffix = if precision == Precision::F32 { "rn.ftz.f32" } else { "rn.f64" };
        assert!(ptx.contains(&format!("mul.{suffix}")), "{ptx}");
        assert!(ptx.contains(&format!("add.{suffix}")), "{ptx}");
        assert!(!ptx.contains("fma."), "{ptx}");
        assert_eq!(ptx.contains(".ftz"), precision == Precision::F32, "{ptx}");
    }
}

#[test]
fn arrays_in_memory_are_reported_as_stack() {
    let Some(nvrtc) = nvrtc() else { return };
    let text = r#"
__constant__ float table[4];
extern "C" __global__ void indexed(float *y, int i, int j) {
    __shared__ float row[64];
    float array[40];
    for (int k = 0; k < 40; k++) array[k] = table[k % 4];
    for (int k = 0; k < i; k++) array[k * j % 40] += y[k];
    row[i] = array[j];
    y[0] = row[j];
}
"#;
    let compiled = nvrtc.compile(text, capability("8.0"), Precision::F32).unwrap();
    let resources = compiled.resources("indexed").unwrap();
    assert_eq!(resources.stack_bytes, 160);
    assert_eq!(resources.shared_bytes, 256);
    assert!(resources.constant_bytes >= 16, "{resources:?}");
}

#[test]
fn values_that_leave_their_registers_are_reported_as_spills() {
    let Some(nvrtc) = nvrtc() else { return };
    // 64 doubles are wanted at once, in the 32 registers that two blocks of 1024 threads leave.
    let text = r#"
extern "C" __global__ void __launch_bounds__(1024, 2) crowded(double *y) {
    double value[64];
    #pragma unroll
    for (int k = 0; k < 64; k++) value[k] = y[k] / 3.0;
    #pragma unroll
    for (int k = 0; k < 64; k++) y[k] = value[63 - k] * value[k];
}
"#;
    let compiled = nvrtc.compile(text, capability("8.0"), Precision::F64).unwrap();
    let resources = compiled.resources("crowded").unwrap();
    assert_eq!(resources.registers, 32);
    assert!(resources.spill_store_bytes > 0 && resources.spill_load_bytes > 0, "{resources:?}");
}

#[test]
fn a_wrong_text_is_refused_with_the_compilers_log() {
    let Some(nvrtc) = nvrtc() else { return };
    let text = "extern \"C\" __global__ void kernel(float *y) {\n    y[0] = missing;\n}\n";
    let error = nvrtc.compile(text, capability("9.0"), Precision::F32).unwrap_err();
    assert!(matches!(error, NvrtcError::Text { .. }), "{error:?}");
    let shown = error.to_string();
    assert!(
        shown.contains("kernel.cu(2)") && shown.contains("\"missing\" is undefined"),
        "{shown}"
    );
}

#[test]
fn a_zero_byte_in_the_text_is_refused() {
    let Some(nvrtc) = nvrtc() else { return };
    let error = nvrtc.compile("int a;\0int b;", capability("9.0"), Precision::F32).unwrap_err();
    assert!(matches!(error, NvrtcError::ZeroByte(_)), "{error:?}");
}

#[test]
fn a_gpu_that_the_compiler_does_not_know_is_refused() {
    let Some(nvrtc) = nvrtc() else { return };
    if nvrtc.version().major != 12 {
        println!("skipped: NVRTC {} may know compute capability 11.0", nvrtc.version());
        return;
    }
    let error = nvrtc.compile("", capability("11.0"), Precision::F32).unwrap_err();
    assert!(matches!(error, NvrtcError::UnknownCapability { .. }), "{error:?}");
    let shown = error.to_string();
    assert!(shown.contains("sm_75, ") && shown.contains(&nvrtc.version().to_string()), "{shown}");
}

#[test]
fn a_kernel_is_compiled_once_per_text_gpu_and_precision() {
    let Some(nvrtc) = nvrtc() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    let mut compiled = Vec::new();
    for (real, sm, precision) in [
        ("float", "sm_80", Precision::F32),
        ("double", "sm_80", Precision::F32),
        ("float", "sm_90", Precision::F32),
        ("float", "sm_80", Precision::F64),
    ] {
        let text = AXPY.replace("REAL", real);
        let first = nvrtc.compile_cached(&cache, &text, capability(sm), precision).unwrap();
        assert_eq!(first.1, CacheOutcome::Stored);
        let second = nvrtc.compile_cached(&cache, &text, capability(sm), precision).unwrap();
        assert_eq!(second, (first.0.clone(), CacheOutcome::Hit));
        compiled.push(first.0.ptx);
    }
    compiled.sort();
    compiled.dedup();
    assert_eq!(compiled.len(), 4);
}

#[test]
fn an_entry_of_another_make_is_built_again_once() {
    let Some(nvrtc) = nvrtc() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    let (text, sm_80) = (AXPY.replace("REAL", "float"), capability("sm_80"));
    let key = nvrtc.cache_key(&text, sm_80, Precision::F32);
    cache.rebuild(&key, || Ok::<_, Infallible>(b"another make".to_vec())).unwrap();
    for expected in [CacheOutcome::Rebuilt, CacheOutcome::Hit] {
        let found = nvrtc.compile_cached(&cache, &text, sm_80, Precision::F32).unwrap();
        assert_eq!(found.1, expected);
        assert!(found.0.ptx.contains(".entry axpy("), "{}", found.0.ptx);
    }
}

#[test]
fn a_failed_compilation_is_not_stored() {
    let Some(nvrtc) = nvrtc() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cache = KernelCache::in_folder(folder.path());
    for _ in 0..2 {
        let result = nvrtc.compile_cached(&cache, "}", capability("9.0"), Precision::F32);
        assert!(matches!(result, Err(NvrtcError::Text { .. })));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn without_the_library_the_error_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    expect_in(folder.path(), "missing");
    expect_in(&folder.path().join("not-there"), "missing");
    std::fs::write(folder.path().join("libnvrtc.so.12"), "no library").unwrap();
    expect_in(folder.path(), "missing");
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_library_that_lacks_functions_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    // Any library that the process has loaded anyhow.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps.lines().find_map(|line| Some(&line[line.find('/')?..]).filter(is_libc));
    std::os::unix::fs::symlink(library.unwrap(), folder.path().join("libnvrtc.so.12")).unwrap();
    expect_in(folder.path(), "missing function");
}

fn is_libc(path: &&str) -> bool {
    path.contains("/libc.so") || path.contains("/libc-")
}

#[cfg(unix)]
#[test]
fn a_library_without_its_builtins_is_an_error() {
    if nvrtc().is_none() {
        return;
    }
    let Some(installed) = std::env::var_os(FOLDER_VARIABLE) else {
        println!("skipped: {FOLDER_VARIABLE} does not say where NVRTC is");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let library = Path::new(&installed).join("libnvrtc.so.12");
    std::os::unix::fs::symlink(library, folder.path().join("libnvrtc.so.12")).unwrap();
    expect_in(folder.path(), "no builtins");
}

/// Loads NVRTC from a folder in a process of its own, since a process loads it once.
fn expect_in(folder: &Path, expected: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "loading_worker"])
        .env(FOLDER_VARIABLE, folder)
        .env_remove("LD_LIBRARY_PATH")
        .env(EXPECTED, expected)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
#[ignore = "started by another test, with another NVRTC"]
fn loading_worker() {
    let Ok(expected) = std::env::var(EXPECTED) else { return };
    let result = Nvrtc::load().and_then(|nvrtc| {
        nvrtc.compile(&AXPY.replace("REAL", "float"), capability("8.0"), Precision::F32)
    });
    let error = result.unwrap_err();
    let shown = error.to_string();
    match expected.as_str() {
        "missing" => {
            assert!(matches!(error, NvrtcError::Missing { .. }), "{error:?}");
            assert!(shown.contains("pip install nvidia-cuda-nvrtc-cu12"), "{shown}");
            assert!(shown.contains(FOLDER_VARIABLE), "{shown}");
        }
        "missing function" => {
            assert!(matches!(error, NvrtcError::MissingFunction { .. }), "{error:?}");
            assert!(shown.contains("`nvrtcVersion`"), "{shown}");
        }
        "no builtins" => {
            assert!(matches!(error, NvrtcError::Call { .. }), "{error:?}");
            assert!(shown.contains("libnvrtc-builtins"), "{shown}");
        }
        _ => panic!("expected {expected}, found {shown}"),
    }
}
