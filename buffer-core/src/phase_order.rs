//! The order of phases, and which of them a live range covers.
//!
//! What holds data at one end of a loop's body may be needed at the other, since the body runs again.
//! So a range with one end inside a loop covers all of it, and a range whose start comes after its end
//! goes round the loop that holds both.

use std::ops::Range;

/// Phases of one factory, which are the bits of a [`PhaseSet`].
pub(crate) const MOST_PHASES: usize = 64;

/// A set of phases, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PhaseSet(u64);

impl PhaseSet {
    /// Some phases in a row. Those beyond the most there can be are left out.
    pub(crate) fn of(positions: Range<usize>) -> Self {
        let end = positions.end.min(MOST_PHASES);
        Self((positions.start..end).fold(0, |bits, position| bits | 1 << position))
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One bit for each phase, the first one lowest.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn contains(self, position: usize) -> bool {
        position < MOST_PHASES && self.bits() >> position & 1 == 1
    }
}

/// Why a range covers no phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeFault {
    /// It ends where it starts.
    Empty,
    /// It starts after its end, and no loop holds both.
    Backwards,
}

/// Why data cannot be handed over from one buffer to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffFault {
    /// There is no phase in which both are live.
    Apart,
    /// There are several.
    Together,
    /// The one that hands over is live in a phase that follows.
    Kept,
    /// The one that takes over is live in a phase that precedes.
    Taken,
}

/// Phases in the order in which they run, some of them in loops.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PhaseOrder {
    phases: Vec<String>,
    /// The names of loops and the positions of their phases, each before the loops inside it.
    loops: Vec<(String, Range<usize>)>,
}

impl PhaseOrder {
    /// No phases.
    pub(crate) const fn new() -> Self {
        Self { phases: Vec::new(), loops: Vec::new() }
    }

    /// Adds a phase behind the others.
    pub(crate) fn push(&mut self, phase: String) {
        self.phases.push(phase);
    }

    /// Adds a loop behind the other phases.
    pub(crate) fn push_loop(&mut self, name: String, body: Self) {
        let start = self.phases.len();
        self.phases.extend(body.phases);
        self.loops.push((name, start..self.phases.len()));
        let inner = body.loops.into_iter();
        self.loops
            .extend(inner.map(|(name, range)| (name, start + range.start..start + range.end)));
    }

    /// The number of phases.
    pub(crate) fn len(&self) -> usize {
        self.phases.len()
    }

    /// The names of the phases, in order.
    pub(crate) fn phases(&self) -> impl Iterator<Item = &str> {
        self.phases.iter().map(String::as_str)
    }

    /// The names of phases and loops.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.phases().chain(self.loops.iter().map(|(name, _)| name.as_str()))
    }

    /// The loops without phases.
    pub(crate) fn empty_loops(&self) -> impl Iterator<Item = &str> {
        self.loops.iter().filter(|(_, range)| range.is_empty()).map(|(name, _)| name.as_str())
    }

    /// All phases.
    pub(crate) fn all(&self) -> PhaseSet {
        PhaseSet::of(0..self.phases.len())
    }

    /// The positions of a phase, or of the phases of a loop.
    pub(crate) fn find(&self, name: &str) -> Option<Range<usize>> {
        match self.phases.iter().position(|phase| phase == name) {
            Some(position) => Some(position..position + 1),
            None => {
                self.loops.iter().find(|(other, _)| other == name).map(|(_, range)| range.clone())
            }
        }
    }

    /// The phases of a range from one phase or loop to another, which it includes or ends before.
    pub(crate) fn cover(
        &self,
        start: &Range<usize>,
        end: &Range<usize>,
        inclusive: bool,
    ) -> Result<PhaseSet, RangeFault> {
        let (passed, last) = self.pass(start, end, inclusive)?;
        let cut = self.cut(start.start, last);
        Ok(cut.fold(passed, |covered, (_, range)| covered.union(PhaseSet::of(range.clone()))))
    }

    /// The loops of which a range covers more than it passes, since one of its ends lies inside.
    pub(crate) fn widened(
        &self,
        start: &Range<usize>,
        end: &Range<usize>,
        inclusive: bool,
    ) -> Vec<&str> {
        let Ok((passed, last)) = self.pass(start, end, inclusive) else { return Vec::new() };
        let is_passed = |range: &Range<usize>| {
            let range = PhaseSet::of(range.clone());
            passed.intersection(range) == range
        };
        let widened = self.cut(start.start, last).filter(|(_, range)| !is_passed(range));
        widened.map(|(name, _)| name.as_str()).collect()
    }

    /// The phases on the way from one end of a range to the other, and the last one of them.
    fn pass(
        &self,
        start: &Range<usize>,
        end: &Range<usize>,
        inclusive: bool,
    ) -> Result<(PhaseSet, usize), RangeFault> {
        let first = start.start;
        let stop = if inclusive { end.end } else { end.start };
        if first == stop && !inclusive {
            return Err(RangeFault::Empty);
        }
        if first < stop {
            return Ok((PhaseSet::of(first..stop), stop - 1));
        }
        let holds_both = |range: &&Range<usize>| {
            range.contains(&first) && range.start <= end.start && end.end <= range.end
        };
        let loops = self.loops.iter().map(|(_, range)| range).filter(holds_both);
        let round = loops.min_by_key(|range| range.len()).ok_or(RangeFault::Backwards)?;
        let last = if stop == round.start { round.end } else { stop } - 1;
        Ok((PhaseSet::of(first..round.end).union(PhaseSet::of(round.start..stop)), last))
    }

    /// The loops with one of two phases inside.
    fn cut(&self, first: usize, last: usize) -> impl Iterator<Item = &(String, Range<usize>)> {
        let is_cut = move |range: &Range<usize>| range.contains(&first) != range.contains(&last);
        self.loops.iter().filter(move |(_, range)| is_cut(range))
    }

    /// Whether data moves from what is live in one set to what is live in another: in one phase,
    /// after which the first is dead, and before which the second is not live.
    pub(crate) fn hand_over(&self, from: PhaseSet, to: PhaseSet) -> Result<(), HandoffFault> {
        let shared = from.intersection(to);
        let mut phases = (0..self.phases.len()).filter(|&phase| shared.contains(phase));
        let phase = phases.next().ok_or(HandoffFault::Apart)?;
        if phases.next().is_some() {
            return Err(HandoffFault::Together);
        }
        // At the end of a loop it begins again, or ends.
        let ranges = self.loops.iter().map(|(_, range)| range);
        let again = ranges.filter(|range| range.end == phase + 1).map(|range| range.start);
        if again.chain([phase + 1]).any(|next| from.contains(next)) {
            return Err(HandoffFault::Kept);
        }
        if self.before(phase).any(|previous| to.contains(previous)) {
            return Err(HandoffFault::Taken);
        }
        Ok(())
    }

    /// The phases that run directly before a phase: the one above it, and the last ones of loops that
    /// begin with it.
    pub(crate) fn before(&self, phase: usize) -> impl Iterator<Item = usize> {
        let loops = self.loops.iter().map(|(_, range)| range);
        let again = loops.filter(move |range| range.start == phase);
        let again = again.filter_map(|range| range.clone().next_back());
        phase.checked_sub(1).into_iter().chain(again)
    }

    /// A phase in which what is live in a set may either begin or go on, by which phase ran before:
    /// its name, and those of a phase before it in which it is dead, and of one in which it is live.
    pub(crate) fn unclear_beginning(&self, live: PhaseSet) -> Option<(&str, &str, &str)> {
        let name = |phase: usize| self.phases.get(phase).map(String::as_str);
        (0..self.phases.len()).filter(|&phase| live.contains(phase)).find_map(|phase| {
            let dead = self.before(phase).find(|&before| !live.contains(before))?;
            let alive = self.before(phase).find(|&before| live.contains(before))?;
            Some((name(phase)?, name(dead)?, name(alive)?))
        })
    }

    /// The phases of a buffer's ranges; the loops that they were widened to are told apart.
    pub(crate) fn describe_widened(&self, set: PhaseSet, widened: &[&str]) -> String {
        let phases = self.describe(set);
        if widened.is_empty() {
            return phases;
        }
        let loops: Vec<_> = widened.iter().map(|name| format!("`{name}`")).collect();
        format!("{phases} (a range with one end inside a loop covers it: {})", loops.join(", "))
    }

    /// The phases of a set, as ranges that cover no more.
    pub(crate) fn describe(&self, set: PhaseSet) -> String {
        if set == self.all() {
            return "all phases".to_owned();
        }
        let mut ranges = Vec::new();
        let mut rest = self.phases.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            let position = self.phases.len() - rest.len();
            let live = (position..).take_while(|&position| set.contains(position)).count();
            let covers_no_more = |&count: &usize| {
                let last = position + count;
                self.cover(&(position..position + 1), &(last - 1..last), true)
                    == Ok(PhaseSet::of(position..last))
            };
            let Some(count) = (1..=live).rev().find(covers_no_more) else {
                rest = behind;
                continue;
            };
            let (range, behind) = rest.split_at(count);
            ranges.push(match range.last() {
                Some(last) if count > 1 => format!("`{first}..={last}`"),
                _ => format!("`{first}`"),
            });
            rest = behind;
        }
        ranges.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> PhaseOrder {
        let mut order = PhaseOrder::new();
        names.iter().for_each(|name| order.push((*name).to_owned()));
        order
    }

    /// `start, loop step { predict, loop stage { base, solve, feval }, error }, finish`
    fn nested() -> PhaseOrder {
        let mut step = order(&["predict"]);
        step.push_loop("stage".to_owned(), order(&["base", "solve", "feval"]));
        step.push("error".to_owned());
        let mut all = order(&["start"]);
        all.push_loop("step".to_owned(), step);
        all.push("finish".to_owned());
        all
    }

    /// What `start..end`, `start..=end` or `name` covers, in words.
    fn covered(range: &str) -> Result<String, RangeFault> {
        let order = nested();
        let (start, end, inclusive) = match (range.split_once("..="), range.split_once("..")) {
            (Some((start, end)), _) => (start, end, true),
            (None, Some((start, end))) => (start, end, false),
            (None, None) => (range, range, true),
        };
        let find = |name| order.find(name).unwrap();
        order.cover(&find(start), &find(end), inclusive).map(|set| order.describe(set))
    }

    #[test]
    fn ranges_cover_phases() {
        for (range, phases) in [
            ("solve", "`solve`"),
            ("stage", "`base..=feval`"),
            ("step", "`predict..=error`"),
            ("base..=solve", "`base..=solve`"),
            ("base..feval", "`base..=solve`"),
            ("start..step", "`start`"),
            ("start..predict", "`start`"),
            ("start..=finish", "all phases"),
            ("start..finish", "`start..=error`"),
            ("feval..error", "`feval`"),
        ] {
            assert_eq!(covered(range).as_deref(), Ok(phases), "{range}");
        }
    }

    #[test]
    fn a_range_with_one_end_in_a_loop_covers_the_loop() {
        for (range, phases) in [
            ("predict..=base", "`predict..=feval`"),
            ("predict..solve", "`predict..=feval`"),
            ("feval..=error", "`base..=error`"),
            ("start..=base", "`start..=error`"),
            ("start..=predict", "`start..=error`"),
            ("error..=finish", "`predict..=finish`"),
            ("start..=step", "`start..=error`"),
        ] {
            assert_eq!(covered(range).as_deref(), Ok(phases), "{range}");
        }
    }

    #[test]
    fn a_loop_is_widened_where_the_range_does_not_pass_all_of_it() {
        let order = nested();
        let widened = |start: &str, end: &str| {
            order.widened(&order.find(start).unwrap(), &order.find(end).unwrap(), true)
        };
        assert_eq!(widened("start", "base"), ["step", "stage"]);
        assert_eq!(widened("feval", "error"), ["stage"]);
        assert_eq!(widened("predict", "base"), ["stage"]);
        assert_eq!(widened("predict", "finish"), [""; 0]);
        assert_eq!(widened("feval", "base"), [""; 0]);
        assert_eq!(widened("finish", "start"), [""; 0]);
    }

    #[test]
    fn a_start_after_the_end_goes_round_the_innermost_loop_of_both() {
        for (range, phases) in [
            ("feval..=base", "`base`, `feval`"),
            ("feval..base", "`feval`"),
            ("solve..=base", "`base..=feval`"),
            ("error..=predict", "`predict`, `error`"),
            ("error..predict", "`error`"),
            // Round the outer loop, and so through all of the inner one.
            ("solve..=predict", "`predict..=error`"),
            ("error..=base", "`predict..=error`"),
            ("error..stage", "`predict`, `error`"),
        ] {
            assert_eq!(covered(range).as_deref(), Ok(phases), "{range}");
        }
    }

    #[test]
    fn a_range_is_neither_empty_nor_backwards() {
        assert_eq!(covered("solve..solve"), Err(RangeFault::Empty));
        assert_eq!(covered("stage..base"), Err(RangeFault::Empty));
        assert_eq!(covered("finish..=start"), Err(RangeFault::Backwards));
        assert_eq!(covered("finish..start"), Err(RangeFault::Backwards));
        assert_eq!(covered("finish..=base"), Err(RangeFault::Backwards));
        assert_eq!(covered("finish..=error"), Err(RangeFault::Backwards));
    }

    #[test]
    fn data_is_handed_over_in_one_phase_between_two_lives() {
        let order = nested();
        let set = |ranges: &[(&str, &str)]| {
            let find = |name| order.find(name).unwrap();
            let sets = ranges.iter().map(|(a, b)| order.cover(&find(a), &find(b), true).unwrap());
            sets.fold(PhaseSet::default(), PhaseSet::union)
        };
        for (from, to, verdict) in [
            (&[("start", "start")][..], &[("start", "finish")][..], Ok(())),
            (&[("base", "solve")], &[("solve", "feval")], Ok(())),
            (&[("feval", "base")], &[("base", "solve")], Ok(())),
            (&[("start", "start"), ("finish", "finish")], &[("start", "step")], Ok(())),
            (&[("base", "base")], &[("solve", "solve")], Err(HandoffFault::Apart)),
            (&[("base", "solve")], &[("base", "feval")], Err(HandoffFault::Together)),
            (&[("base", "feval")], &[("base", "base")], Err(HandoffFault::Kept)),
            // Round the loop.
            (
                &[("base", "base"), ("feval", "feval")],
                &[("feval", "feval")],
                Err(HandoffFault::Kept),
            ),
            (&[("solve", "solve")], &[("base", "solve")], Err(HandoffFault::Taken)),
            (
                &[("base", "base")],
                &[("base", "base"), ("feval", "feval")],
                Err(HandoffFault::Taken),
            ),
        ] {
            assert_eq!(order.hand_over(set(from), set(to)), verdict, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn a_beginning_is_unclear_where_it_depends_on_the_phase_before() {
        let nested = nested();
        for (range, unclear) in [
            ("start", None),
            ("base..=solve", None),
            ("feval..=base", Some(("base", "predict", "feval"))),
            ("predict", None),
            ("predict..=feval", None),
            ("error..=predict", Some(("predict", "start", "error"))),
            ("stage", Some(("base", "predict", "feval"))),
            ("stage..=error", Some(("base", "predict", "feval"))),
            ("step..=finish", Some(("predict", "start", "error"))),
            ("start..=step", None),
            ("finish", None),
        ] {
            let (start, end) = range.split_once("..=").unwrap_or((range, range));
            let live = nested.cover(&nested.find(start).unwrap(), &nested.find(end).unwrap(), true);
            assert_eq!(nested.unclear_beginning(live.unwrap()), unclear, "{range}");
        }
        // What is live in a loop that comes first begins with the call.
        let mut first = PhaseOrder::new();
        first.push_loop("step".to_owned(), order(&["begin", "end"]));
        first.push("finish".to_owned());
        assert_eq!(first.unclear_beginning(PhaseSet::of(0..2)), None);
        assert_eq!(first.before(0).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_set_is_described_by_what_covers_it() {
        let order = nested();
        let set = |ranges: &[&str]| {
            let sets = ranges.iter().map(|name| PhaseSet::of(order.find(name).unwrap()));
            order.describe(sets.fold(PhaseSet::default(), PhaseSet::union))
        };
        assert_eq!(set(&["feval", "error"]), "`feval`, `error`");
        assert_eq!(set(&["stage", "error"]), "`base..=error`");
        assert_eq!(
            set(&["start", "predict", "base", "solve"]),
            "`start`, `predict`, `base..=solve`"
        );
        assert_eq!(set(&["start", "step"]), "`start..=error`");
        assert_eq!(set(&["step", "start", "finish"]), "all phases");
    }

    #[test]
    fn a_set_counts_to_its_last_phase() {
        let many = PhaseSet::of(0..MOST_PHASES);
        assert!(many.contains(MOST_PHASES - 1) && !many.contains(MOST_PHASES));
        assert_eq!(PhaseSet::of(0..MOST_PHASES + 1), many);
        assert!(PhaseSet::of(MOST_PHASES..MOST_PHASES + 1).is_empty());
    }
}
