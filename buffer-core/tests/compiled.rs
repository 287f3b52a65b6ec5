//! The generated C text, compiled by the system's compiler and run: every kind of buffer is
//! written, read back through its aliases, and reset lane by lane.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use buffer_core::{
    Buffer, BufferEntry, BufferRegistry, Buffers, ElementType, Instance, Layout, LiveRange,
    Location, Overflow, Packing, PlacedBuffer, Precision, Storage, Target, Width,
};

/// A kernel with a step inside it: buffers of every type in every storage, aliases of aliases, an
/// alias with storage of its own, and buffers of no elements.
fn registry() -> (BufferRegistry, buffer_core::FactoryId) {
    let mut registry = BufferRegistry::new();
    let kernel = registry.factory("kernel").unwrap();
    let step = registry.factory("euler").unwrap();
    let places = [
        ("shared", Location::Shared, false),
        ("shared_kept", Location::Shared, true),
        ("local", Location::Local, false),
        ("local_kept", Location::Local, true),
    ];
    let elements = [
        ("real", ElementType::Real),
        ("single", ElementType::F32),
        ("twice", ElementType::F64),
        ("count", ElementType::I32),
    ];
    for factory in [kernel, step] {
        for (place, location, persistent) in places {
            for (position, (element, ty)) in elements.into_iter().enumerate() {
                let name = format!("{element}_{place}");
                let mut entry =
                    BufferEntry::new(&name, 3 + position).element(ty).location(location);
                if persistent {
                    registry.register(factory, entry.persistent()).unwrap();
                    continue;
                }
                registry.register(factory, entry).unwrap();
                entry = BufferEntry::new(format!("{name}_a"), 2).element(ty).aliases(&name);
                registry.register(factory, entry).unwrap();
                entry = BufferEntry::new(format!("{name}_b"), 1).element(ty).aliases(&name);
                registry.register(factory, entry).unwrap();
                entry = BufferEntry::new(format!("{name}_aa"), 1)
                    .element(ty)
                    .aliases(format!("{name}_a"));
                registry.register(factory, entry).unwrap();
                entry = BufferEntry::new(format!("{name}_own"), 4)
                    .element(ty)
                    .aliases(&name)
                    .overflow(Overflow::Own);
                registry.register(factory, entry).unwrap();
            }
            let none = BufferEntry::new(format!("none_{place}"), 0).location(location);
            registry.register(factory, none).unwrap();
            let zeroed = BufferEntry::new(format!("zeroed_{place}"), 5).location(location).zero();
            registry.register(factory, zeroed).unwrap();
        }
    }
    registry.register_child(kernel, "step", step).unwrap();
    (registry, kernel)
}

fn scalar(buffer: &PlacedBuffer) -> &'static str {
    match buffer.entry().element_type() {
        ElementType::Real => "real_scalar",
        ElementType::F32 => "float",
        ElementType::F64 => "double",
        ElementType::I32 => "integer_scalar",
    }
}

/// Statements that run over the elements of a buffer and their lanes.
fn each_element(buffer: &PlacedBuffer, statement: &str) -> String {
    format!(
        "    for (int i = 0; i < SIZE({name}); i++) for (int lane = 0; lane < BUFFERS_LANES; lane++) {{\n\
         \x20       {scalar} *element = ({scalar} *)({name} + i) + lane;\n\
         \x20       {statement}\n\
         \x20   }}\n",
        name = buffer.name(),
        scalar = scalar(buffer),
    )
}

/// The functions of one instance: two that fill and check what lies in arenas, and one that does
/// both for the local arrays. Roots are filled; what aliases them is only read.
fn instance_text(instance: &Instance, next_code: &mut usize) -> String {
    let [mut fill, mut check, mut local, mut local_check] = [const { String::new() }; 4];
    let mut codes = BTreeMap::new();
    for buffer in instance.buffers() {
        let name = buffer.name();
        let is_local = buffer.storage() == Storage::Local;
        let allocate = format!("    ALLOCATE({name}, m);\n");
        let (fill, check) =
            if is_local { (&mut local, &mut local_check) } else { (&mut fill, &mut check) };

        let root = instance.buffer(buffer.root()).unwrap();
        let code = *codes.entry(root.name()).or_insert_with(|| {
            *next_code += 1;
            *next_code
        });
        let shift = buffer.range().start - root.range().start;
        let value = format!("(({code} * 16 + i + {shift}) * 64 + lane)");

        if is_local || buffer.parent().is_none() {
            fill.push_str(&allocate);
        }
        if buffer.size() == 0 {
            fill.push_str(&format!("    if ({name} != 0) failed(\"{name}\");\n"));
        } else if buffer.entry().is_zeroed() {
            let statement = format!("if (*element != 0) failed(\"{name}\"); else *element = 1;");
            fill.push_str(&each_element(buffer, &statement));
        } else {
            if buffer.parent().is_none() {
                fill.push_str(&each_element(buffer, &format!("*element = {value};")));
            }
            if !is_local {
                check.push_str(&allocate);
            }
            let kept = buffer.entry().is_persistent();
            let expected = if kept { format!("(reset[lane] ? 0 : {value})") } else { value };
            let statement = format!("if (*element != {expected}) failed(\"{name}\");");
            check.push_str(&each_element(buffer, &statement));
        }
    }
    format!(
        "static void SELF(fill)(memory m)\n{{\n{fill}}}\n\
         static void SELF(check)(memory m, const int *reset)\n{{\n{check}}}\n\
         static void SELF(local)(memory m)\n{{\n    (void)m;\n{local}{local_check}}}\n"
    )
}

fn program(layout: &Layout) -> String {
    let mut text = String::from(
        "#include <stdio.h>\n#include <string.h>\n\
         static int failures;\n\
         static void failed(const char *what) { puts(what); failures++; }\n",
    );
    text.push_str(&layout.preamble());
    let mut code = 0;
    // Children come before their parents.
    for instance in layout.instances().iter().rev() {
        text.push_str(&layout.header(instance.path()).unwrap());
        text.push_str(&instance_text(instance, &mut code));
    }
    let lanes = layout.target().lanes();
    let mask = if lanes == 1 {
        "int mask = round;"
    } else {
        "integer mask; for (int lane = 0; lane < BUFFERS_LANES; lane++) mask[lane] = -reset[lane];"
    };
    write!(
        text,
        "int main(void)\n{{\n\
         \x20   static unsigned char base[{bytes}] __attribute__((aligned({alignment})));\n\
         \x20   memset(base, 0xff, sizeof base);\n\
         \x20   BUFFERS_MEMORY(m, base, 0, 1);\n\
         \x20   for (int round = 0; round < 2; round++) {{\n\
         \x20       int reset[BUFFERS_LANES], none[BUFFERS_LANES] = {{0}};\n\
         \x20       for (int lane = 0; lane < BUFFERS_LANES; lane++) reset[lane] = (lane + round) % 2;\n\
         \x20       SELF(fill)(m);\n\
         \x20       CHILD(step, fill)(m);\n\
         \x20       SELF(check)(m, none);\n\
         \x20       CHILD(step, check)(m, none);\n\
         \x20       {mask}\n\
         \x20       buffers_reset(m, mask);\n\
         \x20       SELF(local)(m);\n\
         \x20       CHILD(step, local)(m);\n\
         \x20       SELF(check)(m, reset);\n\
         \x20       CHILD(step, check)(m, reset);\n\
         \x20   }}\n\
         \x20   return failures != 0;\n}}\n",
        bytes = layout.shared_bytes() * lanes,
        alignment = layout.shared_alignment(),
    )
    .unwrap();
    text
}

/// Compiles a program with optimisations and without, and runs it.
fn check_program(folder: &Path, name: &str, text: &str) {
    let source = folder.join(format!("{name}.c"));
    let executable = source.with_extension("out");
    std::fs::write(&source, text).unwrap();
    for optimise in ["-O0", "-O2"] {
        let compiled = Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-psabi"])
            // The names that marks give to what is dead are for no use.
            .args(["-Wno-unused-variable", optimise, "-o"])
            .args([&executable, &source])
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{name}: {log}\n{text}");
        let run = Command::new(&executable).output().unwrap();
        let output = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{name} {optimise}: {output}");
    }
}

#[test]
fn every_kind_of_buffer_is_written_read_and_reset() {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: no C compiler");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (registry, kernel) = registry();
    for precision in [Precision::F32, Precision::F64] {
        for lanes in [1, 8, 16] {
            let target = Target::host(lanes, precision).unwrap();
            let layout = registry.layout(kernel, &target).unwrap();
            check_program(folder.path(), &format!("{precision}_{lanes}"), &program(&layout));
        }
    }
}

/// Buffers that share bytes in `auto` packing, in shared memory and in local memory.
#[derive(Buffers, Default)]
#[buffers(prefix = "kernel", phases(first, second, third))]
struct Kernel {
    #[buffer(size = 20, location = "shared", live = [first])]
    guess: Buffer,
    #[buffer(size = 18, location = "shared", live = [second, third])]
    sum: Buffer,
    #[buffer(size = 3, location = "shared", live = [first, second])]
    flags: Buffer<i32>,
    #[buffer(size = 2, location = "shared", live = [third])]
    marks: Buffer<i32>,
    #[buffer(size = 20, location = "local", live = [first, second])]
    stages: Buffer,
    #[buffer(size = 5, aliases = "stages", live = [third])]
    inside: Buffer,
    #[buffer(size = 30, location = "local", live = [third])]
    error: Buffer,
    #[buffer(size = 17, location = "local", live = [first])]
    counts: Buffer<i32>,
    #[buffer(size = 4, location = "local")]
    small: Buffer,
    #[buffer(size = 4, location = "local", persistent)]
    kept: Buffer,
    #[buffer(size = 19, location = "shared", live = [third], zero)]
    zeroed: Buffer,
    #[buffer(size = 18, location = "local", live = [second], zero)]
    local_zeroed: Buffer,
    #[child(call = second)]
    solver: Part,
    #[child(call = [first, third])]
    output: Part,
}

#[derive(Buffers, Default)]
#[buffers(prefix = "part", phases(begin, end))]
struct Part {
    #[buffer(size = 6, location = "shared", live = [begin])]
    before: Buffer,
    #[buffer(size = 7, location = "shared", live = [end])]
    after: Buffer,
    #[buffer(size = 19, location = "local", live = [begin])]
    local_before: Buffer<f64>,
    #[buffer(size = 18, location = "local", live = [end])]
    local_after: Buffer<f64>,
    #[buffer(size = 21, location = "local")]
    throughout: Buffer<i32>,
    #[buffer(size = 1, location = "shared", persistent)]
    shared_kept: Buffer,
    #[buffer(size = 5, location = "shared", live = [end], zero)]
    zeroed: Buffer,
    #[buffer(size = 3, aliases = "local_before", live = [end], zero)]
    local_zeroed: Buffer<f64>,
}

/// A function that goes through the phases of an instance: a buffer is filled in the first phase of
/// its own, and read in each of them, before and after the children are called. Where it begins with
/// zeros, those are read before.
fn phases_text(instance: &Instance, phases: &[&str], calls: &[(&str, &[&str])]) -> String {
    let mut text = String::from("static void SELF(run)(memory m)\n{\n");
    let buffers = instance.buffers();
    for buffer in buffers {
        writeln!(text, "    ALLOCATE({}, m);", buffer.name()).unwrap();
    }
    let is_live = |buffer: &PlacedBuffer, phase: &str| {
        let ranges = buffer.entry().live_ranges();
        ranges.is_empty() || ranges.contains(&LiveRange::from(phase))
    };
    for phase in phases {
        writeln!(text, "{{   PHASE({phase});").unwrap();
        let live = || buffers.iter().enumerate().filter(|(_, buffer)| is_live(buffer, phase));
        for (code, buffer) in live() {
            let starts = phases.iter().find(|phase| is_live(buffer, phase)) == Some(phase);
            if starts {
                if buffer.entry().is_zeroed() {
                    let check = format!("if (*element != 0) failed(\"{}\");", buffer.name());
                    text.push_str(&each_element(buffer, &check));
                }
                let fill = format!("*element = ({code} * 64 + i) * 64 + lane;");
                text.push_str(&each_element(buffer, &fill));
            }
        }
        let read: String = live()
            .map(|(code, buffer)| {
                let name = buffer.name();
                let differs = format!("*element != ({code} * 64 + i) * 64 + lane");
                each_element(buffer, &format!("if ({differs}) failed(\"{name} in {phase}\");"))
            })
            .collect();
        text.push_str(&read);
        for (child, _) in calls.iter().filter(|(_, phases)| phases.contains(phase)) {
            writeln!(text, "    CHILD({child}, run)(m);").unwrap();
        }
        text.push_str(&read);
        text.push_str("}\n");
    }
    text + "}\n"
}

#[test]
fn what_is_overlaid_keeps_its_contents_while_it_is_live() {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: no C compiler");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for packing in [Packing::Declared, Packing::Auto] {
        let mut registry = BufferRegistry::new();
        registry.set_packing(packing);
        let kernel = registry.add(&Kernel::default()).unwrap();
        for (precision, lanes) in [(Precision::F32, 1), (Precision::F64, 1), (Precision::F64, 8)] {
            let layout = registry.layout(kernel, &Target::host(lanes, precision).unwrap()).unwrap();
            let footprints =
                Width::ALL.map(|w| [layout.shared_footprint(w), layout.local_footprint(w)]);
            let saved = footprints.as_flattened().iter().filter(|one| one.packed < one.declared);
            assert_eq!(saved.count() > 1, packing == Packing::Auto, "{layout}");

            let mut text = String::from(
                "#include <stdio.h>\nstatic int failures;\n\
                 static void failed(const char *what) { puts(what); failures++; }\n",
            );
            text.push_str(&layout.preamble());
            for path in ["solver", "output", "kernel"] {
                let instance = layout.instance(path).unwrap();
                text.push_str(&layout.header(path).unwrap());
                text.push_str(&match path {
                    "kernel" => phases_text(
                        instance,
                        &["first", "second", "third"],
                        &[("solver", &["second"]), ("output", &["first", "third"])],
                    ),
                    _ => phases_text(instance, &["begin", "end"], &[]),
                });
            }
            let (bytes, alignment) = (layout.shared_bytes() * lanes, layout.shared_alignment());
            write!(
                text,
                "int main(void)\n{{\n    \
                 static unsigned char base[{bytes}] __attribute__((aligned({alignment})));\n    \
                 BUFFERS_MEMORY(m, base, 0, 1);\n    SELF(run)(m);\n    SELF(run)(m);\n    \
                 return failures != 0;\n}}\n",
            )
            .unwrap();
            check_program(folder.path(), &format!("{packing}_{precision}_{lanes}"), &text);
        }
    }
}
