//! Every kernel, compiled for every GPU: what the compiler makes of the texts.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::HashMap;

use buffer_core::{ComputeCapability, Location, Precision, Target};
use buffer_tests::cuda::{Case, PLACES, cases, nvrtc};
use integrators::device::cache::KernelCache;
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
/// 96, 640; with 128, 512; with 168, 384.
fn most_registers(case: &Case, precision: Precision) -> u32 {
    match (case.method.is_implicit(), precision) {
        (true, Precision::F32) => 96,
        (true, Precision::F64) => 168,
        (false, Precision::F32) => 64,
        (false, Precision::F64) => 128,
    }
}

fn check_kernel(compiled: &Compiled, target: &Target, place: Location, registers: u32, what: &str) {
    let ptx = &compiled.ptx;
    assert!(compiled.cubin.starts_with(b"\x7fELF"), "{what}");
    assert!(ptx.contains(".entry batch_kernel("), "{what}");
    // The oldest GPU is one that NVRTC will not know for ever.
    let mut warnings = compiled.log.lines().filter(|line| line.contains("warning"));
    assert!(warnings.all(|line| line.contains("deprecated")), "{what}: {}", compiled.log);

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

fn compile_for(sm: &str, is_wanted: impl Fn(&Case) -> bool) {
    let Some(nvrtc) = nvrtc() else { return };
    let capability: ComputeCapability = sm.parse().unwrap();
    let cache = KernelCache::from_environment();
    for case in cases().filter(is_wanted) {
        for place in PLACES {
            for precision in [Precision::F32, Precision::F64] {
                let target = Target::cuda(capability, precision);
                let text = case.source(place, &target).text;
                let compiled = nvrtc.compile_cached(&cache, &text, capability, precision);
                let what = format!("{case}, {place}, {target}");
                let registers = most_registers(&case, precision);
                check_kernel(&compiled.unwrap().0, &target, place, registers, &what);
            }
        }
    }
}

/// Lines of PTX that run one after another, and the blocks that may run next.
struct Block {
    length: usize,
    next: Vec<usize>,
}

fn blocks(ptx: &str) -> Vec<Block> {
    let mut blocks = vec![(String::new(), Vec::new(), true)];
    let mut labels = HashMap::new();
    for line in ptx.lines().map(str::trim) {
        if let Some(label) = line.strip_suffix(':') {
            labels.insert(label, blocks.len());
            blocks.push((String::new(), Vec::new(), true));
            continue;
        }
        let last = blocks.last_mut().unwrap();
        last.0 += &format!("{line}\n");
        let words: Vec<_> = line.trim_end_matches(';').split_ascii_whitespace().collect();
        let jumps = words.iter().any(|word| ["bra", "bra.uni", "ret"].contains(word));
        if jumps {
            last.1.extend(words.last().filter(|word| word.starts_with('$')));
            last.2 = words[0].starts_with('@');
            blocks.push((String::new(), Vec::new(), true));
        }
    }
    let block = |(index, (text, targets, falls)): (usize, (String, Vec<&str>, bool))| Block {
        // A sign change is a part of the instruction that reads it.
        length: instructions(&text).filter(|name| !name.starts_with("neg.")).count(),
        next: targets.iter().map(|label| labels[label]).chain(falls.then_some(index + 1)).collect(),
    };
    blocks.into_iter().enumerate().map(block).collect()
}

/// The fewest instructions from the longest block around to itself: what every step runs through, and
/// not what happens at save points.
fn shortest_loop(ptx: &str) -> usize {
    let blocks = blocks(ptx);
    let longest = (0..blocks.len()).max_by_key(|&index| blocks[index].length).unwrap();
    let mut least = vec![usize::MAX; blocks.len() + 1];
    let mut open = vec![(longest, 0)];
    while let Some((index, before)) = open.pop() {
        let Some(block) = blocks.get(index) else { continue };
        let length = before + block.length;
        for &next in block.next.iter().filter(|&&next| length < least[next]) {
            open.push((next, length));
        }
        for &next in &block.next {
            least[next] = least[next].min(length);
        }
    }
    least[longest]
}

fn instructions_of_a_step(adapts: bool) -> Option<usize> {
    let nvrtc = nvrtc()?;
    let capability = "sm_90".parse().unwrap();
    let target = Target::cuda(capability, Precision::F32);
    let mut cases = cases();
    let case = cases.find(|case| case.method.name() == "tsit5" && case.adapts == adapts).unwrap();
    let text = case.source(Location::Local, &target).text;
    Some(shortest_loop(&nvrtc.compile(&text, capability, Precision::F32).unwrap().ptx))
}

#[test]
fn a_step_of_tsit5_for_lorenz_is_near_the_fewest_instructions() {
    /// Floating-point operations that the formulas need, with every fusion there is.
    const FLOOR: usize = 99;
    let Some(step) = instructions_of_a_step(false) else { return };
    println!("{step} instructions");
    assert!((FLOOR..=FLOOR * 115 / 100).contains(&step), "{step} instructions");
}

#[test]
fn an_adaptive_attempt_of_tsit5_for_lorenz_has_few_instructions() {
    /// Those of a step, its last stage, and the sums of its error.
    const FLOOR: usize = 99 + 8 + 21;
    let Some(attempt) = instructions_of_a_step(true) else { return };
    println!("{attempt} instructions");
    assert!((FLOOR..=250).contains(&attempt), "{attempt} instructions");
}

#[test]
fn every_kernel_compiles_for_sm_75() {
    compile_for("sm_75", |_| true);
}

#[test]
fn every_kernel_compiles_for_sm_90() {
    compile_for("sm_90", |_| true);
}

#[test]
fn every_kernel_compiles_for_sm_120() {
    compile_for("sm_120", |_| true);
}

#[test]
fn a_kernel_of_each_kind_compiles_for_the_other_architectures() {
    let kinds = ["tsit5", "kvaerno3", "l_stable_sdirk_4", "rodas3p", "rosenbrock23"];
    let is_one = |case: &Case| {
        case.adapts && case.linear_solver.is_none() && kinds.contains(&case.method.name())
    };
    for sm in ["sm_70", "sm_80", "sm_86", "sm_87", "sm_89", "sm_100", "sm_103", "sm_121"] {
        compile_for(sm, is_one);
    }
}
