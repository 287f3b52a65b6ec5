//! Marks of phases in kernel text, compiled by the system's compiler: what touches a dead buffer does
//! not compile, and what is compiled is the same without the marks.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

use buffer_core::{BufferEntry, BufferRegistry, LiveRange, Location, Phases, Precision, Target};

/// The header of a step whose increment lies where its guess was, which is dead from `solve` on.
fn header() -> String {
    let mut registry = BufferRegistry::new();
    let step = registry.factory("step").unwrap();
    let stage = Phases::new().phase("base").phase("solve");
    let phases = Phases::new().phase("start").repeat("stage", stage);
    registry.set_phases(step, phases).unwrap();
    let guess = BufferEntry::new("guess", 4).location(Location::Shared).live(["start"]);
    let increment = BufferEntry::new("increment", 4).aliases("guess").live(["stage"]);
    let sum = BufferEntry::new("sum", 3)
        .location(Location::Local)
        .live([LiveRange::from("solve")])
        .part(0..1, ["start"]);
    let none = BufferEntry::new("none", 0).location(Location::Local).live(["base"]);
    for entry in [guess, increment, sum, none] {
        registry.register(step, entry).unwrap();
    }
    let layout = registry.layout(step, &Target::host(1, Precision::F64).unwrap()).unwrap();
    layout.preamble() + &layout.header("step").unwrap()
}

/// A kernel that touches buffers in phases, with the marks of phases or without.
fn kernel(touches: &str, marks: bool) -> String {
    let header = header();
    let marks = if marks { "" } else { "#undef PHASE\n#define PHASE(name)\n" };
    format!(
        "{header}{marks}\
         void kernel(unsigned char *shared, double *out)\n{{\n\
         BUFFERS_MEMORY(m, shared, 0, 1);\n\
         ALLOCATE(guess, m);\nALLOCATE(increment, m);\nALLOCATE(sum, m);\nALLOCATE(none, m);\n\
         {touches}\n}}\n"
    )
}

fn compile(text: &str, language: &str) -> (Output, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (source, object) = (folder.path().join("kernel.c"), folder.path().join("kernel.o"));
    std::fs::write(&source, text).unwrap();
    let output = Command::new("cc")
        .current_dir(folder.path())
        .args(["-x", language, "-w", "-O2", "-c", "-o", "kernel.o", "kernel.c"])
        .output()
        .unwrap();
    (output, std::fs::read(object).unwrap_or_default())
}

/// The languages of kernel text that this machine has a compiler for.
fn languages() -> Vec<&'static str> {
    let works = |language: &&str| {
        let runs = Command::new("cc").arg("--version").output().is_ok()
            && compile("int nothing;", language).0.status.success();
        if !runs {
            println!("skipped: no compiler for {language}");
        }
        runs
    };
    ["c", "c++"].into_iter().filter(works).collect()
}

const SOUND: &str = "\
    { PHASE(start); guess[0] = out[0]; sum[0] = guess[0] * 2; out[0] = sum[0]; }\n\
    { PHASE(base); increment[1] = out[1]; out[1] = increment[1] + 1; (void)none; }\n\
    { PHASE(solve); sum[2] = increment[1]; out[2] = sum[2]; }";

#[test]
fn marks_cost_nothing() {
    for language in languages() {
        let (marked, with) = compile(&kernel(SOUND, true), language);
        assert!(marked.status.success(), "{}", String::from_utf8_lossy(&marked.stderr));
        let (_, without) = compile(&kernel(SOUND, false), language);
        assert!(!with.is_empty() && with == without, "the objects differ in {language}");
    }
}

#[test]
fn dead_buffers_do_not_compile() {
    let languages = languages();
    for (phase, buffer) in
        [("base", "guess"), ("solve", "guess"), ("start", "increment"), ("base", "sum")]
    {
        for use_of in
            ["X[0] = out[0];", "out[0] = X[0];", "out[0] = *X;", "out = X + 1;", "out = X;"]
        {
            let touch = format!("{{ PHASE({phase}); {} }}", use_of.replace('X', buffer));
            for language in &languages {
                let (refused, _) = compile(&kernel(&touch, true), language);
                let log = String::from_utf8_lossy(&refused.stderr);
                assert!(!refused.status.success(), "{touch} compiles as {language}");
                assert!(log.contains(buffer), "{log}");
                let (taken, _) = compile(&kernel(&touch, false), language);
                assert!(taken.status.success(), "{touch} is wrong for another reason");
            }
        }
    }
}

/// A kernel whose sum is zeroed where a phase of a loop begins, by its mark or by hand.
fn summing_kernel(by_marks: bool) -> String {
    let mut registry = BufferRegistry::new();
    let step = registry.factory("step").unwrap();
    let stage = Phases::new().phase("base").phase("solve").phase("feval");
    registry.set_phases(step, Phases::new().phase("start").repeat("stage", stage)).unwrap();
    for (name, location) in [("far", Location::Shared), ("near", Location::Local)] {
        let root = BufferEntry::new(name, 5).location(location).live(["start", "feval"]);
        let sum = BufferEntry::new(format!("{name}_sum"), 4).aliases(name).live(["base"..="solve"]);
        registry.register(step, root).unwrap();
        registry.register(step, if by_marks { sum.zero() } else { sum }).unwrap();
    }
    let layout = registry.layout(step, &Target::host(1, Precision::F64).unwrap()).unwrap();
    let (preamble, header) = (layout.preamble(), layout.header("step").unwrap());
    let zero = |name| match by_marks {
        true => String::new(),
        false => format!("for (int i = 0; i < SIZE({name}); i++) {name}[i] = 0;"),
    };
    let (far, near) = (zero("far_sum"), zero("near_sum"));
    format!(
        "{preamble}{header}\
         void kernel(unsigned char *shared, double *out, int stages, int i)\n{{\n\
         BUFFERS_MEMORY(m, shared, 0, 1);\n\
         ALLOCATE(far, m); ALLOCATE(near, m); ALLOCATE(far_sum, m); ALLOCATE(near_sum, m);\n\
         {{ PHASE(start); far[i] = out[0]; near[i] = out[1]; }}\n\
         for (int stage = 0; stage < stages; stage++) {{\n\
         {{ PHASE(base); {far} {near} far_sum[i] += out[2]; near_sum[i + 1] += out[3]; }}\n\
         {{ PHASE(solve); out[4] = far_sum[i + 2]; out[5] = near_sum[i + 3]; }}\n\
         {{ PHASE(feval); far[i + 4] = out[6]; near[i] = out[7]; }}\n\
         }}\n}}\n"
    )
}

#[test]
fn marks_that_zero_cost_what_zeroing_costs() {
    for language in languages() {
        let (marked, with) = compile(&summing_kernel(true), language);
        assert!(marked.status.success(), "{}", String::from_utf8_lossy(&marked.stderr));
        let (_, by_hand) = compile(&summing_kernel(false), language);
        assert!(!with.is_empty() && with == by_hand, "the objects differ in {language}");
    }
}
