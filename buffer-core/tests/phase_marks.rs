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
