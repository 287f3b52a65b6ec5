//! Phases, and the lifetimes of buffers that share storage.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, BufferUpdate, Buffers, Child, ElementType, FactoryId,
    Fault, LiveRange, Overflow, Phases,
};
use support::{alias, faults, gpu, layout, local, shared};

/// `start, loop stage { base, solve, feval }, finish`
fn dirk() -> Phases {
    let stage = Phases::new().phase("base").phase("solve").phase("feval");
    Phases::new().phase("start").repeat("stage", stage).phase("finish")
}

fn with_phases(phases: Phases) -> (BufferRegistry, FactoryId) {
    let mut registry = BufferRegistry::new();
    let factory = registry.factory("step").unwrap();
    registry.set_phases(factory, phases).unwrap();
    (registry, factory)
}

/// What is wrong with the last of some buffers.
fn faults_of(entries: impl IntoIterator<Item = BufferEntry>) -> Vec<Fault> {
    let (mut registry, factory) = with_phases(dirk());
    let mut entries: Vec<_> = entries.into_iter().collect();
    let last = entries.pop().unwrap();
    for entry in entries {
        registry.register(factory, entry).unwrap();
    }
    match registry.register(factory, last) {
        Ok(()) => Vec::new(),
        Err(error) => faults(error),
    }
}

/// What `zero` asks for is done once, where a live range begins.
mod zeroed {
    use super::*;

    fn unclear(phase: &str, dead: &str, live: &str) -> Vec<Fault> {
        let [phase, dead, live] = [phase, dead, live].map(str::to_owned);
        vec![Fault::ZeroBeginning { name: "sums".to_owned(), phase, dead, live }]
    }

    #[test]
    fn a_range_begins_or_goes_on_in_a_phase() {
        let sums = || local("sums", 3).zero();
        for sound in [
            sums(),
            sums().live(["solve"]),
            sums().live(["base"..="feval"]).live(["start"..="stage"]),
            sums().live([LiveRange::from("start"), "solve".into(), "finish".into()]),
            sums().live(["solve"]).part(0..1, ["base"]).part(1..2, ["start"..="stage"]),
        ] {
            assert_eq!(faults_of([sound.clone()]), [], "{sound:?}");
        }
        let in_loop = unclear("base", "start", "feval");
        assert_eq!(faults_of([sums().live(["stage"])]), in_loop);
        assert_eq!(faults_of([sums().live(["feval"..="base"])]), in_loop);
        assert_eq!(faults_of([sums().part(1..2, ["stage"..="finish"])]), in_loop);
        // Without `zero` nothing depends on it.
        assert_eq!(faults_of([local("sums", 3).live(["stage"])]), []);
    }

    #[test]
    fn a_fault_says_where_to_begin() {
        let [fault] = faults_of([local("sums", 3).live(["stage"]).zero()]).try_into().unwrap();
        assert_eq!(
            fault.to_string(),
            "buffer `sums` cannot be `zero`: in `base` its live range begins after `start`, but goes on \
             after `feval`\n\
             help: add `start` to its `live`, to zero it there, or leave `feval` out, to zero it in each \
             `base`"
        );
        assert_eq!(fault.code(), None);
    }

    #[test]
    fn a_loop_that_comes_first_begins_with_the_call() {
        let stage = Phases::new().phase("base").phase("solve");
        let (mut registry, factory) =
            with_phases(Phases::new().repeat("stage", stage).phase("finish"));
        for live in ["stage", "base", "solve"] {
            let name = format!("live_in_{live}");
            registry.register(factory, local(&name, 1).live([live]).zero()).unwrap();
        }
        registry.register(factory, local("round_it", 1).live(["solve"..="base"]).zero()).unwrap();
    }

    #[test]
    fn what_is_zeroed_later_is_checked() {
        let (mut registry, factory) = with_phases(dirk());
        registry.register(factory, local("sums", 1).live(["stage"])).unwrap();
        let change = BufferUpdate::new().zero(true);
        let error = registry.update_buffer(factory, "sums", change).unwrap_err();
        assert_eq!(faults(error), unclear("base", "start", "feval"));
    }
}

mod phases {
    use super::*;

    fn refused(phases: Phases) -> Vec<Fault> {
        let mut registry = BufferRegistry::new();
        let factory = registry.factory("step").unwrap();
        let error = registry.set_phases(factory, phases).unwrap_err();
        assert!(registry.context(factory).unwrap().phases().is_empty());
        faults(error)
    }

    #[test]
    fn names_of_phases_and_loops_are_unique() {
        let body = Phases::new().phase("a").phase("b");
        let phases = Phases::new().phase("a").repeat("b", body);
        let duplicate = |phase: &str| Fault::DuplicatePhase { phase: phase.to_owned() };
        assert_eq!(refused(phases), [duplicate("a"), duplicate("b")]);
    }

    #[test]
    fn names_of_phases_can_stand_in_kernel_text() {
        let phases = Phases::new().phase("volatile").phase("").phase("a b").phase("solve");
        let fault = |phase: &str, reason| Fault::PhaseName { phase: phase.to_owned(), reason };
        let expected = [
            fault("volatile", "a keyword of C"),
            fault("", "empty"),
            fault("a b", "not an identifier of C"),
        ];
        assert_eq!(refused(phases), expected);
    }

    #[test]
    fn a_loop_has_phases() {
        let phases = Phases::new().phase("a").repeat("stage", Phases::new());
        assert_eq!(refused(phases), [Fault::EmptyLoop { phase: "stage".to_owned() }]);
    }

    #[test]
    fn there_are_at_most_64() {
        let many = |count| (0..count).fold(Phases::new(), |all, i| all.phase(format!("p{i}")));
        assert_eq!(refused(many(65)), [Fault::TooManyPhases { count: 65 }]);
        let (mut registry, factory) = with_phases(many(64));
        registry.register(factory, local("a", 1).live(["p0"..="p62"])).unwrap();
        registry.register(factory, alias("b", 1, "a").live(["p63"])).unwrap();
    }

    #[test]
    fn faulty_phases_are_told_before_all_and_nothing_follows_from_them() {
        struct Step(Phases);
        impl Buffers for Step {
            fn prefix(&self) -> &str {
                "step"
            }
            fn phases(&self) -> &Phases {
                &self.0
            }
            fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
                Ok(vec![local("a", 1).live(["nothing"]), alias("b", 1, "a")])
            }
            fn children(&self) -> Vec<Child<'_>> {
                Vec::new()
            }
        }
        let mut registry = BufferRegistry::new();
        let error = registry.add(&Step(Phases::new().phase("a").phase("a"))).unwrap_err();
        assert_eq!(faults(error), [Fault::DuplicatePhase { phase: "a".to_owned() }]);
    }

    #[test]
    fn phases_are_replaced_as_a_whole_or_not_at_all() {
        let (mut registry, factory) = with_phases(dirk());
        registry.register(factory, local("a", 3).live(["start"])).unwrap();
        registry.register(factory, alias("b", 3, "a").live(["solve"])).unwrap();
        let before = registry.context(factory).unwrap().clone();
        let fewer = Phases::new().phase("start").phase("stage");
        let expected = Fault::UnknownPhase {
            name: "b".to_owned(),
            phase: "solve".to_owned(),
            suggestion: None,
        };
        let error = registry.set_phases(factory, fewer).unwrap_err();
        assert_eq!(faults(error), [expected]);
        // Round one loop with `start`, what is live in `solve` may still be live in `start`.
        let round = Phases::new().repeat("step", Phases::new().phase("start").phase("solve"));
        registry.set_phases(factory, round).unwrap();
        registry.set_phases(factory, dirk()).unwrap();
        assert_eq!(registry.context(factory), Some(&before));
    }
}

mod ranges {
    use super::*;

    #[test]
    fn phases_exist() {
        let unknown = |phase: &str, suggestion: Option<&str>| Fault::UnknownPhase {
            name: "a".to_owned(),
            phase: phase.to_owned(),
            suggestion: suggestion.map(str::to_owned),
        };
        let live = |range: LiveRange| faults_of([local("a", 1).live([range])]);
        assert_eq!(live("slove".into()), [unknown("slove", Some("solve"))]);
        assert_eq!(live("stages".into()), [unknown("stages", Some("stage"))]);
        assert_eq!(live(("base"..="output").into()), [unknown("output", None)]);
        let both = [unknown("first", None), unknown("last", None)];
        assert_eq!(live(("first".."last").into()), both);
    }

    #[test]
    fn without_phases_none_exists() {
        let (mut registry, factory) = with_phases(Phases::new());
        let error = registry.register(factory, local("a", 1).live(["start"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a` names phase `start`, which is not declared [SB009]\n\
             help: declare it among the factory's phases\nin factory `step`"
        );
    }

    #[test]
    fn ranges_are_neither_empty_nor_backwards() {
        let ranges = [LiveRange::from("base".."base"), ("finish"..="start").into()];
        let faults = faults_of([local("a", 1).live(ranges)]);
        let (name, empty) = ("a".to_owned(), "base..base".to_owned());
        let backwards =
            Fault::BackwardsRange { name: name.clone(), range: "finish..=start".into() };
        assert_eq!(faults, [Fault::EmptyRange { name, range: empty }, backwards]);
        assert!(faults.iter().all(|fault| fault.code() == Some("SB009")));
    }

    #[test]
    fn calls_of_children_are_ranges_too() {
        struct Step(&'static str);
        impl Buffers for Step {
            fn prefix(&self) -> &str {
                "step"
            }
            fn phases(&self) -> &Phases {
                static PHASES: std::sync::LazyLock<Phases> = std::sync::LazyLock::new(dirk);
                &PHASES
            }
            fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
                Ok(Vec::new())
            }
            fn children(&self) -> Vec<Child<'_>> {
                vec![Child { name: "solver", factory: &Leaf, calls: vec![self.0.into()] }]
            }
        }
        struct Leaf;
        impl Buffers for Leaf {
            fn prefix(&self) -> &str {
                "leaf"
            }
            fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
                Ok(Vec::new())
            }
            fn children(&self) -> Vec<Child<'_>> {
                Vec::new()
            }
        }
        let mut registry = BufferRegistry::new();
        let step = registry.add(&Step("solve")).unwrap();
        let calls: Vec<_> = registry.context(step).unwrap().calls().collect();
        assert_eq!(calls, [("solver", ["solve".into()].as_slice())]);
        let fault = Fault::UnknownPhase {
            name: "solver".to_owned(),
            phase: "sovle".to_owned(),
            suggestion: Some("solve".to_owned()),
        };
        assert_eq!(faults(registry.add(&Step("sovle")).unwrap_err()), [fault]);
    }

    #[test]
    fn what_is_persistent_has_no_range() {
        let faults = faults_of([local("a", 1).persistent().live(["start"])]);
        assert_eq!(faults, [Fault::PersistentLive { name: "a".to_owned() }]);
    }
}

mod lifetimes {
    use super::*;

    fn together(name: &str, live: &str, parent: &str, parent_live: &str, shared: &str) -> Fault {
        Fault::LiveTogether {
            name: name.to_owned(),
            live: live.to_owned(),
            parent: parent.to_owned(),
            parent_live: parent_live.to_owned(),
            shared: shared.to_owned(),
        }
    }

    #[test]
    fn an_alias_is_live_after_its_parent() {
        let parent = shared("predictor", 6).live(["start"]);
        let child = alias("stage_base", 3, "predictor").live(["base"..="feval"]);
        assert_eq!(faults_of([parent, child]), []);
    }

    #[test]
    fn an_alias_and_its_parent_share_no_phase() {
        let parent = shared("stage_store", 6).live(["start"..="feval"]);
        let child = alias("increment", 3, "stage_store").live(["solve"..="finish"]);
        let faults = faults_of([parent, child]);
        let live = "`base..=finish` (a range with one end inside a loop covers it: `stage`)";
        let parent_live = "`start..=feval`";
        let fault = together("increment", live, "stage_store", parent_live, "`base..=feval`");
        assert_eq!(faults, [fault]);
        let text = faults.first().unwrap().to_string();
        assert!(text.starts_with(
            "buffer `increment` lies in the storage of `stage_store`, and both are live in \
             `base..=feval` [SB002]\nnote: `stage_store` is live in `start..=feval`; `increment` is \
             live in `base..=finish` (a range with one end inside a loop covers it: `stage`)\nhelp: "
        ));
    }

    #[test]
    fn without_a_range_a_buffer_is_live_in_all_phases() {
        let child = || alias("b", 3, "a");
        let all = |live, parent_live, shared| [together("b", live, "a", parent_live, shared)];
        assert_eq!(
            faults_of([local("a", 3), child()]),
            all("all phases", "all phases", "all phases")
        );
        assert_eq!(
            faults_of([local("a", 3).live(["start"]), child()]),
            all("all phases", "`start`", "`start`")
        );
    }

    #[test]
    fn without_phases_lifetimes_are_not_checked() {
        let (mut registry, factory) = with_phases(Phases::new());
        registry.register(factory, local("a", 3)).unwrap();
        registry.register(factory, alias("b", 3, "a")).unwrap();
        let error = registry.set_phases(factory, dirk()).unwrap_err();
        assert_eq!(faults(error), [together("b", "all phases", "a", "all phases", "all phases")]);
    }

    #[test]
    fn an_alias_lies_in_what_its_parent_lies_in() {
        let entries = |innermost: BufferEntry| {
            [local("a", 6).live(["start"]), alias("b", 4, "a").live(["base"]), innermost]
        };
        let innermost = |phase| alias("c", 2, "b").live([phase]);
        assert_eq!(faults_of(entries(innermost("solve"))), []);
        let fault = |parent, phase| [together("c", phase, parent, phase, phase)];
        assert_eq!(faults_of(entries(innermost("base"))), fault("b", "`base`"));
        assert_eq!(faults_of(entries(innermost("start"))), fault("a", "`start`"));
    }

    #[test]
    fn only_the_nearest_of_several_is_told() {
        let (mut registry, factory) = with_phases(Phases::new());
        for entry in [local("a", 3), alias("b", 3, "a"), alias("c", 3, "b")] {
            registry.register(factory, entry).unwrap();
        }
        let all = "all phases";
        let faults = faults(registry.set_phases(factory, dirk()).unwrap_err());
        assert_eq!(faults, [together("b", all, "a", all, all), together("c", all, "b", all, all)]);
    }

    #[test]
    fn aliases_of_one_parent_may_be_live_together() {
        let child = |name| alias(name, 3, "a").live(["base"..="feval"]);
        assert_eq!(faults_of([local("a", 6).live(["start"]), child("b"), child("c")]), []);
    }

    #[test]
    fn what_holds_no_bytes_is_live_with_anything() {
        assert_eq!(faults_of([local("a", 3), alias("b", 0, "a")]), []);
        let own = alias("b", 4, "a").overflow(Overflow::Own);
        assert_eq!(faults_of([local("a", 3), own]), []);
        // In storage of its own, it is no longer in the way of what lies in it.
        let own = alias("b", 4, "a").overflow(Overflow::Own).live(["solve"]);
        assert_eq!(faults_of([local("a", 3), own, alias("c", 1, "b").live(["start"])]), []);
    }

    #[test]
    fn other_faults_of_an_alias_come_alone() {
        let persistent = Fault::PersistentParent { name: "b".to_owned(), parent: "a".to_owned() };
        assert_eq!(faults_of([local("a", 3).persistent(), alias("b", 3, "a")]), [persistent]);
        let unknown = Fault::UnknownPhase {
            name: "b".to_owned(),
            phase: "nothing".to_owned(),
            suggestion: None,
        };
        assert_eq!(faults_of([local("a", 3), alias("b", 3, "a").live(["nothing"])]), [unknown]);
    }
}

mod parts {
    use super::*;

    /// Rows of three elements; the first one hands over to what lies on it.
    fn accumulator() -> BufferEntry {
        local("accumulator", 9).live(["start"..="feval"]).part(0..3, ["start"..="first"])
    }

    fn stage_base() -> BufferEntry {
        alias("stage_base", 3, "accumulator").live(["first"..="feval"]).handoff()
    }

    /// The faults of entries in `start, first, loop stage { solve, feval, base }, finish`.
    fn verdict(entries: Vec<BufferEntry>) -> Vec<Fault> {
        let stage = Phases::new().phase("solve").phase("feval").phase("base");
        let phases = Phases::new().phase("start").phase("first").repeat("stage", stage);
        let (mut registry, factory) = with_phases(phases.phase("finish"));
        let added = entries.into_iter().try_for_each(|entry| registry.register(factory, entry));
        added.err().map_or_else(Vec::new, faults)
    }

    fn codes(entries: Vec<BufferEntry>) -> Vec<Option<&'static str>> {
        verdict(entries).iter().map(Fault::code).collect()
    }

    #[test]
    fn parts_of_an_alias_are_live_apart_from_its_parent() {
        let parent = || local("a", 6).live(["start"]).part(4..6, ["finish"]);
        let child = || alias("b", 6, "a").live(["solve"]);
        assert_eq!(
            verdict(vec![parent(), child().part(0..2, ["finish"]).part(5..6, ["start"])]),
            []
        );
        for (part, phase) in [(2..3, "start"), (5..6, "finish")] {
            let [live, shared] = [format!("`{phase}`"), format!("`{phase}`")];
            let parent_live = live.clone();
            let (name, parent_name) = ("b".to_owned(), "a".to_owned());
            let fault =
                Fault::LiveTogether { name, live, parent: parent_name, parent_live, shared };
            assert_eq!(verdict(vec![parent(), child().part(part, [phase])]), [fault]);
        }
    }

    #[test]
    fn a_part_is_handed_over_element_by_element() {
        assert_eq!(verdict(vec![accumulator(), stage_base()]), []);
        let unsaid = alias("stage_base", 3, "accumulator").live(["first"..="feval"]);
        assert_eq!(codes(vec![accumulator(), unsaid]), [Some("SB002")]);
        let shorter = alias("stage_base", 2, "accumulator").live(["first"..="feval"]).handoff();
        assert_eq!(codes(vec![accumulator(), shorter]), [Some("SB002")]);
        let shifted = alias("other", 1, "accumulator").live(["finish"]);
        assert_eq!(codes(vec![accumulator(), shifted, stage_base()]), [Some("SB002")]);
    }

    #[test]
    fn a_part_that_lives_on_is_not_handed_over() {
        for live in ["start"..="solve", "first"..="stage", "start"..="finish"] {
            let accumulator = local("accumulator", 3).part(0..3, [live]);
            assert_eq!(codes(vec![accumulator, stage_base()]), [Some("SB002")]);
        }
    }

    #[test]
    fn parts_have_phases_of_their_own() {
        let rows = || local("rows", 4).live(["start"]).part(0..2, ["first"]).part(2..3, ["finish"]);
        let first = |live: &str| alias("a", 2, "rows").live([live]);
        let second = |live: &str| alias("b", 1, "rows").live([live]);
        let third = |live: &str| alias("c", 1, "rows").live([live]);
        assert_eq!(codes(vec![rows(), first("start"), second("start"), third("first")]), []);
        assert_eq!(codes(vec![rows(), first("first")]), [Some("SB002")]);
        assert_eq!(codes(vec![rows(), first("start"), second("finish")]), [Some("SB002")]);
        let both = vec![rows(), first("start"), second("start"), third("start")];
        assert_eq!(codes(both), [Some("SB002")]);
    }

    #[test]
    fn an_alias_on_parts_and_beside_them_is_live_with_neither() {
        let rows = || local("rows", 4).live(["start"]).part(1..2, ["first"]);
        let over = |live: &str| vec![rows(), alias("a", 3, "rows").live([live])];
        assert_eq!(codes(over("finish")), []);
        assert_eq!(codes(over("start")), [Some("SB002")]);
        assert_eq!(codes(over("first")), [Some("SB002")]);
    }

    #[test]
    fn an_alias_of_an_alias_lies_on_the_parts_of_the_outermost() {
        let outer = local("outer", 6).live(["start"]).part(3..6, ["finish"]);
        let middle = alias("middle", 6, "outer").live(["first"]);
        let before = alias("before", 3, "middle").live(["finish"]);
        let behind = |live: &str| alias("behind", 3, "middle").live([live]);
        let entries = |live| vec![outer.clone(), middle.clone(), before.clone(), behind(live)];
        assert_eq!(codes(entries("start")), []);
        assert_eq!(codes(entries("finish")), [Some("SB002")]);
    }

    #[test]
    fn parts_lie_inside_and_apart() {
        let (name, holds) = ("a".to_owned(), 3);
        let buffer = |parts: &[(usize, usize)]| {
            let part = |entry: BufferEntry, &(start, end)| entry.part(start..end, ["start"]);
            verdict(vec![parts.iter().fold(local("a", 3), part)])
        };
        assert_eq!(buffer(&[(0, 1), (2, 3), (1, 2)]), []);
        let outside = |start, end| Fault::PartOutside { name: name.clone(), start, end, holds };
        assert_eq!(buffer(&[(2, 4)]), [outside(2, 4)]);
        assert_eq!(buffer(&[(2, 1)]), [outside(2, 1)]);
        let overlap = Fault::PartsOverlap { name: name.clone(), start: 1, end: 3 };
        assert_eq!(buffer(&[(0, 2), (1, 3)]), [overlap]);
        let unknown = local("a", 3).part(0..1, ["nothing"]);
        assert_eq!(codes(vec![unknown]), [Some("SB009")]);
        let persistent = local("a", 3).persistent().part(0..1, ["start"]);
        assert_eq!(verdict(vec![persistent]), [Fault::PersistentLive { name }]);
    }
}

/// Bugs of another registry, which cannot happen in this one.
mod regressions {
    use super::*;

    /// There, a child's buffers were aligned to the child's start, wherever that lay.
    #[test]
    fn b9_wide_elements_behind_a_narrow_child_are_aligned() {
        let mut registry = BufferRegistry::new();
        let [step, solver] = ["step", "solver"].map(|prefix| registry.factory(prefix).unwrap());
        for (factory, name) in [(step, "state"), (solver, "residual")] {
            let narrow = shared(&format!("{name}_flag"), 1).element(ElementType::I32);
            registry.register(factory, narrow).unwrap();
            let wide = shared(name, 3).element(ElementType::F64);
            registry.register(factory, wide).unwrap();
        }
        registry.register_child(step, "solver", solver).unwrap();
        let layout = layout(&registry, step);
        for buffer in layout.instances().iter().flat_map(|instance| instance.buffers()) {
            assert_eq!(buffer.offset() % buffer.width().bytes(), 0, "{}", buffer.name());
        }
        // Not only within the slice of one run, but wherever the slice lies.
        let sizes = [8, 4].map(|bytes| layout.preamble().contains(&format!("shared{bytes}")));
        assert_eq!(sizes, [true; 2]);
    }

    /// There, an update skipped the checks of a registration.
    #[test]
    fn b11_an_update_is_checked_like_a_registration() {
        let (mut registry, factory) = with_phases(dirk());
        for entry in [
            shared("store", 6).live(["start"..="finish"]),
            shared("guess", 3).live(["start"]),
            shared("increment", 3).live(["solve"]),
        ] {
            registry.register(factory, entry).unwrap();
        }
        let before = registry.context(factory).unwrap().clone();
        let laid_out = registry.layout(factory, &gpu()).unwrap();
        for (parent, code) in [("nothing", "SB001"), ("increment", "SB001"), ("store", "SB002")] {
            let change = BufferUpdate::new().aliases(Some(parent));
            let error = registry.update_buffer(factory, "increment", change).unwrap_err();
            let codes: Vec<_> = faults(error).iter().map(Fault::code).collect();
            assert_eq!(codes, [Some(code)], "{parent}");
            assert_eq!(registry.context(factory), Some(&before), "{parent}");
            assert_eq!(registry.layout(factory, &gpu()).unwrap(), laid_out, "{parent}");
        }
        let sound = BufferUpdate::new().aliases(Some("guess"));
        registry.update_buffer(factory, "increment", sound).unwrap();
        assert_eq!(layout(&registry, factory).shared_bytes(), 9 * 4);
    }
}

/// The rules against their meaning, on every small instance.
mod brute_force {
    use super::*;

    /// Phases and loops, for a run of them by hand.
    enum Step {
        Phase(&'static str),
        Loop(&'static str, Vec<Step>),
    }
    use Step::{Loop, Phase};

    fn phases(steps: &[Step]) -> Phases {
        steps.iter().fold(Phases::new(), |phases, step| match step {
            Phase(name) => phases.phase(*name),
            Loop(name, body) => phases.repeat(*name, self::phases(body)),
        })
    }

    /// The phases as they run, each loop three times.
    fn trace(steps: &[Step]) -> Vec<&'static str> {
        steps
            .iter()
            .flat_map(|step| match step {
                Phase(name) => vec![*name],
                Loop(_, body) => trace(body).repeat(3),
            })
            .collect()
    }

    /// Where data made in `start` may be that is used up to `end`: between every `start` and the next
    /// `end`, since it may be the last that was made, and between every `end` and the last `start`
    /// before it, since it may be used again. All that in one run of the innermost loop of both.
    fn live(steps: &[Step], start: &str, end: &str) -> BTreeSet<&'static str> {
        fn innermost(steps: &[Step], names: [&str; 2]) -> Option<Vec<&'static str>> {
            steps.iter().find_map(|step| match step {
                Loop(_, body) if names.iter().all(|name| trace(body).contains(name)) => {
                    Some(innermost(body, names).unwrap_or_else(|| trace(body).repeat(3)))
                }
                _ => None,
            })
        }
        let trace = &innermost(steps, [start, end]).unwrap_or_else(|| trace(steps));
        let at = |name| (0..trace.len()).filter(move |&time| trace[time] == name);
        let next = at(start).filter_map(|s| Some(s..=at(end).find(|&e| s <= e)?));
        let last = at(end).filter_map(|e| Some(at(start).rfind(|&s| s <= e)?..=e));
        next.chain(last).flat_map(|times| trace[times].iter().copied()).collect()
    }

    struct Instance {
        phases: Phases,
        entries: Vec<BufferEntry>,
    }

    impl Buffers for Instance {
        fn prefix(&self) -> &str {
            "step"
        }
        fn phases(&self) -> &Phases {
            &self.phases
        }
        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(self.entries.clone())
        }
        fn children(&self) -> Vec<Child<'_>> {
            Vec::new()
        }
    }

    fn codes(phases: &Phases, entries: Vec<BufferEntry>) -> BTreeSet<Option<&'static str>> {
        let factory = Instance { phases: phases.clone(), entries };
        match BufferRegistry::new().add(&factory) {
            Ok(_) => BTreeSet::new(),
            Err(error) => faults(error).iter().map(Fault::code).collect(),
        }
    }

    #[test]
    fn every_range_covers_what_a_run_can_need() {
        let stage = Loop("stage", vec![Phase("base"), Phase("solve"), Phase("feval")]);
        let step = Loop("step", vec![Phase("predict"), stage, Phase("error")]);
        let again = Loop("again", vec![Phase("wait")]);
        let steps = [Phase("start"), step, again, Phase("finish")];
        let phases = phases(&steps);
        let names: BTreeSet<_> = trace(&steps).into_iter().collect();
        for &start in &names {
            for &end in &names {
                let expected = live(&steps, start, end);
                for &other in &names {
                    let parent = local("a", 1).live([start..=end]);
                    let child = alias("b", 1, "a").live([other]);
                    let expected = match (expected.is_empty(), expected.contains(other)) {
                        (true, _) => Some("SB009"),
                        (false, true) => Some("SB002"),
                        (false, false) => None,
                    };
                    let found = codes(&phases, vec![parent, child]);
                    let expected = expected.into_iter().map(Some).collect();
                    assert_eq!(found, expected, "{start}..={end} against {other}");
                }
            }
        }
    }

    /// One buffer of an instance: elements, the buffer that it aliases, and the phases in which it is
    /// live, by their places in a menu.
    type Small = (usize, Option<usize>, usize);

    const NAMES: [&str; 4] = ["p", "q", "r", "s"];
    const PHASES: [&str; 3] = ["a", "b", "c"];
    const MOST_ELEMENTS: usize = 3;

    /// What is wrong with an instance, by filling the memory in, element by element and phase by phase:
    /// the later of two buffers with data in one element at one time is at fault, and so is an alias
    /// for which its parent has too few elements left, which then lies elsewhere.
    fn by_hand(sets: &[Vec<usize>], buffers: &[Small]) -> Vec<(&'static str, usize)> {
        let mut faults = Vec::new();
        let mut storages = 0;
        // The elements of each buffer, by storage and place, and how many are taken by its aliases.
        let mut elements: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut taken = [0; NAMES.len()];
        // By storage, element and phase.
        let mut held = [[[false; PHASES.len()]; MOST_ELEMENTS]; NAMES.len()];
        for (index, &(size, parent, live)) in buffers.iter().enumerate() {
            let inside = parent.and_then(|parent: usize| {
                let inside = elements[parent].get(taken[parent]..taken[parent] + size)?.to_vec();
                taken[parent] += size;
                Some(inside)
            });
            if parent.is_some() && inside.is_none() {
                faults.push(("SB010", index));
            }
            elements.push(inside.unwrap_or_else(|| {
                storages += 1;
                (0..size).map(|element| (storages - 1, element)).collect()
            }));
            let mut is_free = true;
            for &(storage, element) in &elements[index] {
                for &phase in &sets[live] {
                    is_free &= !std::mem::replace(&mut held[storage][element][phase], true);
                }
            }
            if !is_free {
                faults.push(("SB002", index));
            }
        }
        faults
    }

    /// What the registry finds wrong, in the same form.
    fn by_registry(phases: &Phases, entries: Vec<BufferEntry>) -> Vec<(&'static str, usize)> {
        let factory = Instance { phases: phases.clone(), entries };
        let Err(error) = BufferRegistry::new().add(&factory) else { return Vec::new() };
        let of = |fault: Fault| match &fault {
            Fault::LiveTogether { name, .. } | Fault::DoesNotFit { name, .. } => {
                (fault.code().unwrap(), NAMES.iter().position(|other| other == name).unwrap())
            }
            other => panic!("{other}"),
        };
        faults(error).into_iter().map(of).collect()
    }

    /// All verdicts on up to four buffers in some phases; returns how many instances are accepted and
    /// how many refused.
    fn compare_all(steps: &[Step], lives: &[Option<[&'static str; 2]>]) -> [usize; 2] {
        let phases = phases(steps);
        let set = |range: &Option<[&'static str; 2]>| {
            let live = range.map(|[start, end]| live(steps, start, end));
            let is_live =
                |phase: &usize| live.as_ref().is_none_or(|live| live.contains(PHASES[*phase]));
            (0..PHASES.len()).filter(is_live).collect()
        };
        let sets: Vec<Vec<usize>> = lives.iter().map(set).collect();
        let entry = |index: usize, &(size, parent, live): &Small| {
            let entry = match parent {
                None => local(NAMES[index], size),
                Some(parent) => alias(NAMES[index], size, NAMES[parent]),
            };
            entry.live(lives[live].map(|[start, end]| start..=end))
        };
        let mut counts = [0; 2];
        let mut pending: Vec<Vec<Small>> = vec![Vec::new()];
        while let Some(buffers) = pending.pop() {
            // A root that nothing lies in changes nothing for the others.
            let is_used = |root| buffers.iter().any(|buffer| buffer.1 == Some(root));
            let is_root = |index: &usize| buffers[*index].1.is_none();
            // With as many as there may be, the last line of the menu is left out, too.
            let is_short = buffers.iter().all(|buffer| buffer.2 + 1 < lives.len());
            if buffers.len() == NAMES.len()
                && !(is_short && (0..NAMES.len()).filter(is_root).all(is_used))
            {
                continue;
            }
            let expected = by_hand(&sets, &buffers);
            let entries: Vec<_> =
                buffers.iter().enumerate().map(|(index, buffer)| entry(index, buffer)).collect();
            let is_misfit = |index| expected.contains(&("SB010", index));
            if (0..buffers.len()).any(is_misfit) {
                // Where it may, it lies elsewhere without a fault.
                let may = |(index, entry): (usize, &BufferEntry)| match is_misfit(index) {
                    true => entry.clone().overflow(Overflow::Own),
                    false => entry.clone(),
                };
                let may = entries.iter().enumerate().map(may).collect();
                let mut rest = expected.clone();
                rest.retain(|(code, _)| *code != "SB010");
                assert_eq!(by_registry(&phases, may), rest, "{buffers:?}");
            }
            counts[usize::from(!expected.is_empty())] += 1;
            assert_eq!(by_registry(&phases, entries), expected, "{buffers:?}");
            if buffers.len() == NAMES.len() {
                continue;
            }
            for parent in [None].into_iter().chain((0..buffers.len()).map(Some)) {
                for size in 0..=MOST_ELEMENTS {
                    for live in 0..lives.len() {
                        let mut more = buffers.clone();
                        more.push((size, parent, live));
                        pending.push(more);
                    }
                }
            }
        }
        counts
    }

    #[test]
    fn the_verdict_on_every_small_instance_is_that_of_the_bytes() {
        let body = || PHASES.map(Phase).into_iter().collect();
        let in_a_row = (body(), [Some(["a", "b"]), Some(["b", "c"]), None, Some(["c", "c"])]);
        let again = vec![Phase("a"), Loop("again", vec![Phase("b"), Phase("c")])];
        let lives = [Some(["a", "a"]), Some(["a", "b"]), Some(["c", "b"]), Some(["c", "c"])];
        let partly_again = (again, lives);
        let lives = [Some(["a", "a"]), Some(["b", "c"]), Some(["c", "a"]), Some(["b", "b"])];
        let all_again = (vec![Loop("again", body())], lives);
        std::thread::scope(|scope| {
            let cases = [in_a_row, partly_again, all_again];
            let runs = cases.map(|(steps, lives)| scope.spawn(move || compare_all(&steps, &lives)));
            for run in runs {
                let [accepted, refused] = run.join().unwrap();
                println!("{accepted} instances are accepted, {refused} refused");
                assert!(accepted > 10_000 && refused > 10_000);
            }
        });
    }
}
