//! The rules of kernel text that the compiler enforces, and kernels that a host refuses.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_core::{BufferEntry, BufferRegistry, Location, Precision};
use integrators::device::KernelSource;
use integrators::device::host::{HostDevice, HostError};
use integrators::factories::KernelText;

/// A kernel without buffers that does nothing but compile a statement on masks `p` and `q`.
fn source(statement: &str, lanes: usize) -> KernelSource {
    let precision = Precision::F32;
    let device = HostDevice::new().unwrap().lanes(lanes).unwrap();
    let mut registry = BufferRegistry::new();
    let root = registry.factory("probe").unwrap();
    let layout = registry.layout(root, &device.target(precision).unwrap()).unwrap();
    let mut text = KernelText::new(&layout);
    text.header("probe").unwrap();
    text.push(&format!(
        r"
typedef struct {{
    long long runs;
}} arguments;

INLINE real SELF(masks)(real x)
{{
    const mask p = LT(x, REAL(1.0)), q = LE(x, REAL(2.0));
    {statement}
}}

INLINE void SELF(runs)(memory m, const arguments *a, queue runs)
{{
}}

KERNEL(probe)
"
    ));
    text.finish("probe")
}

fn compile(source: &KernelSource, lanes: usize) -> Result<(), HostError> {
    HostDevice::new()?.lanes(lanes)?.compile(source).map(drop)
}

#[test]
fn masks_are_combined_and_select_and_nothing_else() {
    let selects = "return SELECT(AND(p, OR(q, NOT(p))), x, -x);";
    let branches = [
        "if (p) return x; return -x;",
        "while (p) x = x + 1; return x;",
        "return p ? x : -x;",
        "return SELECT(p && q, x, -x);",
        "return SELECT(p || q, x, -x);",
        "return SELECT(!p, x, -x);",
    ];
    for lanes in [8, 16] {
        compile(&source(selects, lanes), lanes).unwrap();
        for statement in branches {
            let error = compile(&source(statement, lanes), lanes).unwrap_err();
            assert!(matches!(error, HostError::Compile { .. }), "{statement}: {error}");
            assert!(error.to_string().contains("error:"), "the log is missing: {error}");
        }
    }
}

#[test]
fn a_kernel_for_other_lanes_is_refused() {
    let error = compile(&source("return x;", 8), 16).unwrap_err();
    assert!(matches!(error, HostError::KernelLanes { given: 8, expected: 16 }), "{error}");
}

#[test]
fn a_missing_entry_is_an_error() {
    let source = KernelSource { entry: "no_such_kernel".to_owned(), ..source("return x;", 8) };
    let error = compile(&source, 8).unwrap_err();
    assert!(matches!(error, HostError::Load(_)), "{error}");
}

/// A buffer of the name of a macro without parameters would become what the macro says.
#[test]
fn macros_of_the_prelude_name_no_buffers() {
    let prelude = include_str!("../../integrators/kernels/prelude.cuh");
    let defined: Vec<&str> = prelude
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .filter_map(|rest| rest.split_whitespace().next())
        .filter(|name| !name.contains('('))
        .collect();
    assert!(defined.contains(&"INLINE"), "{defined:?}");
    for name in defined {
        let mut registry = BufferRegistry::new();
        let factory = registry.factory("probe").unwrap();
        let entry = BufferEntry::new(name, 1).location(Location::Local);
        assert!(registry.register(factory, entry).is_err(), "`{name}` can name a buffer");
    }
}
