//! The sanitizer build of small kernels: each planted mistake is found and told, and sound texts raise
//! nothing.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use buffer_core::{
    Access, BufferEntry, ElementType, LiveRange, Location, Phases, Precision, SanitizerFaultKind,
};
use buffer_tests::planted::{Build, Planted, STEPS};

const PLACES: [Location; 2] = [Location::Shared, Location::Local];

fn buffer(name: &str, size: usize, place: Location) -> BufferEntry {
    BufferEntry::new(name, size).location(place)
}

/// `start, loop stage { base, solve, feval }, finish`
fn phases() -> Phases {
    let stage = Phases::new().phase("base").phase("solve").phase("feval");
    Phases::new().phase("start").repeat("stage", stage).phase("finish")
}

/// The host with one lane.
fn scalar() -> Build {
    Build::host(Precision::F64, 1).unwrap()
}

/// What is said of each factory, without help: in scalars, in vectors and on a GPU, which agree. They
/// are the children of one root, so that one compilation does for all, and are told as `probe`.
fn told(cases: Vec<Planted>) -> Vec<Vec<String>> {
    let mut calls = String::new();
    let mut children = Vec::new();
    for (position, case) in cases.into_iter().enumerate() {
        let name: &'static str = format!("case{position}x").leak();
        calls += &format!("x = x + REAL(0.0) * CHILD({name}, step)(m, k, run, REAL(2.0));\n");
        children.push((name, case));
    }
    let names: Vec<_> = children.iter().map(|(name, _)| *name).collect();
    let root = Planted::step(&format!("{calls}return x;"));
    let root = children.into_iter().fold(root, |root, (name, case)| root.child(name, case, []));
    let run = |build: &Build| {
        let (faults, _) = root.sanitize(build, 1).unwrap();
        let messages: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let of = |name: &&str| {
            let own = messages.iter().filter(|message| message.contains(*name));
            own.map(|message| {
                let (first, help) = message.split_once("\nhelp: ").unwrap();
                assert!(!help.is_empty() && !help.contains('\n'), "{message}");
                first.replace(*name, "probe")
            })
            .collect::<Vec<_>>()
        };
        let told: Vec<_> = names.iter().map(of).collect();
        assert_eq!(told.concat().len(), faults.len(), "{messages:?}");
        told
    };
    let scalar = run(&scalar());
    for build in Build::all([(Precision::F32, 8)]).unwrap() {
        assert_eq!(run(&build), scalar, "{build}");
    }
    scalar
}

/// Each factory of the cases has the faults beside it, one a line.
fn assert_told(cases: Vec<(Planted, &str)>) {
    let (cases, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    for (position, (told, expected)) in told(cases).iter().zip(expected).enumerate() {
        assert_eq!(told.join("\n"), expected, "case {position}");
    }
}

#[test]
fn out_of_bounds() {
    let cases = PLACES.into_iter().flat_map(|place| {
        [
            (
                "a[3] = x; return x;",
                "`probe.a[3]` is written, but the buffer has 3 element(s) (run 0, step 0, 3 times in all)",
            ),
            (
                "if (k == 2) x = a[-1]; return x;",
                "`probe.a[-1]` is read, but the buffer has 3 element(s) (run 0, step 2)",
            ),
            (
                "BUFFER(real) p = a + 2; if (k == 1) p[1] = x; return x;",
                "`probe.a[3]` is written, but the buffer has 3 element(s) (run 0, step 1)",
            ),
            (
                "BUFFER(const real) p = a; if (k > 0) x = *(p - 1); return x;",
                "`probe.a[-1]` is read, but the buffer has 3 element(s) (run 0, step 1, 2 times in all)",
            ),
            (
                "if (k == 2) a[1000000000] = x; return x;",
                "`probe.a[1000000000]` is written, but the buffer has 3 element(s) (run 0, step 2)",
            ),
            (
                "if (k == 2) x = none[0]; return x;",
                "`probe.none[0]` is read, but the buffer has no elements (run 0, step 2)",
            ),
        ]
        .map(|(body, fault)| {
            let factory = Planted::step(&format!("ALLOCATE(a, m); ALLOCATE(none, m);\n{body}"));
            (factory.buffer(buffer("a", 3, place)).buffer(buffer("none", 0, place)), fault)
        })
    });
    assert_told(cases.collect());
}

#[test]
fn a_parameter_without_a_buffer() {
    let child = Planted::new("child").text(
        "INLINE real SELF(second)(BUFFER(real) values)\n{\n    return values[1];\n}\n\
         INLINE real SELF(guarded)(BUFFER(real) values)\n\
         {\n    return values == 0 ? REAL(1.0) : values[0];\n}\n",
    );
    for (body, fault) in [
        ("second", "the element 1 of no buffer is read (run 0, step 0, 3 times in all)"),
        ("guarded", ""),
    ] {
        let factory = Planted::step(&format!("return CHILD(child, {body})(0);"));
        let (faults, _) = factory.child("child", child.clone(), []).sanitize(&scalar(), 1).unwrap();
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert!(
            told.concat().starts_with(fault) && told.is_empty() == fault.is_empty(),
            "{told:?}"
        );
    }
}

#[test]
fn a_buffer_without_elements_is_null() {
    let child = Planted::new("child").text(
        "INLINE real SELF(first)(BUFFER(const real) values)\n\
         {\n    return values == 0 ? REAL(1.0) : values[0];\n}\n",
    );
    let body = "ALLOCATE(none, m); ALLOCATE(some, m); some[0] = x;\n\
                if (none != 0 || some == 0) x = REAL(5.0);\n\
                return x + CHILD(child, first)(none) + CHILD(child, first)(some);";
    for place in PLACES {
        let factory = Planted::step(body).child("child", child.clone(), []);
        let factory = factory.buffer(buffer("none", 0, place)).buffer(buffer("some", 1, place));
        for build in Build::all([(Precision::F64, 1), (Precision::F32, 8)]).unwrap() {
            let (faults, results) = factory.sanitize(&build, 3).unwrap();
            assert!(faults.is_empty(), "{build}: {faults:?}");
            assert_eq!(results, [5.0; 3], "{build}");
            assert_eq!(factory.release(&build, 3).unwrap(), results, "{build}");
        }
    }
}

#[test]
fn use_in_a_dead_phase() {
    let take = Planted::new("take")
        .text("INLINE real SELF(first)(BUFFER(const real) values)\n{\n    return values[0];\n}\n");
    let cases = PLACES.into_iter().flat_map(|place| {
        [
            (
                "{ PHASE(start); guess[0] = x; }\n{ PHASE(solve); guess[1] = x; } return x;",
                "`probe.guess[1]` is written in `solve`, where it is dead [SB016] \
                 (run 0, step 0, 3 times in all)",
            ),
            (
                "BUFFER(const real) p = guess; { PHASE(start); guess[0] = x; }\n\
                 { PHASE(finish); if (k == 1) x = p[0]; } return x;",
                "`probe.guess[0]` is read in `finish`, where it is dead [SB016] (run 0, step 1)",
            ),
            // Through a child, which knows nothing of the phases.
            (
                "BUFFER(real) p = guess; { PHASE(start); guess[0] = x; }\n\
                 { PHASE(feval); if (k == 1) x = CHILD(inner, first)(p); } return x;",
                "`probe.guess[0]` is read in `feval`, where it is dead [SB016] (run 0, step 1)",
            ),
            // The first rows of a buffer alone.
            (
                "{ PHASE(start); for (int i = 0; i < 4; i++) sums[i] = x; }\n\
                 { PHASE(solve); x = sums[2]; } { PHASE(feval); if (k == 0) x = sums[1]; } return x;",
                "`probe.sums[1]` is read in `feval`, where it is dead [SB016] (run 0, step 0)",
            ),
            (
                "{ PHASE(start); for (int i = 0; i < 4; i++) sums[i] = x; }\n\
                 { PHASE(base); x = sums[0] + sums[3]; sums[1] = x; }\n\
                 { PHASE(finish); x = sums[2]; } return x;",
                "",
            ),
        ]
        .map(|(body, fault)| {
            let body = format!("ALLOCATE(guess, m); ALLOCATE(sums, m);\n{body}");
            let factory = Planted::step(&body).phases(phases());
            let factory = factory.buffer(buffer("guess", 2, place).live(["start"]));
            let sums = buffer("sums", 4, place).part(0..2, [LiveRange::from("start"), "base".into()]);
            (factory.buffer(sums).child("inner", take.clone(), []), fault)
        })
    });
    assert_told(cases.collect());
}

#[test]
fn read_before_write() {
    let cases = PLACES.into_iter().flat_map(|place| {
        [
            (
                "return a[0];",
                "`probe.a[0]` is read, but was not written before (run 0, step 0, 3 times in all)",
            ),
            (
                "a[0] = x; { PHASE(solve); if (k == 1) x = a[0] + a[1]; } return x;",
                "`probe.a[1]` is read in `solve`, but was not written before (run 0, step 1)",
            ),
            // What is selected is read, and nothing else.
            (
                "a[0] = SELECT(EQ(run, INTEGER(0)), x, a[0]); a[1] = SELECT(NE(run, INTEGER(0)), a[1], x);\n\
                 return SELECT(NE(run, INTEGER(0)), a[0], a[1]);",
                "",
            ),
            // Also of what may only be read.
            (
                "BUFFER(const real) p = a; a[0] = x;\n\
                 return SELECT(NE(run, INTEGER(0)), p[1], p[0]) + SELECT(EQ(run, INTEGER(0)), *p, -*p);",
                "",
            ),
            (
                "BUFFER(const real) p = a; if (k == 1) x = SELECT(EQ(run, INTEGER(0)), p[1], x); return x;",
                "`probe.a[1]` is read, but was not written before (run 0, step 1)",
            ),
            (
                "if (k == 1) x = SELECT(EQ(run, INTEGER(0)), a[1], x); return x;",
                "`probe.a[1]` is read, but was not written before (run 0, step 1)",
            ),
            ("return zeros[0] + zeros[2];", ""),
            // An integer of it is zero, so that the loop ends.
            (
                "for (int i = 0; i < (int)LANE(count[0], 0); i++) x = x + a[9]; return x;",
                "`probe.count[0]` is read, but was not written before (run 0, step 0, 3 times in all)",
            ),
        ]
        .map(|(body, fault)| {
            let body = format!("ALLOCATE(a, m); ALLOCATE(zeros, m); ALLOCATE(count, m);\n{body}");
            let factory = Planted::step(&body).phases(phases());
            let count = buffer("count", 1, place).element(ElementType::I32);
            let factory = factory.buffer(buffer("a", 2, place)).buffer(count);
            (factory.buffer(buffer("zeros", 3, place).zero()), fault)
        })
    });
    assert_told(cases.collect());
}

/// A Rosenbrock step that keeps the stages' increments in rows of a store, and the latest one on the
/// store's first row as well, which later stages read.
const ROSENBROCK: &str = "\
    ALLOCATE(stage_store, m);\n\
    ALLOCATE(stage_increment, m);\n\
    for (int stage = 0; stage < 3; stage++) {\n\
        { PHASE(base);\n\
          for (int i = 0; i < 2; i++)\n\
              for (int j = 0; j < stage; j++)\n\
                  x = x + stage_store[2 * j + i]; }\n\
        { PHASE(solve);\n\
          for (int i = 0; i < 2; i++) stage_store[2 * stage + i] = x; }\n\
        { PHASE(feval);\n\
          for (int i = 0; i < 2; i++) stage_increment[i] = stage_store[2 * stage + i]; }\n\
    }\n\
    return x;";

#[test]
fn data_of_another_buffer() {
    let unmarked = ROSENBROCK.replace("PHASE(", "(void)(").replace("(base)", "(0)");
    let unmarked = unmarked.replace("(solve)", "(0)").replace("(feval)", "(0)");
    let increment = |place| buffer("stage_increment", 2, place);
    let alias = || BufferEntry::new("stage_increment", 2).aliases("stage_store");
    let cases = PLACES.into_iter().flat_map(|place| {
        let store = || buffer("stage_store", 6, place);
        let marked = || Planted::step(ROSENBROCK).phases(phases());
        let integer = |entry: BufferEntry| entry.element(ElementType::I32);
        [
            // Without phases nothing is known of lifetimes but what the text does.
            (
                Planted::step(&unmarked).buffer(store()).buffer(alias()),
                "`probe.stage_store[0]` is read, but holds data of `probe.stage_increment` \
                 (run 0, step 0, 12 times in all)",
            ),
            (Planted::step(&unmarked).buffer(store()).buffer(increment(place)), ""),
            // With them the declaration must be wrong, for which the store has to be dead somewhere.
            (
                marked()
                    .buffer(store().live([LiveRange::from("base"), "solve".into()]))
                    .buffer(alias().live(["feval"])),
                "`probe.stage_store[0]` is read in `feval`, where it is dead [SB016] \
                 (run 0, step 0, 18 times in all)\n\
                 `probe.stage_store[0]` is read in `base`, but holds data of `probe.stage_increment`, \
                 written in `feval` (run 0, step 0, 12 times in all)\n\
                 `probe.stage_store[2]` is read in `base`, but what it held died in `feval` [SB016] \
                 (run 0, step 0, 6 times in all)",
            ),
            (marked().buffer(store()).buffer(increment(place).live(["feval"])), ""),
            // Integers, and rows through pointers.
            (
                Planted::step(
                    "ALLOCATE(counters, m); ALLOCATE(latest, m);\n\
                     for (int i = 0; i < 4; i++) counters[i] = INTEGER(i);\n\
                     BUFFER(integer) row = counters + 2; integer sum = row[1];\n\
                     latest[0] = sum; sum += counters[2];\n\
                     if (k == 1) sum += counters[0];\n\
                     return x + TO_REAL(sum) + TO_REAL(latest[0]);",
                )
                .buffer(integer(buffer("counters", 4, place)))
                .buffer(integer(BufferEntry::new("latest", 2).aliases("counters"))),
                "`probe.counters[0]` is read, but holds data of `probe.latest` (run 0, step 1)",
            ),
        ]
    });
    assert_told(cases.collect());
}

#[test]
fn a_child_called_in_a_wrong_phase() {
    // One allocates scratch, one is in a phase of its own, and one touches what persists.
    let scratch = Planted::new("scratch").buffer(buffer("kept", 1, Location::Shared)).text(
        "INLINE real SELF(call)(memory m, real x)\n\
         {\n    ALLOCATE(kept, m);\n    kept[0] = x;\n    return kept[0];\n}\n",
    );
    let marked = Planted::new("marked")
        .phases(Phases::new().phase("all"))
        .text("INLINE real SELF(call)(memory m, real x)\n{\n    PHASE(all);\n    return x;\n}\n");
    let persistent =
        Planted::new("persistent").buffer(buffer("kept", 1, Location::Local).persistent()).text(
            "INLINE real SELF(call)(memory m, real x)\n\
             {\n    ALLOCATE(kept, m);\n    kept[0] = kept[0] + x;\n    return kept[0];\n}\n",
        );
    let nested = Planted::new("nested").child("inner", scratch.clone(), []).text(
        "INLINE real SELF(call)(memory m, real x)\n{\n    return CHILD(inner, call)(m, x);\n}\n",
    );
    let wrong = "`probe_inner` is called in `feval`, which is not among its calls [SB016] \
                 (run 0, step 0, 3 times in all)";
    let mut cases = Vec::new();
    for (child, fault) in [(scratch, wrong), (marked, wrong), (nested, wrong), (persistent, "")] {
        for (phase, fault) in [("solve", ""), ("feval", fault)] {
            let body = format!("{{ PHASE({phase}); x = CHILD(inner, call)(m, x); }}\nreturn x;");
            let factory = Planted::step(&body).phases(phases());
            cases.push((factory.child("inner", child.clone(), ["base", "solve"]), fault));
        }
    }
    assert_told(cases);
}

#[test]
fn what_lives_from_step_to_step_persists() {
    let cases = PLACES.into_iter().flat_map(|place| {
        let keep = "ALLOCATE(kept, m); if (k == 0) kept[0] = x; return kept[0];";
        let phased = "ALLOCATE(kept, m);\n\
                      { PHASE(start); if (k > 0) x = kept[0] + kept[1]; }\n\
                      { PHASE(finish); kept[0] = x; kept[1] = x; }\nreturn x;";
        let fault = "`probe.kept[0]` is read, but what it held died with the call that wrote it \
                     (run 0, step 1, 2 times in all)";
        let phased_fault = "`probe.kept[0]` is read in `start`, but what it held died with the call \
                            that wrote it (run 0, step 1, 4 times in all)";
        let kept = || buffer("kept", 2, place);
        [
            (Planted::step(keep).buffer(kept()), fault),
            (Planted::step(keep).buffer(kept().persistent()), ""),
            (Planted::step(phased).phases(phases()).buffer(kept()), phased_fault),
            (Planted::step(phased).phases(phases()).buffer(kept().persistent()), ""),
            // A reset is a write.
            (Planted::step("ALLOCATE(kept, m); return kept[1];").buffer(kept().persistent()), ""),
        ]
    });
    assert_told(cases.collect());
}

#[test]
fn what_dies_between_two_lives() {
    let cases = PLACES.into_iter().flat_map(|place| {
        let body = |wrap: &str| {
            format!(
                "ALLOCATE(a, m);\n{{ PHASE(start); a[0] = x; a[1] = x; }}\n\
                 {{ PHASE(base); }} {{ PHASE(solve); }} {wrap}\n\
                 {{ PHASE(finish); if (k == 2) x = a[1]; }} return x;"
            )
        };
        let live = |entry: BufferEntry| entry.live(["start", "finish"]);
        [
            (
                Planted::step(&body("")).buffer(live(buffer("a", 2, place))),
                "`probe.a[1]` is read in `finish`, but what it held died in `base` [SB016] \
                 (run 0, step 2)",
            ),
            (
                Planted::step(&body("")).buffer(buffer("a", 2, place).part(1..2, ["start"])),
                "`probe.a[1]` is read in `finish`, where it is dead [SB016] (run 0, step 2)",
            ),
            // Written in its second life.
            (
                Planted::step(&body("{ PHASE(finish); a[1] = x; }"))
                    .buffer(live(buffer("a", 2, place))),
                "",
            ),
            (Planted::step(&body("")).buffer(buffer("a", 2, place)), ""),
        ]
        .map(|(factory, fault)| (factory.phases(phases()), fault))
    });
    assert_told(cases.collect());
}

/// A stage's base on the row of the accumulator that it is made of.
fn handoff(body: &str, place: Location) -> Planted {
    let body = format!(
        "ALLOCATE(accumulator, m); ALLOCATE(stage_base, m);\n\
         {{ PHASE(start); for (int i = 0; i < 4; i++) accumulator[i] = x; }}\n{body}\nreturn x;"
    );
    let row = buffer("accumulator", 4, place).live(["start"..="feval"]);
    Planted::step(&body)
        .phases(Phases::new().phase("start").phase("base").phase("solve").phase("feval"))
        .buffer(row.part(0..2, ["start"..="base"]))
        .buffer(
            BufferEntry::new("stage_base", 2)
                .aliases("accumulator")
                .live(["base"..="solve"])
                .handoff(),
        )
}

#[test]
fn a_handoff_passes_on_each_element() {
    let cases = PLACES.into_iter().flat_map(|place| {
        [
            (
                "{ PHASE(base); for (int i = 0; i < 2; i++) stage_base[i] = accumulator[i] + x; }\n\
                 { PHASE(solve); x = stage_base[0] + stage_base[1] + accumulator[3]; }",
                "",
            ),
            // As it is.
            ("{ PHASE(base); x = stage_base[0]; }\n{ PHASE(solve); x = x + stage_base[0]; }", ""),
            // Read, and then read again.
            (
                "{ PHASE(base); for (int i = 0; i < 2; i++) stage_base[i] = accumulator[i];\n\
                   if (k == 1) x = accumulator[1]; }",
                "`probe.accumulator[1]` is read in `base`, but holds data of `probe.stage_base`, written \
                 in `base` (run 0, step 1)",
            ),
            (
                "{ PHASE(base); x = stage_base[0]; if (k == 1) x = x + accumulator[0]; }",
                "`probe.accumulator[0]` is read in `base`, but holds data of `probe.stage_base`, written \
                 in `base` (run 0, step 1)",
            ),
            // Written again, too late.
            (
                "{ PHASE(base); stage_base[0] = accumulator[0]; accumulator[1] = x; stage_base[1] = x;\n\
                   if (k == 1) accumulator[0] = x; }\n\
                 { PHASE(solve); x = stage_base[1] + accumulator[2]; }",
                "`probe.accumulator[0]` is written in `base`, but was taken over by `probe.stage_base` \
                 (run 0, step 1)",
            ),
            (
                "{ PHASE(base); x = stage_base[1]; if (k == 2) accumulator[1] = x; }",
                "`probe.accumulator[1]` is written in `base`, but was taken over by `probe.stage_base` \
                 (run 0, step 2)",
            ),
            // Not in time.
            (
                "{ PHASE(base); stage_base[0] = accumulator[0]; }\n\
                 { PHASE(solve); x = stage_base[0]; if (k == 1) x = stage_base[1]; }",
                "`probe.stage_base[1]` is read in `solve`, but holds data of `probe.accumulator`, \
                 written in `start` (run 0, step 1)",
            ),
        ]
        .map(|(body, fault)| (handoff(body, place), fault))
    });
    assert_told(cases.collect());
}

#[test]
fn what_died_is_not_a_number() {
    let body = "ALLOCATE(guess, m); BUFFER(real) p = guess;\n\
                { PHASE(start); guess[0] = x; } { PHASE(solve); x = SELECT(EQ(x, x), p[0], x); } return x;";
    for place in PLACES {
        let factory = Planted::step(body).phases(phases());
        let factory = factory.buffer(buffer("guess", 1, place).live(["start"]));
        for build in Build::all([(Precision::F64, 1), (Precision::F32, 8)]).unwrap() {
            let (faults, poisoned) = factory.sanitize(&build, 3).unwrap();
            assert_eq!((faults.len(), poisoned.len()), (1, 3));
            assert!(poisoned.iter().all(|value| value.is_nan()), "{poisoned:?}");
            // A release does not look.
            assert_eq!(factory.release(&build, 3).unwrap(), [2.0; 3], "{build}");
        }
    }
}

#[test]
fn a_fault_names_its_run_and_step() {
    // Of the lanes side by side one alone reads what it should not.
    let body = "ALLOCATE(a, m); if (k == 2) x = SELECT(EQ(run, INTEGER(5)), a[1], x); return x;";
    let factory = Planted::step(body).buffer(buffer("a", 2, Location::Shared));
    let hosts = [(Precision::F64, 1), (Precision::F64, 4), (Precision::F32, 16)];
    for build in Build::all(hosts).unwrap() {
        let (faults, results) = factory.sanitize(&build, 7).unwrap();
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert_eq!(fault.kind, SanitizerFaultKind::NeverWritten);
        assert_eq!((fault.buffer.as_str(), fault.index), ("probe.a", 1));
        assert_eq!((fault.access, &fault.phase), (Access::Read, &None));
        assert_eq!((fault.run, fault.step, fault.times), (Some(5), Some(2), 1));
        let broken: Vec<_> = results.iter().map(|result| result.is_nan()).collect();
        assert_eq!(broken, [false, false, false, false, false, true, false]);
    }
}

#[test]
fn faults_are_told_once_and_are_not_endless() {
    let names: Vec<String> = (0..70).map(|i| format!("buffer{i}")).collect();
    let body: String = names
        .iter()
        .map(|name| {
            format!("ALLOCATE({name}, m); for (int i = 0; i < 5; i++) x = x + {name}[i];\n")
        })
        .collect();
    let factory = Planted::step(&format!("{body}return x;"));
    let factory = names
        .iter()
        .fold(factory, |factory, name| factory.buffer(buffer(name, 5, Location::Local)));
    // More runs than a GPU has threads for, so that one thread has several.
    for build in Build::all([(Precision::F64, 1)]).unwrap() {
        let (faults, _) = factory.sanitize(&build, 40).unwrap();
        assert_eq!(faults.len(), 64, "{build}");
        for (fault, name) in faults.iter().zip(&names) {
            assert_eq!(fault.buffer, format!("probe.{name}"), "{build}");
            assert_eq!((fault.run, fault.step), (Some(0), Some(0)), "{build}");
            assert_eq!(fault.times, 40 * 5 * STEPS as u64, "{build}");
        }
    }
}

/// Elements of every width, in every memory, in texts of every operator.
#[test]
fn sound_texts_raise_nothing_and_compute_the_same() {
    let body = "\
        ALLOCATE(wide, m); ALLOCATE(narrow, m); ALLOCATE(counts, m); ALLOCATE(state, m); ALLOCATE(row, m);\n\
        { PHASE(start);\n\
          for (int i = 0; i < 3; i++) { counts[i] = INTEGER(i); counts[i] += counts[i]; }\n\
          for (int i = 0; i < 4; i++) state[i] = x * TO_REAL(run) + TO_REAL(counts[2]);\n\
          total[0] = total[0] + state[1] / x; }\n\
        { PHASE(base); for (int i = 0; i < 2; i++) row[i] = SELECT(LT(x, state[i]), state[i], -state[i]); }\n\
        { PHASE(solve);\n\
          BUFFER(const real) p = row; BUFFER(real) q = row + 1;\n\
          q[0] = q[0] * p[0]; q[0] -= x; *row = MAX(p[0], p[1]) + ABS(row[1]);\n\
          for (int lane = 0; lane < BUFFERS_LANES; lane++)\n\
              x = x + SELECT(LT(row[0], row[1]), row[0], row[1]) * REAL(0.5); }\n\
        for (int i = 0; i < 2; i++) { wide[i] = wide[i] + wide[i]; narrow[i] = narrow[1 - i] * narrow[i]; }\n\
        return FMA(x, total[0], row[0]) + state[3];";
    for place in PLACES {
        let factory = Planted::step(&format!("ALLOCATE(total, m);\n{body}"))
            .phases(Phases::new().phase("start").phase("base").phase("solve"))
            .buffer(buffer("wide", 2, place).element(ElementType::F64).zero())
            .buffer(buffer("narrow", 2, place).element(ElementType::F32).zero())
            .buffer(buffer("counts", 3, place).element(ElementType::I32))
            .buffer(buffer("state", 4, place).part(0..2, ["start"..="base"]))
            .buffer(BufferEntry::new("row", 2).aliases("state").live(["base"..="solve"]).handoff())
            .buffer(buffer("total", 1, place).persistent());
        let hosts =
            [(Precision::F64, 1), (Precision::F32, 1), (Precision::F64, 8), (Precision::F32, 16)];
        for build in Build::all(hosts).unwrap() {
            let (faults, results) = factory.sanitize(&build, 21).unwrap();
            assert!(faults.is_empty(), "{build}: {faults:?}");
            let release = factory.release(&build, 21).unwrap();
            assert_eq!(results, release, "{build}");
            assert!(results[20] != results[19] && results[20].is_finite(), "{results:?}");
        }
    }
}

/// A sound step, with buffers of which each is needed in just the phases in which it is live.
fn sound(live: &[(&str, Vec<&str>)]) -> Planted {
    let body = "\
        ALLOCATE(guess, m); ALLOCATE(rhs, m); ALLOCATE(increment, m); ALLOCATE(weights, m);\n\
        { PHASE(start); guess[0] = x; weights[0] = x + x; }\n\
        for (int stage = 0; stage < 2; stage++) {\n\
            { PHASE(base); rhs[0] = guess[0] * weights[0]; if (stage > 0) x = x + increment[0]; }\n\
            { PHASE(solve); increment[0] = rhs[0] + x; }\n\
            { PHASE(feval); x = x + increment[0]; guess[0] = x; }\n\
        }\n\
        { PHASE(finish); x = x + guess[0]; } return x;";
    live.iter().fold(Planted::step(body).phases(phases()), |factory, (name, live)| {
        factory.buffer(buffer(name, 1, Location::Shared).live(live.iter().copied()))
    })
}

#[test]
fn a_live_range_that_lacks_a_phase_is_found() {
    let live = [
        ("guess", vec!["start", "base", "feval", "finish"]),
        ("rhs", vec!["base", "solve"]),
        ("increment", vec!["base", "solve", "feval"]),
        ("weights", vec!["start", "base", "solve", "feval"]),
    ];
    assert!(sound(&live).sanitize(&scalar(), 1).unwrap().0.is_empty());
    assert!(sound(&live).compile(&scalar()).unwrap().is_ok());
    // Where a buffer is touched the text does not compile; where it only holds data, it does.
    let untouched = [("weights", "solve"), ("weights", "feval")];
    for (position, (name, phases)) in live.iter().enumerate() {
        for phase in phases {
            let mut mutant = live.clone();
            mutant[position].1.retain(|other| other != phase);
            let mutant = sound(&mutant);
            let (faults, _) = mutant.sanitize(&scalar(), 1).unwrap();
            let first = faults.first().unwrap_or_else(|| panic!("{name} without {phase} survives"));
            assert_eq!(first.buffer, format!("probe.{name}"));
            assert!(first.to_string().contains(&format!("`{phase}`")), "{first}");
            let compiles = mutant.compile(&scalar()).unwrap().is_ok();
            assert_eq!(compiles, untouched.contains(&(*name, *phase)), "{name} without {phase}");
        }
    }
}
