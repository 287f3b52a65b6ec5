//! `auto` packing: what it overlays and what it must not.
//!
//! Soundness is judged here by going through all moments of a kernel and painting every element,
//! which shares nothing with the planner nor with the checker.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use buffer_core::{
    Buffer, BufferEntry, BufferError, BufferRegistry, BufferUpdate, Buffers, Child, ElementType,
    FactoryId, Footprint, Layout, LiveRange, Location, Overflow, Packing, Phases, PlacedBuffer,
    Precision, Storage, Target, Width,
};
use proptest::prelude::*;
use proptest::sample::Index;
use support::{alias, gpu, local, shared};

/// A factory that is made up.
#[derive(Debug, Clone)]
struct Tree {
    phases: Phases,
    entries: Vec<BufferEntry>,
    /// Names, factories, and the phases of their calls.
    children: Vec<(String, Tree, Vec<LiveRange>)>,
}

impl Tree {
    fn new(phases: &[&str]) -> Self {
        let phases = phases.iter().fold(Phases::new(), |phases, &name| phases.phase(name));
        Self { phases, entries: Vec::new(), children: Vec::new() }
    }

    fn with(mut self, entry: BufferEntry) -> Self {
        self.entries.push(entry);
        self
    }

    fn child(mut self, name: &str, calls: &[&str], child: Self) -> Self {
        let calls = calls.iter().map(|&phase| LiveRange::from(phase)).collect();
        self.children.push((name.to_owned(), child, calls));
        self
    }
}

impl Buffers for Tree {
    fn prefix(&self) -> &str {
        "factory"
    }

    fn phases(&self) -> &Phases {
        &self.phases
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        Ok(self.entries.clone())
    }

    fn children(&self) -> Vec<Child<'_>> {
        let child = |(name, factory, calls)| Child { name, factory, calls };
        let children = self.children.iter();
        children.map(|(name, factory, calls)| child((name, factory, calls.clone()))).collect()
    }
}

fn registry(factory: &dyn Buffers, packing: Packing) -> (BufferRegistry, FactoryId) {
    let mut registry = BufferRegistry::new();
    registry.set_packing(packing);
    let factory = registry.add(factory).unwrap();
    (registry, factory)
}

fn packed(factory: &dyn Buffers, target: &Target) -> Arc<Layout> {
    let (registry, factory) = registry(factory, Packing::Auto);
    registry.layout(factory, target).unwrap()
}

fn find<'a>(layout: &'a Layout, path: &str, name: &str) -> &'a PlacedBuffer {
    layout.instance(path).unwrap().buffer(name).unwrap()
}

/// Offsets in elements of its width.
fn start(layout: &Layout, path: &str, name: &str) -> usize {
    let buffer = find(layout, path, name);
    buffer.offset() / buffer.width().bytes()
}

fn shared_total(layout: &Layout) -> Footprint {
    Width::ALL.iter().map(|&width| layout.shared_footprint(width)).sum()
}

fn local_total(layout: &Layout) -> Footprint {
    Width::ALL.iter().map(|&width| layout.local_footprint(width)).sum()
}

mod examples {
    use super::*;

    #[test]
    fn buffers_that_are_never_live_together_share_bytes() {
        let tree = Tree::new(&["first", "second", "third"])
            .with(shared("a", 4).live(["first"]))
            .with(shared("b", 6).live(["second"]))
            .with(shared("c", 3).live(["first".."third"]))
            .with(shared("always", 1));
        let layout = packed(&tree, &gpu());
        let starts = ["a", "b", "c", "always"].map(|name| start(&layout, "factory", name));
        assert_eq!(starts, [0, 0, 6, 9]);
        assert_eq!((layout.shared_bytes(), layout.packing()), (11 * 4, Packing::Auto));
        let expected =
            Footprint { separate: 15 * 4, declared: 15 * 4, packed: 11 * 4, lower_bound: 11 * 4 };
        assert_eq!(layout.shared_footprint(Width::Four), expected);
        assert!(expected.is_least() && expected.saved() == 4 * 4);
        assert_eq!(layout.shared_footprint(Width::Eight), Footprint::default());
    }

    #[test]
    fn declared_packing_is_the_default_and_overlays_nothing() {
        let tree = Tree::new(&["first", "second"])
            .with(shared("a", 4).live(["first"]))
            .with(shared("b", 6).live(["second"]));
        let (mut registry, factory) = registry(&tree, Packing::default());
        let declared = registry.layout(factory, &gpu()).unwrap();
        assert_eq!(
            (registry.packing(), declared.packing()),
            (Packing::Declared, Packing::Declared)
        );
        assert_eq!(start(&declared, "factory", "b"), 4);
        let footprint = shared_total(&declared);
        assert_eq!((footprint.packed, footprint.lower_bound), (11 * 4, 7 * 4));

        // A change of the packing forgets layouts, and setting what is set does not.
        registry.set_packing(Packing::Declared);
        assert!(Arc::ptr_eq(&declared, &registry.layout(factory, &gpu()).unwrap()));
        registry.set_packing(Packing::Auto);
        let auto = registry.layout(factory, &gpu()).unwrap();
        assert_eq!((start(&auto, "factory", "b"), auto.shared_bytes()), (0, 7 * 4));
        registry.set_packing(Packing::Declared);
        assert_eq!(registry.layout(factory, &gpu()).unwrap(), declared);
    }

    #[test]
    fn without_phases_nothing_is_overlaid() {
        let tree = Tree::new(&[]).with(shared("a", 4)).with(shared("b", 6));
        let layout = packed(&tree, &gpu());
        assert_eq!(start(&layout, "factory", "b"), 4);
    }

    #[test]
    fn an_alias_keeps_its_root_alive() {
        let tree = Tree::new(&["first", "second", "third"])
            .with(shared("root", 4).live(["first"]))
            .with(alias("late", 2, "root").live(["third"]))
            .with(shared("other", 4).live(["third"]))
            .with(shared("between", 4).live(["second"]));
        let layout = packed(&tree, &gpu());
        let starts =
            ["root", "late", "other", "between"].map(|name| start(&layout, "factory", name));
        assert_eq!(starts, [0, 0, 4, 0]);
        assert_eq!(find(&layout, "factory", "late").parent(), Some("root"));
    }

    #[test]
    fn a_part_keeps_its_buffer_alive() {
        let tree = Tree::new(&["first", "second"])
            .with(shared("rows", 4).live(["first"]).part(0..1, ["second"]))
            .with(shared("other", 4).live(["second"]));
        assert_eq!(start(&packed(&tree, &gpu()), "factory", "other"), 4);
    }

    #[test]
    fn an_alias_that_takes_over_lies_on_its_part() {
        let tree = Tree::new(&["sum", "solve", "add"])
            .with(shared("before", 3).live(["solve"]))
            .with(shared("rows", 6).live(["add"]).part(0..3, ["sum"]))
            .with(alias("base", 3, "rows").live(["sum"..="solve"]).handoff());
        let layout = packed(&tree, &gpu());
        assert_eq!(start(&layout, "factory", "rows"), start(&layout, "factory", "base"));
    }

    #[test]
    fn what_is_zeroed_is_so_where_its_range_begins_and_shares_bytes_before() {
        let tree = Tree::new(&["first", "second"])
            .with(shared("a", 4).live(["first"]))
            .with(shared("zeroed", 4).live(["second"]).zero());
        assert_eq!(start(&packed(&tree, &gpu()), "factory", "zeroed"), 0);
        let tree = Tree::new(&["first", "second", "third"])
            .with(shared("a", 4).live(["first"]))
            .with(shared("root", 4).live(["second"]))
            .with(alias("zeroed", 4, "root").live(["third"]).zero());
        assert_eq!(start(&packed(&tree, &gpu()), "factory", "root"), 0);
    }

    #[test]
    fn integers_share_bytes_with_integers_alone() {
        let count =
            |name, size, phase: &str| shared(name, size).element(ElementType::I32).live([phase]);
        let tree = Tree::new(&["first", "second"])
            .with(shared("sum", 4).live(["first"]))
            .with(count("count", 3, "second"))
            .with(count("other", 2, "first"))
            .child("solver", &["second"], Tree::new(&[]).with(count_always("inner", 1)));
        let layout = packed(&tree, &gpu());
        let starts = ["sum", "count", "other"].map(|name| start(&layout, "factory", name));
        assert_eq!(starts, [0, 4, 4]);
        assert_eq!(start(&layout, "solver", "inner"), 7);
    }

    fn count_always(name: &str, size: usize) -> BufferEntry {
        shared(name, size).element(ElementType::I32)
    }

    #[test]
    fn widths_have_arenas_of_their_own() {
        let tree = Tree::new(&["first", "second"])
            .with(shared("wide", 2).element(ElementType::F64).live(["first"]))
            .with(shared("narrow", 4).live(["second"]));
        let layout = packed(&tree, &gpu());
        assert_eq!(
            (layout.arenas(Width::Eight).shared_scratch, layout.arenas(Width::Four).shared_scratch),
            (2, 4)
        );
    }

    #[test]
    fn the_window_of_a_child_is_overlaid_in_the_phases_of_its_calls() {
        let solver = Tree::new(&["begin", "end"])
            .with(shared("guess", 5).live(["begin"]))
            .with(shared("result", 4).live(["end"]))
            .with(shared("kept", 2).persistent());
        let tree = Tree::new(&["before", "solve", "after"])
            .with(shared("early", 3).live(["before"]))
            .with(shared("during", 1).live(["solve"]))
            .child("solver", &["solve"], solver.clone())
            .child("other", &["after"], solver)
            .with(shared("late", 6).live(["after"]));
        let layout = packed(&tree, &gpu());
        let arena = layout.arenas(Width::Four);
        // A window of 5 beside `late`, on all that is dead after the other one.
        assert_eq!((arena.shared_persistent, arena.shared_scratch), (4, 11));
        assert_eq!(layout.shared_footprint(Width::Four).lower_bound, (4 + 11) * 4);
        assert_eq!(start(&layout, "solver", "guess"), start(&layout, "solver", "result"));
        // What is persistent is never overlaid, whenever its factory is called.
        assert_eq!(start(&layout, "solver", "kept"), 0);
        assert_eq!(start(&layout, "other", "kept"), 2);
        let window = start(&layout, "other", "guess");
        assert_eq!(find(&layout, "other", "guess").range(), 0..5);
        assert!((4..=10).contains(&window));
    }

    #[test]
    fn large_local_buffers_share_an_array_and_small_ones_have_their_own() {
        let large = BufferEntry::MOST_UNROLLED + 1;
        let tree = Tree::new(&["first", "second"])
            .with(local("a", large).live(["first"]))
            .with(alias("inside", 2, "a").live(["second"]))
            .with(local("b", large + 1).live(["first"]))
            .with(local("small", BufferEntry::MOST_UNROLLED).live(["first"]))
            .with(local("kept", large).persistent())
            .child("solver", &["second"], Tree::new(&[]).with(local("c", large)));
        let layout = packed(&tree, &gpu());
        let storage = |name| find(&layout, "factory", name).storage();
        assert_eq!(["a", "inside", "b"].map(storage), [Storage::LocalScratch; 3]);
        assert_eq!((storage("small"), storage("kept")), (Storage::Local, Storage::LocalPersistent));
        let arena = layout.arenas(Width::Four);
        assert_eq!(arena.local_scratch, 2 * large + 1);
        assert_eq!((arena.local, arena.local_persistent), (large - 1, large));
        assert_eq!(start(&layout, "solver", "c"), start(&layout, "factory", "b"));
        assert_eq!(layout.local_bytes(), (3 * large) * 4);
        let expected = Footprint {
            separate: (5 * large + 2) * 4,
            declared: 5 * large * 4,
            packed: 4 * large * 4,
            lower_bound: 4 * large * 4,
        };
        assert_eq!(layout.local_footprint(Width::Four), expected);
        assert_eq!(local_total(&layout), expected);
    }

    /// Newton's method over a linear solver, in a stage of a diagonally implicit method.
    #[derive(Buffers)]
    #[buffers(
        prefix = "dirk",
        phases(start, loop stage { stream, convert, solve, feval, output }, finish)
    )]
    struct Dirk {
        n: usize,
        stages: usize,
        #[buffer(size = n * (stages - 1), location = "shared", live = start..=finish)]
        accumulator: Buffer,
        #[buffer(size = n, location = "shared", live = convert..=feval)]
        stage_base: Buffer,
        #[buffer(size = n, location = "shared", persistent)]
        stage_increment: Buffer,
        #[buffer(size = n, location = "shared", live = feval..=stream)]
        stage_rhs: Buffer,
        #[child(call = solve)]
        solver: Newton,
    }

    #[derive(Buffers)]
    #[buffers(prefix = "newton")]
    struct Newton {
        n: usize,
        #[buffer(size = n, location = "shared")]
        delta: Buffer,
        #[buffer(size = n, location = "shared")]
        residual: Buffer,
        #[buffer(size = 1, location = "shared")]
        krylov_iters: Buffer<i32>,
        #[buffer(size = 1, location = "shared", persistent)]
        prev_theta: Buffer,
        #[child]
        linear: Linear,
    }

    #[derive(Buffers)]
    #[buffers(prefix = "linear")]
    struct Linear {
        n: usize,
        #[buffer(size = 6 * n, location = "shared")]
        vectors: Buffer,
    }

    /// The numbers are the sums of a worked example.
    #[test]
    fn the_derivative_of_a_stage_lies_where_its_solver_was() {
        let n = 16;
        let dirk = Dirk {
            n,
            stages: 4,
            accumulator: Buffer::new(),
            stage_base: Buffer::new(),
            stage_increment: Buffer::new(),
            stage_rhs: Buffer::new(),
            solver: Newton {
                n,
                delta: Buffer::new(),
                residual: Buffer::new(),
                krylov_iters: Buffer::new(),
                prev_theta: Buffer::new(),
                linear: Linear { n, vectors: Buffer::new() },
            },
        };
        let target = Target::cuda("9.0".parse().unwrap(), Precision::F64);
        let layout = packed(&dirk, &target);
        let arena = layout.arenas(Width::Eight);
        assert_eq!((arena.shared_persistent * 8, arena.shared_scratch * 8), (136, 1536));
        assert_eq!(arena.shared_stride * 8, 1672);
        let footprint = shared_total(&layout);
        assert_eq!((footprint.declared, footprint.packed), (225 * 8 + 4, 1672 + 4));
        assert!(footprint.is_least());
        assert_eq!(start(&layout, "dirk", "stage_rhs"), start(&layout, "solver", "delta"));
    }
}

/// The choices behind one buffer. Not all of them make a legal one: the registry refuses the rest.
#[derive(Debug, Clone)]
struct Choice {
    size: usize,
    element: usize,
    place: usize,
    persistent: bool,
    zero: bool,
    /// Counted back from the buffer itself.
    parent: Option<usize>,
    own: bool,
    /// A bit for each phase.
    live: u8,
    part: Option<(usize, u8)>,
}

/// A factory, how far before it its parent stands, and when that calls it.
type Shape = (usize, u8, usize, Vec<Choice>);

const ELEMENTS: [ElementType; 4] =
    [ElementType::Real, ElementType::F32, ElementType::F64, ElementType::I32];
const PLACES: [Location; 3] = [Location::Shared, Location::Local, Location::Auto];
const PHASES: [&str; 4] = ["first", "second", "third", "fourth"];

fn choice() -> impl Strategy<Value = Choice> {
    let size = prop_oneof![1 => Just(0usize), 6 => 1usize..12, 4 => 12usize..24];
    let flags = (proptest::bool::weighted(0.15), proptest::bool::weighted(0.1), any::<bool>());
    let parent = proptest::option::weighted(0.3, 1usize..4);
    let part = proptest::option::weighted(0.2, (0usize..8, any::<u8>()));
    (size, 0..8usize, 0..PLACES.len(), flags, parent, any::<u8>(), part).prop_map(
        |(size, element, place, (persistent, zero, own), parent, live, part)| Choice {
            size,
            element,
            place,
            persistent,
            zero,
            parent,
            own,
            live,
            part,
        },
    )
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let factory = (0..=PHASES.len(), any::<u8>(), 1usize..4, prop::collection::vec(choice(), 0..8));
    prop::collection::vec(factory, 1..5)
}

/// Those of the first `count` phases whose bits are set; none for all.
fn ranges(bits: u8, count: usize) -> Vec<LiveRange> {
    let chosen = (0..count).filter(|phase| bits & (1 << phase) != 0);
    chosen.map(|phase| LiveRange::from(PHASES[phase])).collect()
}

fn entry(index: usize, choice: &Choice, phases: usize, above: &[BufferEntry]) -> BufferEntry {
    let name = format!("b{index}");
    let parent = choice.parent.and_then(|back| above.len().checked_sub(back)).map(|at| &above[at]);
    let mut entry = match parent {
        Some(parent) => {
            let entry = alias(&name, choice.size, parent.name()).element(parent.element_type());
            if choice.own { entry.overflow(Overflow::Own) } else { entry }
        }
        // Half of them are of the run's precision, so that many lie in one arena.
        None => BufferEntry::new(name, choice.size)
            .element(*ELEMENTS.get(choice.element).unwrap_or(&ElementType::Real))
            .location(PLACES[choice.place]),
    };
    if choice.persistent {
        return entry.persistent();
    }
    entry = entry.live(ranges(choice.live, phases));
    if let Some((end, live)) = choice.part {
        entry = entry.part(0..end, ranges(live, phases));
    }
    if choice.zero { entry.zero() } else { entry }
}

fn tree(shapes: &[Shape]) -> Tree {
    let mut trees: Vec<Tree> = Vec::new();
    for (phases, _, _, choices) in shapes {
        let mut tree = Tree::new(&PHASES[..*phases]);
        let mut registry = BufferRegistry::new();
        let factory = registry.factory("factory").unwrap();
        registry.set_phases(factory, tree.phases.clone()).unwrap();
        for (index, choice) in choices.iter().enumerate() {
            let entry = entry(index, choice, *phases, &tree.entries);
            if registry.register(factory, entry.clone()).is_ok() {
                tree.entries.push(entry);
            }
        }
        trees.push(tree);
    }
    while trees.len() > 1 {
        let child = trees.pop().unwrap();
        let (_, calls, back, _) = shapes[trees.len()];
        let name = format!("child{}", trees.len());
        let parent = trees.len().saturating_sub(back);
        let calls = ranges(calls, shapes[parent].0);
        trees[parent].children.push((name, child, calls));
    }
    trees.pop().unwrap()
}

fn targets() -> [Target; 3] {
    [
        Target::cuda("7.5".parse().unwrap(), Precision::F32),
        Target::cuda("9.0".parse().unwrap(), Precision::F64),
        Target::host(8, Precision::F64).unwrap(),
    ]
}

/// A buffer by the positions of its factory and of itself.
type Place = (usize, usize);

/// What is alive at each moment: every factory is in one of its phases.
struct Moments<'a> {
    layout: &'a Layout,
    all: Vec<Vec<usize>>,
}

impl<'a> Moments<'a> {
    fn new(layout: &'a Layout) -> Self {
        let mut all = vec![Vec::new()];
        for instance in layout.instances() {
            let phases = PHASES.iter().filter(|&&p| is_phase(instance.phases(), p)).count().max(1);
            let each = |before: Vec<usize>| {
                (0..phases).map(move |phase| before.iter().copied().chain([phase]).collect())
            };
            all = all.into_iter().flat_map(each).collect();
        }
        Self { layout, all }
    }

    fn buffer(&self, (instance, buffer): Place) -> &PlacedBuffer {
        &self.layout.instances()[instance].buffers()[buffer]
    }

    fn is_alive(&self, place: Place, moment: &[usize]) -> bool {
        let entry = self.buffer(place).entry();
        let mut instance = place.0;
        let now = |instance: usize, ranges: &[LiveRange]| {
            ranges.is_empty() || ranges.contains(&LiveRange::from(PHASES[moment[instance]]))
        };
        let elsewhere = entry.parts().iter().map(|part| part.range().len()).sum::<usize>();
        let mut parts = entry.parts().iter().filter(|part| !part.range().is_empty());
        let parts = parts.any(|part| now(instance, part.live_ranges()));
        let rest = elsewhere < entry.size() && now(instance, entry.live_ranges());
        let mut alive = parts || rest;
        while let Some(parent) = self.layout.instances()[instance].parent() {
            alive &= now(parent, self.layout.instances()[instance].calls());
            instance = parent;
        }
        alive || entry.is_persistent()
    }

    fn are_apart(&self, first: Place, second: Place) -> bool {
        !self.all.iter().any(|m| self.is_alive(first, m) && self.is_alive(second, m))
    }
}

/// Whether a name is that of a phase, told by the registry.
fn is_phase(phases: &Phases, name: &str) -> bool {
    let mut registry = BufferRegistry::new();
    let factory = registry.factory("factory").unwrap();
    registry.set_phases(factory, phases.clone()).unwrap();
    registry.register(factory, shared("probe", 1).live([name])).is_ok()
}

/// One element of memory: of the run's shared slice, of a local arena, or of a buffer's own array.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    memory: &'static str,
    array: Option<(usize, String)>,
    width: Width,
    element: usize,
}

fn paint(layout: &Layout) -> BTreeMap<Cell, Vec<Place>> {
    let mut cells: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (factory, instance) in layout.instances().iter().enumerate() {
        for (position, buffer) in instance.buffers().iter().enumerate() {
            let arenas = layout.arenas(buffer.width());
            let root = instance.buffer(buffer.root()).unwrap();
            let (memory, from, end) = match buffer.storage() {
                Storage::SharedPersistent => ("shared", 0, arenas.shared_persistent),
                Storage::SharedScratch => {
                    ("shared", arenas.shared_persistent, arenas.shared_stride)
                }
                Storage::LocalPersistent => ("kept", 0, arenas.local_persistent),
                Storage::LocalScratch => ("scratch", 0, arenas.local_scratch),
                Storage::Local => ("own", 0, root.size()),
            };
            let array = (memory == "own").then(|| (factory, buffer.root().to_owned()));
            let first = buffer.offset() / buffer.width().bytes();
            for element in first..first + buffer.size() {
                assert!(from <= element && element < end, "{}\n{layout}", buffer.name());
                let cell = Cell { memory, array: array.clone(), width: buffer.width(), element };
                cells.entry(cell).or_default().push((factory, position));
            }
        }
    }
    cells
}

/// Whether a buffer is another one, or lies inside it by declaration.
fn descends(layout: &Layout, buffer: Place, ancestor: Place) -> bool {
    let instance = &layout.instances()[buffer.0];
    let parent = instance.buffers()[buffer.1].parent();
    let position = |name| instance.buffers().iter().position(|other| other.name() == name).unwrap();
    buffer == ancestor
        || parent.is_some_and(|name| descends(layout, (buffer.0, position(name)), ancestor))
}

fn assert_sound(layout: &Layout) {
    let moments = Moments::new(layout);
    let mut verdicts = BTreeMap::new();
    for owners in paint(layout).into_values() {
        for &first in &owners {
            for &second in owners.iter().filter(|&&second| first < second) {
                let sound = *verdicts.entry((first, second)).or_insert_with(|| {
                    let integer =
                        |place| moments.buffer(place).entry().element_type() == ElementType::I32;
                    descends(layout, first, second)
                        || descends(layout, second, first)
                        || (integer(first) == integer(second) && moments.are_apart(first, second))
                });
                let [first, second] = [first, second].map(|place| moments.buffer(place).name());
                assert!(sound, "{first} and {second}\n{layout}");
            }
        }
    }
}

fn footprints(layout: &Layout) -> [Footprint; 4] {
    let [eight, four] =
        Width::ALL.map(|width| [layout.shared_footprint(width), layout.local_footprint(width)]);
    [eight[0], eight[1], four[0], four[1]]
}

fn change(choice: &Choice) -> BufferUpdate {
    BufferUpdate::new().size(choice.size).location(PLACES[choice.place])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn plans_are_sound_and_no_longer_than_declared(shapes in shapes(), target in 0..3usize) {
        let (tree, target) = (tree(&shapes), targets()[target]);
        let [declared, auto] = [Packing::Declared, Packing::Auto].map(|packing| {
            let (registry, factory) = registry(&tree, packing);
            registry.layout(factory, &target).unwrap()
        });
        prop_assert_eq!(auto.check(), Ok(()));
        assert_sound(&declared);
        assert_sound(&auto);
        for (declared, auto) in footprints(&declared).into_iter().zip(footprints(&auto)) {
            prop_assert!(auto.lower_bound <= auto.packed, "{:?}", auto);
            prop_assert!(auto.packed <= auto.declared, "{:?}", auto);
            prop_assert!(auto.declared <= auto.separate, "{:?}", auto);
            let as_declared = Footprint { packed: auto.declared, ..auto };
            prop_assert_eq!(declared, as_declared);
        }
        for layout in [&declared, &auto] {
            prop_assert_eq!(shared_total(layout).packed, layout.shared_bytes());
            let local = layout.local_bytes() + layout.local_persistent_bytes();
            prop_assert_eq!(local_total(layout).packed, local);
        }
    }

    #[test]
    fn equal_declarations_give_equal_plans_and_what_is_undone_leaves_no_trace(
        shapes in shapes(),
        factory in any::<Index>(),
        buffer in any::<Index>(),
        choice in choice(),
    ) {
        let (tree, target) = (tree(&shapes), targets()[0]);
        let (mut registry, root) = registry(&tree, Packing::Auto);
        let before = registry.layout(root, &target).unwrap();
        prop_assert_eq!(&*packed(&tree, &target), &*before);
        let mut factories = vec![root];
        for position in 0..shapes.len() {
            let children = registry.context(factories[position]).unwrap().children();
            factories.extend(children.map(|(_, child)| child));
        }
        factories.retain(|&factory| registry.context(factory).unwrap().entries().len() > 0);
        if factories.is_empty() {
            return Ok(());
        }
        let factory = factories[factory.index(factories.len())];
        let context = registry.context(factory).unwrap().clone();
        let old = context.entries().nth(buffer.index(context.entries().len())).unwrap();
        if registry.update_buffer(factory, old.name(), change(&choice)).is_err() {
            prop_assert!(Arc::ptr_eq(&before, &registry.layout(root, &target).unwrap()));
            return Ok(());
        }
        assert_sound(&registry.layout(root, &target).unwrap());
        let place = context.location(old.name()).unwrap();
        let undo = BufferUpdate::new().size(old.size()).location(place);
        registry.update_buffer(factory, old.name(), undo).unwrap();
        let after = registry.layout(root, &target).unwrap();
        prop_assert_eq!(&*after, &*before);
    }
}
