//! The derive and the registry see the same rules, and say the same of them.

// What cannot be read fails the test, in its helpers too.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use buffer_core::{ElementType, Fault, Location};

/// One fault for each rule that the derive sees too, with the names of a pinned case.
fn shared_faults() -> Vec<Fault> {
    let (k1, stage, stages) = (|| "k1".to_owned(), || "stage".to_owned(), || "stages".to_owned());
    vec![
        Fault::NotAnIdentifier { name: "größe".to_owned() },
        Fault::ReservedName {
            name: "volatile".to_owned(),
            what: "buffer",
            meaning: "a keyword of C",
        },
        Fault::MissingLocation { name: "a".to_owned() },
        Fault::NeedlessOverflow { name: "c".to_owned() },
        Fault::PersistentZero { name: "a".to_owned() },
        Fault::ZeroHandoff { name: "row".to_owned() },
        Fault::ZeroBeginning {
            name: "sums".to_owned(),
            phase: "base".to_owned(),
            dead: "start".to_owned(),
            live: "feval".to_owned(),
        },
        Fault::AliasUnknown { name: k1(), parent: stage(), suggestion: Some(stages()) },
        Fault::AliasSelf { name: k1() },
        Fault::AliasLater { name: k1(), parent: stages() },
        Fault::AliasChild { name: k1(), parent: "solver".to_owned() },
        Fault::LiveTogether {
            name: "increment".to_owned(),
            live: "`solve..=finish`".to_owned(),
            parent: "predictor".to_owned(),
            parent_live: "`start..=solve`".to_owned(),
            shared: "`solve`".to_owned(),
        },
        Fault::PhaseName { phase: "volatile".to_owned(), reason: "a keyword of C" },
        Fault::DuplicatePhase { phase: "start".to_owned() },
        Fault::EmptyLoop { phase: stage() },
        Fault::TooManyPhases { count: 65 },
        Fault::UnknownPhase {
            name: "near".to_owned(),
            phase: "slove".to_owned(),
            suggestion: Some("solve".to_owned()),
        },
        Fault::EmptyRange { name: "same".to_owned(), range: "base..base".to_owned() },
        Fault::BackwardsRange { name: "no_loop".to_owned(), range: "finish..=start".to_owned() },
        Fault::PartOutside { name: "reversed".to_owned(), start: 2, end: 1, holds: 3 },
        Fault::PersistentLive { name: "cache".to_owned() },
        Fault::PersistentParent { name: k1(), parent: "cache".to_owned() },
        Fault::PersistentAlias { name: "cache".to_owned(), parent: stages() },
        Fault::LocationMismatch {
            name: k1(),
            location: Location::Local,
            parent: stages(),
            parent_location: Location::Shared,
        },
        Fault::ElementMismatch {
            name: k1(),
            element: ElementType::I32,
            parent: stages(),
            parent_element: ElementType::Real,
        },
        Fault::DoesNotFit {
            name: "second".to_owned(),
            parent: "parent".to_owned(),
            holds: 50,
            taken: 30,
            needs: 21,
        },
        Fault::NegativeSize { name: "a".to_owned(), value: "-1".to_owned() },
        Fault::OverflowingSize { name: "a".to_owned() },
        Fault::OutsideBounds {
            variable: "N".to_owned(),
            value: "17".to_owned(),
            bound: "1 <= N <= 16".to_owned(),
        },
    ]
}

/// The files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The first line of every pinned error, without what the compiler adds.
fn pinned_headlines() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    let pinned =
        files(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "stderr"));
    let mut headlines = BTreeSet::new();
    for path in pinned {
        for line in fs::read_to_string(path).unwrap().lines() {
            if let Some((start, headline)) = line.split_once(": ")
                && start.starts_with("error")
            {
                let headline = headline.trim_start_matches("evaluation panicked: ");
                headlines.insert(headline.replace("buffer_core::Real", "Real"));
            }
        }
    }
    headlines
}

#[test]
fn shared_rules_have_one_headline() {
    let pinned = pinned_headlines();
    for fault in shared_faults() {
        let text = fault.to_string();
        let headline = text.lines().next().unwrap();
        assert!(pinned.contains(headline), "no pinned diagnostic says: {headline}");
    }
}

#[test]
fn sizes_have_one_limit() {
    let text = Fault::OverflowingSize { name: "a".to_owned() }.to_string();
    let pinned = include_str!("ui/fail/size/overflowing_literal.stderr");
    let help = text.lines().nth(1).unwrap();
    assert!(pinned.contains(help), "not pinned: {help}");
}

#[test]
fn every_failing_case_is_pinned() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    let files: BTreeSet<PathBuf> = files(&folder).into_iter().collect();
    for path in &files {
        let twin = if path.extension().is_some_and(|extension| extension == "rs") {
            path.with_extension("stderr")
        } else {
            path.with_extension("rs")
        };
        assert!(files.contains(&twin), "{} stands alone", path.display());
    }
}

/// A package of macros can lend no code to the package that re-exports it, and that one keeps its own
/// private, so each holds these files.
#[test]
fn packages_know_the_same_names_and_phases() {
    macro_rules! assert_same {
        ($($file:literal in $package:literal),*) => {$(
            let of_the_registry = include_str!(concat!("../../buffer-core/src/", $file));
            let of_the_other = include_str!(concat!("../../", $package, "/src/", $file));
            let differ = concat!($file, " of buffer-core and ", $package, " differ");
            assert!(of_the_registry == of_the_other, "{differ}; copy one over the other");
        )*};
    }
    assert_same!(
        "names.rs" in "buffer-macros",
        "phase_order.rs" in "buffer-macros",
        "suggest.rs" in "buffer-macros",
        "suggest.rs" in "integrators"
    );
}
