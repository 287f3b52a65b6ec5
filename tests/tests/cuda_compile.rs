//! Every kernel, compiled for every GPU: what the compiler makes of the texts.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use buffer_core::{ComputeCapability, Location, Precision, Target};
use buffer_tests::cuda::{METHODS, PLACES, lorenz_kernel, nvrtc, source};
use integrators::device::nvrtc::Compiled;

/// The names of the PTX instructions, as in `fma.rn.ftz.f32`.
fn instructions(ptx: &str) -> impl Iterator<Item = &str> {
    ptx.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.find(|word| !word.starts_with('@')).filter(|word| word.contains('.'))
    })
}

/// An operation that the driver's compiler might fuse with another, for want of a rounding mode.
fn is_loose(instruction: &str) -> bool {
    let mut parts = instruction.split('.');
    let operation = parts.next();
    let is_real = matches!(instruction.rsplit('.').next(), Some("f32" | "f64"));
    matches!(operation, Some("add" | "sub" | "mul" | "fma" | "mad"))
        && is_real
        && !parts.any(|part| part == "rn")
}

/// The registers that a thread of a kernel may take. With 64, 1024 threads fit a multiprocessor; with
/// 80, 768; with 128, 512; with 168, 384.
fn most_registers(method: &str, precision: Precision) -> u32 {
    match (method, precision) {
        ("kvaerno3" | "rodas3p", Precision::F32) => 80,
        ("kvaerno3" | "rodas3p", Precision::F64) => 168,
        (_, Precision::F32) => 64,
        (_, Precision::F64) => 128,
    }
}

fn check_kernel(compiled: &Compiled, target: &Target, place: Location, registers: u32, what: &str) {
    let ptx = &compiled.ptx;
    assert!(compiled.cubin.starts_with(b"\x7fELF"), "{what}");
    assert!(ptx.contains(".entry batch_kernel("), "{what}");
    assert!(!compiled.log.contains("warning"), "{what}: {}", compiled.log);

    let loose: Vec<_> = instructions(ptx).filter(|name| is_loose(name)).collect();
    assert!(loose.is_empty(), "{what}: {loose:?} could be fused");
    let fused = instructions(ptx).filter(|name| name.starts_with("fma.rn.")).count();
    assert!(fused > 0, "{what}: nothing is fused");
    let wide = instructions(ptx).filter(|name| name.contains("f64")).count();
    assert_eq!(wide > 0, target.precision() == Precision::F64, "{what}: {wide} of f64");
    let shared = instructions(ptx).filter(|name| name.contains(".shared.")).count();
    assert_eq!(shared > 0, place == Location::Shared, "{what}: {shared} of shared memory");

    let resources = compiled.resources("batch_kernel").unwrap();
    assert_eq!(resources.stack_bytes, 0, "{what}: {resources:?}");
    assert_eq!(resources.spill_store_bytes, 0, "{what}: {resources:?}");
    assert_eq!(resources.spill_load_bytes, 0, "{what}: {resources:?}");
    // Of all shared memory, a launch says how much it is.
    assert_eq!(resources.shared_bytes, 0, "{what}: {resources:?}");
    assert!(resources.registers <= registers, "{what}: {resources:?}");
}

fn compile_all_for(sm: &str) {
    let Some(nvrtc) = nvrtc() else { return };
    let capability: ComputeCapability = sm.parse().unwrap();
    for method in METHODS {
        for place in PLACES {
            for precision in [Precision::F32, Precision::F64] {
                let target = Target::cuda(capability, precision);
                let text = source(&lorenz_kernel(method, place), &target).text;
                let compiled = nvrtc.compile(&text, capability, precision).unwrap();
                let what = format!("{method}, {place}, {target}");
                check_kernel(&compiled, &target, place, most_registers(method, precision), &what);
            }
        }
    }
}

/// The lines of each loop that holds no other.
fn innermost_loops(ptx: &str) -> Vec<Vec<&str>> {
    let lines: Vec<_> = ptx.lines().map(str::trim).collect();
    let begin = |label: &str| lines.iter().position(|line| line.strip_suffix(':') == Some(label));
    let loops: Vec<_> = (0..lines.len())
        .filter_map(|end| {
            let label = lines[end].split_once("bra")?.1.split_ascii_whitespace().last()?;
            Some((begin(label.strip_suffix(';')?)?, end)).filter(|(begin, end)| begin < end)
        })
        .collect();
    let is_innermost = |&&(begin, end): &&(usize, usize)| {
        !loops.iter().any(|other| *other != (begin, end) && begin <= other.0 && other.1 <= end)
    };
    loops.iter().filter(is_innermost).map(|&(begin, end)| lines[begin..=end].to_vec()).collect()
}

#[test]
fn a_step_of_tsit5_for_lorenz_is_near_the_fewest_instructions() {
    /// Floating-point operations that the formulas need, with every fusion there is.
    const FLOOR: usize = 99;
    let Some(nvrtc) = nvrtc() else { return };
    let capability = "sm_90".parse().unwrap();
    let target = Target::cuda(capability, Precision::F32);
    let text = source(&lorenz_kernel("tsit5", Location::Local), &target).text;
    let ptx = nvrtc.compile(&text, capability, Precision::F32).unwrap().ptx;
    // A sign change is a part of the instruction that reads it.
    let lengths = innermost_loops(&ptx).into_iter().map(|lines| {
        instructions(&lines.join("\n")).filter(|name| !name.starts_with("neg.")).count()
    });
    let longest = lengths.max().unwrap();
    assert!((FLOOR..=FLOOR * 115 / 100).contains(&longest), "{longest} instructions in\n{ptx}");
}

#[test]
fn every_kernel_compiles_for_sm_75() {
    compile_all_for("sm_75");
}

#[test]
fn every_kernel_compiles_for_sm_80() {
    compile_all_for("sm_80");
}

#[test]
fn every_kernel_compiles_for_sm_86() {
    compile_all_for("sm_86");
}

#[test]
fn every_kernel_compiles_for_sm_89() {
    compile_all_for("sm_89");
}

#[test]
fn every_kernel_compiles_for_sm_90() {
    compile_all_for("sm_90");
}

#[test]
fn every_kernel_compiles_for_sm_100() {
    compile_all_for("sm_100");
}

#[test]
fn every_kernel_compiles_for_sm_120() {
    compile_all_for("sm_120");
}
