//! The sanitizer build of small kernels: each planted mistake is found and told, and sound texts raise
//! nothing.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use buffer_core::{
    BufferEntry, ElementType, LiveRange, Location, Phases, Precision, SanitizerFault,
    SanitizerFaultKind as Kind,
};
use buffer_tests::planted::{Planted, STEPS};

const PLACES: [Location; 2] = [Location::Shared, Location::Local];

/// One lane, and vectors that this machine may have to make of shorter ones.
const LANES: [usize; 2] = [1, 8];

fn buffer(name: &str, size: usize, place: Location) -> BufferEntry {
    BufferEntry::new(name, size).location(place)
}

/// `start, loop stage { base, solve, feval }, finish`
fn phases() -> Phases {
    let stage = Phases::new().phase("base").phase("solve").phase("feval");
    Phases::new().phase("start").repeat("stage", stage).phase("finish")
}

/// The faults of one run, in each precision and number of lanes, which agree.
fn faults(factory: &Planted) -> Vec<SanitizerFault> {
    let run = |precision, lanes| factory.sanitize(precision, lanes, 1).unwrap().0;
    let faults = run(Precision::F64, 1);
    for (precision, lanes) in [(Precision::F32, 1), (Precision::F64, 8), (Precision::F32, 16)] {
        assert_eq!(run(precision, lanes), faults, "{precision}, {lanes} lanes");
    }
    faults
}

/// What is said of the faults, without help.
fn told(factory: &Planted) -> Vec<String> {
    let messages = faults(factory).into_iter().map(|fault| fault.to_string());
    messages.map(|message| message.split_once("\nhelp: ").unwrap().0.to_owned()).collect()
}

#[test]
fn out_of_bounds() {
    for place in PLACES {
        for (body, fault) in [
            ("a[3] = x; return x;", "`probe.a[3]` is written, but the buffer has 3 element(s)"),
            ("return a[-1];", "`probe.a[-1]` is read, but the buffer has 3 element(s)"),
            (
                "BUFFER(real) p = a + 2; p[1] = x; return x;",
                "`probe.a[3]` is written, but the buffer has 3 element(s)",
            ),
            (
                "BUFFER(const real) p = a; return *(p - 1);",
                "`probe.a[-1]` is read, but the buffer has 3 element(s)",
            ),
            ("a[1000000] += x; return x;", "`probe.a[1000000]` is read, but the buffer has 3 element(s)"),
            ("return none[0];", "`probe.none[0]` is read, but the buffer has no elements"),
        ] {
            let body = format!("ALLOCATE(a, m); ALLOCATE(none, m); {body}");
            let factory = Planted::step(&body);
            let factory = factory.buffer(buffer("a", 3, place)).buffer(buffer("none", 0, place));
            let found = told(&factory);
            assert_eq!(found[0], format!("{fault} (run 0, step 0, {STEPS} times in all)"), "{body}");
        }
    }
}
