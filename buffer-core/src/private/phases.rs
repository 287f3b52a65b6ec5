//! Phases and ranges of them, from the text that the derive writes.

use std::str::SplitWhitespace;
use std::sync::OnceLock;

use crate::phases::{LiveRange, Phases};

/// `solve,base..feval,feval..=base`; an empty text is no range.
pub(super) fn live_ranges(text: &str) -> Vec<LiveRange> {
    let ranges = text.split(',').filter(|range| !range.is_empty());
    ranges
        .map(|range| match (range.split_once("..="), range.split_once("..")) {
            (Some((start, end)), _) => LiveRange::from(start..=end),
            (None, Some((start, end))) => LiveRange::from(start..end),
            (None, None) => LiveRange::from(range),
        })
        .collect()
}

/// The phases of a factory, read when they are first asked for.
#[derive(Debug)]
pub struct DeclaredPhases {
    text: &'static str,
    phases: OnceLock<Phases>,
}

impl DeclaredPhases {
    /// `start stage { base solve } finish`
    pub const fn new(text: &'static str) -> Self {
        Self { text, phases: OnceLock::new() }
    }

    /// The phases.
    pub fn get(&self) -> &Phases {
        self.phases.get_or_init(|| phases(&mut self.text.split_whitespace()))
    }
}

/// The phases up to the end of the text, or of the loop.
fn phases(words: &mut SplitWhitespace<'_>) -> Phases {
    let mut all = Phases::new();
    let mut name = words.next();
    while let Some(phase) = name.filter(|name| *name != "}") {
        name = words.next();
        if name == Some("{") {
            all = all.repeat(phase, phases(words));
            name = words.next();
        } else {
            all = all.phase(phase);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let ranges = [
            LiveRange::from("start"),
            LiveRange::from("base".."feval"),
            LiveRange::from("feval"..="base"),
        ];
        assert_eq!(live_ranges("start,base..feval,feval..=base"), ranges);
        assert_eq!(live_ranges(""), []);
    }

    #[test]
    fn phases_and_nested_loops_are_read() {
        let newton = Phases::new().phase("residual").repeat("linear", Phases::new().phase("solve"));
        let stage = Phases::new().phase("base").repeat("newton", newton).phase("feval");
        let written = DeclaredPhases::new(
            "start stage { base newton { residual linear { solve } } feval } finish",
        );
        let phases = Phases::new().phase("start").repeat("stage", stage).phase("finish");
        assert_eq!(*written.get(), phases);
        assert_eq!(*DeclaredPhases::new("").get(), Phases::new());
    }
}
