//! `zero` buffers whose live ranges begin in phases: they hold zeros there, whatever lay in their bytes
//! before, on both devices and under the sanitizer, and have their names in marked phases alone.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use buffer_core::{
    BufferEntry, DeadBuffer, ElementType, LiveRange, Location, Phases, Precision, Target,
};
use buffer_tests::cuda::nvrtc;
use buffer_tests::planted::{Build, Planted};
use integrators::device::DeviceError;
use integrators::device::host::HostError;
use integrators::device::nvrtc::NvrtcError;
use integrators::factories::KernelText;

const PLACES: [Location; 2] = [Location::Shared, Location::Local];

/// `start, loop stage { base, solve, feval }, finish`
fn phases() -> Phases {
    let stage = Phases::new().phase("base").phase("solve").phase("feval");
    Phases::new().phase("start").repeat("stage", stage).phase("finish")
}

/// A step with a text in which `FILL(parent)` writes sevens to a buffer, and `FIND(sums)` adds what one
/// holds to `x`, which begins with 2, and leaves ones in it.
fn step(body: &str, place: Location, entries: &[BufferEntry]) -> Planted {
    let allocate = entries.iter().map(|entry| format!("ALLOCATE({}, m);\n", entry.name()));
    let macros = "\
        #define FILL(buffer) for (int i = 0; i < SIZE(buffer); i++) buffer[i] = REAL(7.0)\n\
        #define FIND(buffer) \\\n\
            for (int i = 0; i < SIZE(buffer); i++) { x = x + buffer[i]; buffer[i] = REAL(1.0); }\n\
        #define FIND_INTEGERS(buffer) \\\n\
            for (int i = 0; i < SIZE(buffer); i++) { \\\n\
                x = x + TO_REAL(buffer[i]); \\\n\
                buffer[i] = INTEGER(1); \\\n\
            }\n";
    let body = format!("{macros}{}{body}\nreturn x;", allocate.collect::<String>());
    let step = Planted::step(&body).phases(phases());
    entries.iter().fold(step, |step, entry| {
        let root = entry.parent().is_none();
        step.buffer(if root { entry.clone().location(place) } else { entry.clone() })
    })
}

fn parent<const N: usize>(live: [&str; N]) -> BufferEntry {
    BufferEntry::new("parent", 3).live(live)
}

/// What is zeroed, on all of the parent.
fn sums<const N: usize>(live: [impl Into<LiveRange>; N]) -> BufferEntry {
    BufferEntry::new("sums", 3).aliases("parent").live(live).zero()
}

/// Each text finds so many ones in the places that hold buffers, in a release and under the sanitizer,
/// which finds no fault. All texts are children of one root, one run for each.
fn assert_ones(cases: &[(&str, &[BufferEntry], u8)]) {
    let cases: Vec<_> =
        PLACES.into_iter().flat_map(|place| cases.iter().map(move |case| (place, case))).collect();
    let mut calls = String::from("real result = x;\n");
    let mut children = Vec::new();
    for (run, (place, (body, entries, _))) in cases.iter().enumerate() {
        let name: &'static str = format!("case{run}x").leak();
        calls += &format!(
            "result = SELECT(EQ(run, INTEGER({run})), CHILD({name}, step)(m, k, run, x), result);\n"
        );
        children.push((name, step(body, *place, entries)));
    }
    let root = Planted::step(&format!("{calls}return result;"));
    let root = children.into_iter().fold(root, |root, (name, case)| root.child(name, case, []));
    let hosts =
        [(Precision::F64, 1), (Precision::F32, 1), (Precision::F64, 8), (Precision::F32, 16)];
    for build in Build::all(hosts).unwrap() {
        let released = root.release(&build, cases.len()).unwrap();
        for (found, (place, (body, _, ones))) in released.iter().zip(&cases) {
            assert_eq!(*found, 2.0 + f64::from(*ones), "{build}, {place}: {body}");
        }
        let (faults, sanitized) = root.sanitize(&build, cases.len()).unwrap();
        assert!(faults.is_empty(), "{build}: {faults:?}");
        assert_eq!(sanitized, released, "{build}");
    }
}

#[test]
fn a_live_range_begins_with_zeros() {
    assert_ones(&[
        // In each round of a loop: zeros in `base`, and ones in `solve`.
        (
            "{ PHASE(start); FILL(parent); }\n\
             for (int stage = 0; stage < 3; stage++) {\n\
                 { PHASE(base); FIND(sums) } { PHASE(solve); FIND(sums) } { PHASE(feval); FILL(parent); }\n\
             }",
            &[parent(["start", "feval"]), sums(["base".."feval"])],
            9,
        ),
        // Twice in a call.
        (
            "{ PHASE(start); FIND(sums) FIND(sums) }\n\
             for (int stage = 0; stage < 2; stage++) { PHASE(solve); FILL(parent); }\n\
             { PHASE(finish); FIND(sums) FIND(sums) }",
            &[parent(["stage"]), sums(["start", "finish"])],
            6,
        ),
        // With the call, and never again: it needs no marks.
        (
            "FIND(sums) { PHASE(start); FIND(sums) } { PHASE(base); FIND(sums) } { PHASE(finish); FILL(parent); }",
            &[parent(["finish"]), sums(["start"..="stage"])],
            6,
        ),
        // Integers.
        (
            "{ PHASE(start); for (int i = 0; i < 3; i++) parent[i] = INTEGER(7); }\n\
             { PHASE(solve); FIND_INTEGERS(sums) FIND_INTEGERS(sums) }",
            &[
                parent(["start"]).element(ElementType::I32),
                sums(["solve"]).element(ElementType::I32),
            ],
            3,
        ),
        // What it lies on is zeroed as well.
        (
            "{ PHASE(start); FILL(outer); } { PHASE(base); FIND(parent) FIND(parent) }\n\
             { PHASE(solve); FIND(sums) FIND(sums) } { PHASE(finish); FIND(parent) FIND(parent) }",
            &[
                BufferEntry::new("outer", 3).live(["start"]),
                BufferEntry::new("parent", 3).aliases("outer").live(["base", "finish"]).zero(),
                sums(["solve"]),
            ],
            9,
        ),
        // What lies on it need not be.
        (
            "{ PHASE(base); FILL(inner); } { PHASE(solve); FIND(sums) FIND(sums) }",
            &[
                BufferEntry::new("sums", 3).live(["solve"]).zero(),
                BufferEntry::new("inner", 3).aliases("sums").live(["base"]),
            ],
            3,
        ),
    ]);
}

#[test]
fn parts_begin_with_zeros_on_their_own() {
    let sums = || BufferEntry::new("sums", 3).aliases("parent").zero();
    let rows = "for (int i = 0; i < 2; i++) { x = x + sums[i]; sums[i] = REAL(1.0); }";
    let last = "x = x + sums[2]; sums[2] = REAL(1.0);";
    let both = format!(
        "{{ PHASE(start); FILL(parent); }}\n\
         for (int stage = 0; stage < 2; stage++) {{\n\
             {{ PHASE(base); {rows} {rows} }}\n\
             {{ PHASE(solve); {rows} {last} {last} }}\n\
             {{ PHASE(feval); {last} }}\n\
         }}"
    );
    let with_the_call = format!(
        "{{ PHASE(start); {rows} {rows} }} {{ PHASE(finish); FILL(inner); {last} {last} }}"
    );
    assert_ones(&[
        (
            &both,
            &[parent(["start"]), sums().live(["solve"..="feval"]).part(0..2, ["base"..="solve"])],
            2 * (2 + 2 + 1 + 1),
        ),
        // One of them begins with the call.
        (
            &with_the_call,
            &[
                BufferEntry::new("sums", 3).live(["finish"]).part(0..2, ["start"..="stage"]).zero(),
                BufferEntry::new("inner", 2).aliases("sums").live(["finish"]),
            ],
            2 + 1,
        ),
    ]);
}

#[test]
fn a_live_range_that_goes_on_keeps_what_it_holds() {
    assert_ones(&[
        // It begins before the loop, so that all rounds are of one range.
        (
            "{ PHASE(start); FIND(sums) }\n\
             for (int stage = 0; stage < 2; stage++) { { PHASE(base); FIND(sums) } { PHASE(feval); FIND(sums) } }\n\
             { PHASE(finish); FILL(parent); }",
            &[parent(["finish"]), sums(["start"..="stage"])],
            12,
        ),
        // In the phase before each round, which is in a loop itself.
        (
            "for (int round = 0; round < 2; round++) {\n\
                 { PHASE(base); FILL(parent); }\n\
                 { PHASE(solve); FIND(sums) }\n\
                 for (int again = 0; again < 2; again++) { PHASE(feval); FIND(sums) }\n\
             }",
            &[parent(["base"]), sums(["solve"..="feval"])],
            2 * 6,
        ),
        // Where its first phase did not run, it begins in the next one.
        (
            "{ PHASE(start); FILL(parent); }\n\
             for (int stage = 0; stage < 2; stage++) {\n\
                 if (stage == 0) { PHASE(base); FIND(sums) }\n\
                 { PHASE(solve); FIND(sums) FIND(sums) }\n\
                 { PHASE(feval); FILL(parent); }\n\
             }",
            &[parent(["start", "feval"]), sums(["base".."feval"])],
            (3 + 3) + 3,
        ),
        // It begins again where the phases in between did not run.
        (
            "{ PHASE(start); FIND(sums) }\n{ PHASE(finish); FIND(sums) FIND(sums) }",
            &[parent(["stage"]), sums(["start", "finish"])],
            3,
        ),
    ]);
}

/// A loop that comes first, with a range that goes round it.
#[test]
fn a_live_range_round_the_first_loop_begins_with_the_call() {
    let body = "\
        ALLOCATE(parent, m); ALLOCATE(sums, m);\n\
        for (int stage = 0; stage < 3; stage++) {\n\
            { PHASE(take); x = x + sums[0]; sums[0] = REAL(1.0); }\n\
            { PHASE(fill); parent[0] = REAL(7.0); }\n\
            { PHASE(sum); x = x + REAL(10.0) * sums[0]; sums[0] = REAL(1.0); }\n\
        }\n\
        return x;";
    let turn = Phases::new().phase("take").phase("fill").phase("sum");
    let factory = Planted::step(body)
        .phases(Phases::new().repeat("turn", turn).phase("end"))
        .buffer(BufferEntry::new("parent", 1).location(Location::Shared).live(["fill"]))
        .buffer(BufferEntry::new("sums", 1).aliases("parent").live(["sum"..="take"]).zero());
    for build in Build::all([(Precision::F64, 1), (Precision::F32, 8)]).unwrap() {
        // A zero in the first round, and what `sum` left in the others.
        assert_eq!(factory.release(&build, 9).unwrap(), [2.0 + 2.0; 9], "{build}");
        let (faults, sanitized) = factory.sanitize(&build, 9).unwrap();
        assert_eq!((faults.as_slice(), sanitized), (&[][..], vec![4.0; 9]), "{build}");
    }
}

/// Functions that mark phases, of which only one has allocated what they zero.
#[test]
fn marks_are_harmless_where_nothing_is_allocated() {
    let text = "\
        INLINE real SELF(pass)(BUFFER(real) values, real x)\n\
        {\n    { PHASE(base); values[0] = values[0] + x; }\n    return values[0];\n}\n\
        INLINE real SELF(step)(memory m, int k, integer run, real x)\n\
        {\n\
            ALLOCATE(kept, m); ALLOCATE(parent, m); ALLOCATE(sums, m);\n\
            { PHASE(start); parent[0] = REAL(7.0); kept[0] = REAL(3.0); }\n\
            x = SELF(pass)(kept, x);\n\
            { PHASE(base); x = x + sums[0]; sums[0] = x; }\n\
            x = SELF(pass)(kept, x);\n\
            { PHASE(solve); return x + sums[0]; }\n\
        }\n";
    let factory = Planted::new("probe")
        .text(text)
        .phases(phases())
        .buffer(BufferEntry::new("kept", 1).location(Location::Local))
        .buffer(BufferEntry::new("parent", 1).location(Location::Shared).live(["start"]))
        .buffer(BufferEntry::new("sums", 1).aliases("parent").live(["base"..="solve"]).zero());
    for build in Build::all([(Precision::F64, 1), (Precision::F32, 8)]).unwrap() {
        // 5 is passed and kept, then 10, and 5 is taken from what is zeroed once.
        assert_eq!(factory.release(&build, 9).unwrap(), [15.0; 9], "{build}");
        let (faults, sanitized) = factory.sanitize(&build, 9).unwrap();
        assert_eq!((faults.as_slice(), sanitized), (&[][..], vec![15.0; 9]), "{build}");
    }
}

/// A step whose sums are zeroed where a phase of a loop begins, by its mark or by hand.
fn summing(place: Location, by_marks: bool) -> Planted {
    let alias = BufferEntry::new("sums", 3).aliases("parent").live(["base"..="solve"]);
    let by_hand = "for (int i = 0; i < SIZE(sums); i++) sums[i] = REAL(0.0);";
    let (alias, zero) = if by_marks { (alias.zero(), "") } else { (alias, by_hand) };
    let body = format!(
        "{{ PHASE(start); FILL(parent); }}\n\
         for (int stage = 0; stage < 5; stage++) {{\n\
             {{ PHASE(base); {zero} for (int i = 0; i < k; i++) sums[i] = sums[i] + x; }}\n\
             {{ PHASE(solve); for (int i = 0; i < 3; i++) x = x / (sums[i] + x); }}\n\
             {{ PHASE(feval); parent[k] = x; parent[0] = x; }}\n\
         }}"
    );
    step(&body, place, &[parent(["start", "feval"]), alias])
}

#[test]
fn marks_that_zero_cost_what_zeroing_costs_on_cuda() {
    let Some(nvrtc) = nvrtc() else { return };
    let capability = "9.0".parse().unwrap();
    for place in PLACES {
        for precision in [Precision::F32, Precision::F64] {
            let compile = |by_marks| {
                let factory = summing(place, by_marks);
                let layout = factory.layout(&Target::cuda(capability, precision)).unwrap();
                let source = factory.kernel(KernelText::new(&layout)).unwrap();
                nvrtc.compile(&source.text, capability, precision).unwrap().ptx
            };
            assert!(compile(true) == compile(false), "{place}, {precision}");
        }
    }
}

/// Uses of a buffer that marks zero, where none does.
fn misuses() -> Vec<Planted> {
    let unmarked = [
        "x = x + sums[0];",
        "sums[1] = x;",
        "BUFFER(real) p = sums + 1; x = x + p[0];",
        "x = x + *sums;",
        "for (int i = 0; i < 3; i++) sums[i] = x;",
    ];
    let sums = || sums(["solve"]);
    let unmarked = unmarked.map(|body| step(body, Location::Local, &[parent(["start"]), sums()]));
    // A parameter of its name is hidden by a mark.
    let of_another = Planted::new("probe").phases(phases()).text(
        "INLINE real SELF(first)(BUFFER(real) sums)\n\
         {\n    { PHASE(solve); return sums[0]; }\n}\n\
         INLINE real SELF(step)(memory m, int k, integer run, real x)\n{\n    return x;\n}\n",
    );
    let of_another = of_another.buffer(parent(["start"]).location(Location::Shared)).buffer(sums());
    unmarked.into_iter().chain([of_another]).collect()
}

fn expected() -> DeadBuffer {
    DeadBuffer { buffer: "sums".to_owned(), phase: None }
}

const MESSAGE: &str = "kernel text uses `sums` where no phase is marked that zeroes it [SB016]\n\
    help: use it in blocks of its live phases, each of which begins with a mark, `PHASE(...)`, in a \
    function that allocates it\n";

#[test]
fn the_host_tells_of_a_use_without_a_mark() {
    for (case, factory) in misuses().iter().enumerate() {
        for (precision, lanes) in [(Precision::F64, 1), (Precision::F32, 8)] {
            let build = Build::host(precision, lanes).unwrap();
            let error = factory.compile(&build).unwrap().unwrap_err();
            let message = error.to_string();
            let DeviceError::Host(HostError::DeadBuffer { dead, .. }) = error else {
                panic!("{case}: {message}")
            };
            assert_eq!(dead, expected(), "{case}");
            assert!(message.starts_with(MESSAGE), "{message}");
        }
    }
}

#[test]
fn nvrtc_tells_of_a_use_without_a_mark() {
    let Some(nvrtc) = nvrtc() else { return };
    let (capability, precision) = ("8.0".parse().unwrap(), Precision::F64);
    for (case, factory) in misuses().iter().enumerate() {
        let layout = factory.layout(&Target::cuda(capability, precision)).unwrap();
        let source = factory.kernel(KernelText::new(&layout)).unwrap();
        let error = nvrtc.compile(&source.text, capability, precision).unwrap_err();
        let message = error.to_string();
        let NvrtcError::DeadBuffer { dead, .. } = error else { panic!("{case}: {message}") };
        assert_eq!(dead, expected(), "{case}");
        assert!(message.starts_with(MESSAGE), "{message}");
    }
}
