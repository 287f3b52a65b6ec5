//! Faults put into the planner and the checker, each of which some test must notice.
//!
//! A copy of the package gets all of them at once, each behind a switch, so that it is built only
//! once. With no switch on all tests of the copy pass; with one on some fail. Tests that take long
//! are left out, so what is shown is that the others notice.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An expression that stands in a file once, and wrong ones in its place.
struct Site {
    file: &'static str,
    expression: &'static str,
    /// What is wrong, in words and in Rust.
    faults: &'static [(&'static str, &'static str)],
}

const fn site(
    file: &'static str,
    expression: &'static str,
    faults: &'static [(&'static str, &'static str)],
) -> Site {
    Site { file, expression, faults }
}

const SITES: &[Site] = &[
    // Plans of blocks.
    site(
        "overlay.rs",
        "start + block.size <= other",
        &[
            ("`<` for `<=` at the end of a gap", "start + block.size < other"),
            ("a gap that is one element too small is taken", "start + block.size <= other + 1"),
            ("the size of the block is forgotten", "start <= other"),
        ],
    ),
    site(
        "overlay.rs",
        "start.max(end)",
        &[
            ("behind the start of a neighbour, not its end", "start.max(other)"),
            ("behind the last neighbour, not the highest", "end"),
        ],
    ),
    site("overlay.rs", "extent.max(end)", &[("the end of the last block for that of all", "end")]),
    site(
        "overlay.rs",
        "placed.partition_point(|&(other, _, _)| other <= start)",
        &[("neighbours in the order of placement", "placed.len()")],
    ),
    site(
        "overlay.rs",
        "block.lives_with(*live)",
        &[
            ("all blocks are live together", "*live == *live"),
            ("no blocks are live together", "*live != *live"),
        ],
    ),
    site(
        "overlay.rs",
        "plan.extent < best.extent",
        &[("the longest plan is kept", "plan.extent > best.extent")],
    ),
    site(
        "overlay.rs",
        "loads.into_iter().max()",
        &[("the load of the first phase for that of all", "loads.into_iter().next()")],
    ),
    // Places of aliases in their parents.
    site(
        "packing.rs",
        "alias.size <= parent.size - before",
        &[
            ("`<` for `<=` at the end of a parent", "alias.size < parent.size - before"),
            ("what is taken is forgotten", "alias.size <= parent.size"),
        ],
    ),
    site(
        "packing.rs",
        "if fits {\n                *taken += alias.size;\n            }",
        &[("the cursor moves on a misfit", "*taken = parent.size.min(before + alias.size);")],
    ),
    // Windows in arenas.
    site(
        "planner.rs",
        "if section.storage.is_persistent() { always() } else { calls }",
        &[
            ("a child's persistent window is overlaid", "calls"),
            ("a child's calls are forgotten, as if always", "always()"),
            ("a child's calls are taken for the first phase", "PhaseSet::of(0..1)"),
        ],
    ),
    site(
        "planner.rs",
        "parent.start.checked_add(fit.taken)?",
        &[("all aliases begin with their parent", "parent.start")],
    ),
    site(
        "planner.rs",
        "block.live.union(live)",
        &[("an alias does not keep its root alive", "block.live")],
    ),
    site(
        "planner.rs",
        "overlaid && root.entry.element == ElementType::I32",
        &[("integers lie on reals", "false")],
    ),
    site(
        "planner.rs",
        "Self { storage, width: root.width, integers }",
        &[("all widths in one arena", "Self { storage, width: Width::Four, integers }")],
    ),
    site(
        "planner.rs",
        "before.checked_add(*end)?",
        &[
            ("shared scratch begins where persistent memory does", "*end"),
            ("every section begins with its arena", "before"),
        ],
    ),
    site("planner.rs", "elements | 1", &[("an even stride", "elements")]),
    site(
        "layout.rs",
        "root.size > BufferEntry::MOST_UNROLLED",
        &[
            (
                "`>=` for `>` at the largest array of its own",
                "root.size >= BufferEntry::MOST_UNROLLED",
            ),
            ("local memory is not reused", "root.size > usize::MAX / 2"),
        ],
    ),
    // The checker.
    site(
        "checker.rs",
        "end_of(first).is_none_or(|end| second.start < end)",
        &[(
            "`<=` for `<` at the end of a buffer",
            "end_of(first).is_none_or(|end| second.start <= end)",
        )],
    ),
    site(
        "checker.rs",
        "end_of(second).is_none_or(|end| first.start < end)",
        &[(
            "one element in common is none",
            "end_of(second).is_none_or(|end| first.start + 1 < end)",
        )],
    ),
    site(
        "checker.rs",
        "kept || self.may_meet(first, second)",
        &[
            ("persistent buffers are dead between calls", "self.may_meet(first, second)"),
            ("lifetimes are not looked at", "kept"),
            ("whatever shares bytes is refused", "kept || first.position <= usize::MAX"),
        ],
    ),
    site(
        "checker.rs",
        "Timeline::new(&parent.phases).during(&instance.calls)",
        &[
            (
                "calls are read in the phases of the child",
                "Timeline::new(&instance.phases).during(&instance.calls)",
            ),
            ("calls are forgotten", "Timeline::new(&parent.phases).during(&[])"),
        ],
    ),
    site(
        "checker.rs",
        "first.is_integer() != second.is_integer()",
        &[("types are not looked at", "false")],
    ),
    site("checker.rs", "stride % 2 == 1", &[("an even stride will do", "stride > 0")]),
    site(
        "checker.rs",
        "parent.start <= buffer.start && end_of(buffer) <= end_of(parent)",
        &[("an alias may begin before its parent", "end_of(buffer) <= end_of(parent)")],
    ),
    site(
        "checker.rs",
        "buffer.width == self.target.width(buffer.entry.element)",
        &[("widths are not looked at", "true")],
    ),
    // Its reading of lifetimes.
    site(
        "timeline.rs",
        "at + 1 == end.end",
        &[("the last phase of a range is left out", "at + 2 >= end.end")],
    ),
    site(
        "timeline.rs",
        "around.contains(&first) != around.contains(&at)",
        &[("a loop is not run again", "around.is_empty()")],
    ),
    site(
        "timeline.rs",
        "in_parts < entry.size",
        &[("elements outside of all parts are forgotten", "in_parts == 0")],
    ),
    // What is told of a layout.
    site(
        "occupancy.rs",
        "block.shared_bytes + multiprocessor.reserved_shared_bytes",
        &[("the reserved 1 KiB is forgotten", "block.shared_bytes")],
    ),
    site(
        "footprint.rs",
        "padded(elements).saturating_mul(width.bytes())",
        &[("padding to an odd stride is forgotten", "elements.saturating_mul(width.bytes())")],
    ),
];

/// Tests of the copy that take long.
const LONG: [&str; 4] = [
    "plans_of_many_blocks_are_near_the_shortest",
    "all_plans_of_up_to_four_small_blocks",
    "plans_are_sound_and_no_longer_than_declared",
    "equal_declarations_give_equal_plans",
];

/// A copy of the package.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// All switches are in it, and off.
    fn new(workspace: &Path) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let package = folder.join("buffer-core");
        // What is left of an earlier run might be of a file that is no more.
        fs::remove_dir_all(&folder).ok();
        for part in ["src", "tests", "benches", "examples"] {
            copy(&workspace.join("buffer-core").join(part), &package.join(part));
        }
        let manifest = workspace.join("buffer-core/Cargo.toml");
        fs::copy(manifest, package.join("Cargo.toml")).unwrap();
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        let root = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
        let macros = workspace.join("buffer-macros");
        let root = root.lines().map(|line| match line {
            _ if line.starts_with("members = ") => "members = [\"buffer-core\"]\n".to_owned(),
            _ => line.replace("path = \"buffer-macros\"", &format!("path = {macros:?}")) + "\n",
        });
        fs::write(folder.join("Cargo.toml"), root.collect::<String>()).unwrap();
        let copy = Self { folder };
        copy.insert_switches();
        copy
    }

    fn insert_switches(&self) {
        let mut number = 0;
        for Site { file, expression, faults } in SITES {
            let path = self.folder.join("buffer-core/src").join(file);
            let text = fs::read_to_string(&path).unwrap();
            let found = text.matches(expression).count();
            assert_eq!(found, 1, "`{expression}` stands in {file} {found} times");
            let mut switched = String::from("{ ");
            for (_, mutated) in *faults {
                number += 1;
                switched += &format!("if crate::is_on({number}) {{ {mutated} }} else ");
            }
            switched += &format!("{{ {expression} }} }}");
            fs::write(&path, text.replace(expression, &switched)).unwrap();
        }
        let path = self.folder.join("buffer-core/src/lib.rs");
        let text = fs::read_to_string(&path).unwrap();
        let switch = "/// Whether a fault is switched on.\n\
                      fn is_on(number: usize) -> bool {\n    \
                      static ON: std::sync::LazyLock<Option<usize>> = std::sync::LazyLock::new(|| {\n        \
                      std::env::var(\"BUFFERS_MUTANT\").ok()?.parse().ok()\n    });\n    \
                      *ON == Some(number)\n}\n";
        fs::write(path, text + switch).unwrap();
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        cargo.current_dir(&self.folder).args(["test", "--offline", "--target-dir"]).arg(target);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        cargo.args(["--lib", "--test", "auto", "--test", "layout"]).args(arguments);
        // Backtraces and shortest counterexamples take long, and nobody reads them.
        cargo.env("RUST_BACKTRACE", "0").env("PROPTEST_MAX_SHRINK_ITERS", "0");
        cargo
    }

    /// The tests that fail with a switch on; none is 0.
    fn failures(&self, number: usize) -> Vec<String> {
        let skip = LONG.iter().flat_map(|test| ["--skip", test]);
        let arguments: Vec<_> = ["--quiet", "--"].into_iter().chain(skip).collect();
        let mut cargo = self.cargo(&arguments);
        let output = cargo.env("BUFFERS_MUTANT", number.to_string()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let name = |line: &str| {
            let name = line.strip_prefix("---- ")?.strip_suffix(" stdout ----")?;
            Some(name.to_owned())
        };
        let failures: Vec<_> = text.lines().filter_map(name).collect();
        assert_eq!(output.status.success(), failures.is_empty(), "{number}: {output:?}");
        failures
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}

#[test]
fn every_fault_is_noticed_by_a_test() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    if !workspace.join("buffer-macros").exists() {
        println!("skipped: the package is not in its workspace");
        return;
    }
    let copy = Copy::new(workspace);
    let built = copy.cargo(&["--no-run"]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert_eq!(copy.failures(0), [""; 0], "tests fail without a fault");

    let faults: Vec<_> = SITES
        .iter()
        .flat_map(|site| site.faults.iter().map(|fault| (site.file, fault.0)))
        .collect();
    let next = AtomicUsize::new(0);
    let unnoticed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((file, what)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let number =
                        1 + faults.iter().position(|fault| fault == &(*file, *what)).unwrap();
                    let failures = copy.failures(number);
                    match failures.first() {
                        Some(first) => println!("{file}: {what}: noticed by `{first}`"),
                        None => unnoticed.lock().unwrap().push(format!("{file}: {what}")),
                    }
                }
            });
        }
    });
    let unnoticed = unnoticed.into_inner().unwrap();
    assert!(unnoticed.is_empty(), "no test notices: {unnoticed:#?}");
    println!("{} faults are noticed", faults.len());
}
