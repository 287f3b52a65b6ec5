//! The phases of a tree of factories on one axis, in the order in which they run.
//!
//! A child's phases stand inside each phase of its parent that calls it. Children that are called in
//! one phase stand one behind the other, although nothing says in which order they run.

use std::ops::Range;

use crate::layout::{Instance, Layout};
use crate::lifetimes::live_phases;
use crate::phase_order::PhaseSet;

/// Columns of an axis. Factories that would need more are drawn without their phases: a child that
/// says not in which phases it is called multiplies with those of its parent.
const MOST_COLUMNS: usize = 96;

/// The columns of a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// The phase's position; none where the factory has none, or where all of them are drawn as one.
    pub(super) phase: Option<usize>,
    pub(super) columns: Range<usize>,
}

/// One call of a factory. The root is called once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) instance: usize,
    /// The position of the call in whose phases it stands.
    pub(super) caller: Option<usize>,
    pub(super) phases: Vec<Span>,
    /// Whether it is inside a factory whose phases are drawn as one.
    pub(super) hidden: bool,
}

impl Call {
    pub(super) fn columns(&self) -> Range<usize> {
        let start = self.phases.first().map_or(0, |span| span.columns.start);
        start..self.phases.last().map_or(start, |span| span.columns.end)
    }
}

/// All calls of a tree of factories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Each before those inside it.
    calls: Vec<Call>,
    /// The calls of each factory.
    of_instance: Vec<Vec<usize>>,
}

impl Schedule {
    pub(super) fn new(layout: &Layout) -> Self {
        let tree = Tree::new(layout.instances());
        let mut calls: Vec<Call> = Vec::new();
        let mut of_instance = vec![Vec::new(); layout.instances().len()];
        let mut pending = vec![Pending { instance: 0, caller: None, start: 0, hidden: false }];
        while let Some(Pending { instance, caller, start, hidden }) = pending.pop() {
            let Some(factory) = tree.factories.get(instance) else { continue };
            let merged = hidden || factory.merged;
            let mut phases = Vec::new();
            let mut column = start;
            for phase in factory.phases(merged) {
                let begin = column;
                for (child, width) in tree.called(factory, phase) {
                    let start = if merged { begin } else { column };
                    let caller = Some(calls.len());
                    pending.push(Pending { instance: child, caller, start, hidden: merged });
                    column += if merged { 0 } else { width };
                }
                column = column.max(begin + 1);
                phases.push(Span { phase, columns: begin..column });
            }
            if let Some(calls_of_it) = of_instance.get_mut(instance) {
                calls_of_it.push(calls.len());
            }
            calls.push(Call { instance, caller, phases, hidden });
        }
        Self { calls, of_instance }
    }

    /// The calls, each before those inside it.
    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// All columns.
    pub(super) fn columns(&self) -> Range<usize> {
        self.calls.first().map_or(0..0, Call::columns)
    }

    /// The columns in which some phases of a factory run; those in a row are one range.
    pub(super) fn run(&self, instance: usize, phases: PhaseSet) -> Vec<Range<usize>> {
        let calls = self.of_instance.get(instance).into_iter().flatten();
        let spans = calls.filter_map(|&call| self.calls.get(call)).flat_map(|call| &call.phases);
        let runs = spans.filter(|span| span.phase.is_none_or(|phase| phases.contains(phase)));
        union(runs.map(|span| span.columns.clone()))
    }
}

/// Ranges in order, of which no two overlap or touch.
pub(super) fn union(ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// A call that is still to be laid out.
struct Pending {
    instance: usize,
    caller: Option<usize>,
    start: usize,
    hidden: bool,
}

/// How wide the factories of a tree are.
struct Tree {
    factories: Vec<Factory>,
}

struct Factory {
    phase_count: usize,
    /// The phases of the parent in which it is called.
    called_in: PhaseSet,
    children: Vec<usize>,
    /// Whether its phases are drawn as one.
    merged: bool,
    width: usize,
}

impl Factory {
    /// Its phases, or the one that stands for all of it.
    fn phases(&self, merged: bool) -> impl Iterator<Item = Option<usize>> + use<> {
        let count = if merged { 0 } else { self.phase_count };
        let whole = (count == 0).then_some(None);
        whole.into_iter().chain((0..count).map(Some))
    }
}

impl Tree {
    fn new(instances: &[Instance]) -> Self {
        let mut factories: Vec<Factory> = Vec::with_capacity(instances.len());
        for (position, instance) in instances.iter().enumerate() {
            let parent = instance.parent.and_then(|parent| instances.get(parent));
            let called_in =
                parent.and_then(|parent| live_phases(parent.phases().order(), instance.calls()));
            factories.push(Factory {
                phase_count: instance.phases().order().len(),
                called_in: called_in.unwrap_or_default(),
                children: Vec::new(),
                merged: false,
                width: 1,
            });
            let parent = instance.parent.and_then(|parent| factories.get_mut(parent));
            if let Some(parent) = parent {
                parent.children.push(position);
            }
        }
        let mut tree = Self { factories };
        // Children stand behind their parents.
        for position in (0..tree.factories.len()).rev() {
            tree.measure(position);
        }
        tree
    }

    fn measure(&mut self, position: usize) {
        let mut width = self.width(position);
        if width > MOST_COLUMNS {
            let children = self.factories.get(position).map(|factory| factory.children.clone());
            for child in children.unwrap_or_default() {
                if let Some(child) = self.factories.get_mut(child) {
                    child.merged = true;
                    child.width = 1;
                }
            }
            width = self.width(position);
        }
        if let Some(factory) = self.factories.get_mut(position) {
            factory.merged = width > MOST_COLUMNS;
            factory.width = if factory.merged { 1 } else { width };
        }
    }

    fn width(&self, position: usize) -> usize {
        let Some(factory) = self.factories.get(position) else { return 0 };
        let of_phase =
            |phase| self.called(factory, phase).map(|(_, width)| width).sum::<usize>().max(1);
        factory.phases(false).map(of_phase).sum()
    }

    /// The children that a phase calls, with their widths.
    fn called<'a>(
        &'a self,
        factory: &'a Factory,
        phase: Option<usize>,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        factory.children.iter().filter_map(move |&position| {
            let child = self.factories.get(position)?;
            let called = phase.is_none_or(|phase| child.called_in.contains(phase));
            called.then_some((position, child.width))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BufferEntry, BufferRegistry, Buffers, Child, LiveRange, Location, Phases, Target};

    struct Leaf(Phases);

    impl Buffers for Leaf {
        fn prefix(&self) -> &str {
            "leaf"
        }

        fn phases(&self) -> &Phases {
            &self.0
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, crate::BufferError> {
            Ok(vec![BufferEntry::new("x", 1).location(Location::Local)])
        }

        fn children(&self) -> Vec<Child<'_>> {
            Vec::new()
        }
    }

    struct Parent<'a> {
        phases: Phases,
        children: Vec<(&'static str, &'a dyn Buffers, Vec<LiveRange>)>,
    }

    impl Buffers for Parent<'_> {
        fn prefix(&self) -> &str {
            "parent"
        }

        fn phases(&self) -> &Phases {
            &self.phases
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, crate::BufferError> {
            Ok(Vec::new())
        }

        fn children(&self) -> Vec<Child<'_>> {
            let children = self.children.iter();
            let child = children.map(|(name, factory, calls)| Child {
                name,
                factory: *factory,
                calls: calls.clone(),
            });
            child.collect()
        }
    }

    fn phases(names: &[&str]) -> Phases {
        names.iter().fold(Phases::new(), |phases, name| phases.phase(*name))
    }

    fn schedule(root: &dyn Buffers) -> Schedule {
        let mut registry = BufferRegistry::new();
        let root = registry.add(root).unwrap();
        let target = Target::host(1, crate::Precision::F64).unwrap();
        Schedule::new(&registry.layout(root, &target).unwrap())
    }

    /// The first and the last column of each stretch in which a factory runs.
    fn stretches(schedule: &Schedule, instance: usize, phases: PhaseSet) -> Vec<(usize, usize)> {
        let columns = schedule.run(instance, phases).into_iter();
        columns.map(|columns| (columns.start, columns.end - 1)).collect()
    }

    fn first(count: usize) -> PhaseSet {
        PhaseSet::of(0..count)
    }

    #[test]
    fn a_child_stands_inside_the_phases_that_call_it() {
        let leaf = Leaf(phases(&["a", "b", "c"]));
        let twice = vec![LiveRange::from("begin"), LiveRange::from("solve")];
        let schedule = schedule(&Parent {
            phases: phases(&["begin", "sum", "solve"]),
            children: vec![("leaf", &leaf, twice)],
        });
        // begin: a, b, c; sum; solve: a, b, c.
        assert_eq!(schedule.columns(), 0..7);
        assert_eq!(stretches(&schedule, 0, PhaseSet::of(1..2)), [(3, 3)]);
        assert_eq!(stretches(&schedule, 0, PhaseSet::of(1..3)), [(3, 6)]);
        assert_eq!(stretches(&schedule, 1, PhaseSet::of(1..2)), [(1, 1), (5, 5)]);
        assert_eq!(stretches(&schedule, 1, first(3)), [(0, 2), (4, 6)]);
        assert_eq!(stretches(&schedule, 1, PhaseSet::default()), []);
    }

    #[test]
    fn children_of_one_phase_stand_one_behind_the_other() {
        let (one, other) = (Leaf(phases(&["a", "b"])), Leaf(Phases::new()));
        let schedule = schedule(&Parent {
            phases: Phases::new(),
            children: vec![("one", &one, Vec::new()), ("other", &other, Vec::new())],
        });
        assert_eq!(schedule.columns(), 0..3);
        assert_eq!(stretches(&schedule, 0, first(1)), [(0, 2)]);
        assert_eq!(stretches(&schedule, 1, first(1)), [(0, 0)]);
        assert_eq!(stretches(&schedule, 2, first(1)), [(2, 2)]);
    }

    #[test]
    fn what_is_too_wide_is_drawn_without_the_phases_of_its_children() {
        let names: Vec<_> = (0..40).map(|index| format!("p{index}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let leaf = Leaf(phases(&names));
        let inner = Parent {
            phases: phases(&["a", "b", "c"]),
            children: vec![("leaf", &leaf, Vec::new())],
        };
        // 3 * 40 are too many, so one column for each call of the leaf.
        let outer =
            Parent { phases: phases(&["x", "y"]), children: vec![("inner", &inner, Vec::new())] };
        let schedule = schedule(&outer);
        assert_eq!(schedule.columns(), 0..6);
        assert_eq!(schedule.run(2, first(1)), schedule.run(2, PhaseSet::of(39..40)));
        assert_eq!(stretches(&schedule, 2, first(1)), [(0, 5)]);
        assert_eq!(stretches(&schedule, 1, first(1)), [(0, 0), (3, 3)]);
    }

    #[test]
    fn a_tree_of_any_depth_and_width_has_an_axis() {
        let names: Vec<_> = (0..64).map(|index| format!("p{index}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let leaf = Leaf(phases(&names));
        let children = (0..200).map(|_| ("leaf", &leaf as &dyn Buffers, Vec::<LiveRange>::new()));
        let children: Vec<_> = children.collect();
        let names: Vec<_> = (0..children.len()).map(|index| format!("child{index}")).collect();
        let mut registry = BufferRegistry::new();
        let root = registry.factory("root").unwrap();
        registry.set_phases(root, phases(&["a", "b"])).unwrap();
        for (name, (_, leaf, _)) in names.iter().zip(&children) {
            let child = registry.add(*leaf).unwrap();
            registry.register_child(root, name, child).unwrap();
        }
        let target = Target::host(1, crate::Precision::F64).unwrap();
        let schedule = Schedule::new(&registry.layout(root, &target).unwrap());
        assert_eq!(schedule.columns(), 0..1);
        assert_eq!(stretches(&schedule, 200, first(1)), [(0, 0)]);
    }
}
