//! Memory maps, read back from their SVG.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use buffer_core::{
    Buffer, BufferEntry, BufferRegistry, Buffers, Layout, Location, MemoryMap, Packing, Phases,
    Precision, Target, Width,
};
use proptest::prelude::*;
use roxmltree::{Document, Node};
use support::{alias, gpu, layout, local, one_factory, shared};

#[derive(Buffers)]
#[buffers(prefix = "newton", phases(residual, loop iteration { linear, update }))]
struct Newton {
    n: usize,
    #[buffer(size = n, location = "shared", live = linear..=update)]
    delta: Buffer,
    #[buffer(size = n, location = "shared")]
    residual: Buffer,
    #[buffer(size = 1, location = "shared", persistent)]
    prev_theta: Buffer,
    #[buffer(size = 3, location = "local")]
    counters: Buffer<i32>,
}

/// Each way in which a buffer can be drawn: with parts, handed over, inside another one, kept, local.
#[derive(Buffers)]
#[buffers(
    prefix = "dirk",
    vars(n >= 1, stages >= 2),
    phases(start, first, loop stage { solve, feval }, finish)
)]
struct Dirk {
    n: usize,
    stages: usize,
    #[buffer(size = n * (stages - 1), location = "shared", live = start..=feval,
        part(0..n, live = start..=first))]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator", live = first..=feval, handoff)]
    stage_base: Buffer,
    #[buffer(size = n, location = "shared", persistent)]
    increment: Buffer,
    #[buffer(size = n, location = "shared", live = feval)]
    stage_rhs: Buffer,
    #[buffer(size = 2 * n, location = "local", live = start)]
    predictor: Buffer,
    #[buffer(size = n, aliases = "predictor", live = finish)]
    error: Buffer,
    #[buffer(size = 2, location = "local", persistent)]
    counters: Buffer<i32>,
    #[buffer(size = 0, location = "shared")]
    drivers: Buffer,
    #[child(call = [first, solve])]
    solver: Newton,
}

fn dirk(n: usize, packing: Packing) -> Arc<Layout> {
    let solver = Newton {
        n,
        delta: Buffer::new(),
        residual: Buffer::new(),
        prev_theta: Buffer::new(),
        counters: Buffer::new(),
    };
    let factory = Dirk {
        n,
        stages: 4,
        accumulator: Buffer::new(),
        stage_base: Buffer::new(),
        increment: Buffer::new(),
        stage_rhs: Buffer::new(),
        predictor: Buffer::new(),
        error: Buffer::new(),
        counters: Buffer::new(),
        drivers: Buffer::new(),
        solver,
    };
    let mut registry = BufferRegistry::new();
    registry.set_packing(packing);
    let id = registry.add(&factory).unwrap();
    registry.layout(id, &Target::cuda("9.0".parse().unwrap(), Precision::F64)).unwrap()
}

#[derive(Debug, Clone, Copy)]
struct Rectangle {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

/// Half a hundredth of a pixel, to which lengths are written, on either side.
const ROUNDING: f64 = 0.011;

impl Rectangle {
    fn of(node: Node<'_, '_>) -> Self {
        let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let (left, top) = (number("x"), number("y"));
        Self { left, top, right: left + number("width"), bottom: top + number("height") }
    }

    /// What a text of code takes, as high as its letters are.
    fn of_code(node: Node<'_, '_>) -> Self {
        const CHARACTER: f64 = 6.02;
        const LETTER: f64 = 7.0;
        let length = node.text().unwrap().chars().count() as f64 * CHARACTER;
        if let Some(turn) = node.attribute("transform") {
            let point = turn.strip_prefix("translate(").unwrap().split_once(')').unwrap().0;
            let (x, y) = point.split_once(' ').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            return Self { left: x - LETTER, top: y - length, right: x, bottom: y };
        }
        let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
        let (mut left, y) = (number("x"), number("y"));
        if node.attribute("class").unwrap().contains("middle") {
            left -= length / 2.0;
        }
        Self { left, top: y - LETTER, right: left + length, bottom: y }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left + ROUNDING < other.right
            && other.left + ROUNDING < self.right
            && self.top + ROUNDING < other.bottom
            && other.top + ROUNDING < self.bottom
    }

    fn lies_in(&self, other: &Self) -> bool {
        self.left + ROUNDING >= other.left
            && self.right <= other.right + ROUNDING
            && self.top + ROUNDING >= other.top
            && self.bottom <= other.bottom + ROUNDING
    }
}

fn has_class(node: Node<'_, '_>, class: &str) -> bool {
    node.attribute("class").is_some_and(|classes| classes.split(' ').any(|other| other == class))
}

fn of_class<'a, 'input: 'a>(
    root: Node<'a, 'input>,
    class: &'a str,
) -> impl Iterator<Item = Node<'a, 'input>> + 'a {
    root.descendants().filter(move |node| has_class(*node, class))
}

/// The bytes of a section.
fn bytes_of(section: Node<'_, '_>) -> f64 {
    section.attribute("data-bytes").unwrap().parse().unwrap()
}

/// A drawn buffer.
struct Drawn {
    name: String,
    rectangles: Vec<Rectangle>,
    names: Vec<Rectangle>,
}

/// Asserts that the drawing of one layout is sound; answers how many buffers have their name in it.
fn assert_sound(layout: &Layout, svg: &str) -> usize {
    let document = Document::parse(svg).unwrap();
    let page = document.root_element();
    let expected: BTreeSet<_> = layout
        .instances()
        .iter()
        .flat_map(|instance| {
            let buffers = instance.buffers().iter().filter(|buffer| buffer.size() > 0);
            buffers.map(|buffer| format!("{}.{}", instance.path(), buffer.name()))
        })
        .collect();
    let mut found = BTreeSet::new();
    let mut named = 0;
    let sections = page.descendants().filter(|node| node.has_attribute("data-bytes"));
    for section in sections {
        let bytes = bytes_of(section);
        let frame = Rectangle::of(of_class(section, "frame").next().unwrap());
        let scale = (frame.bottom - frame.top) / bytes;
        let mut drawn = Vec::new();
        for block in of_class(section, "block") {
            let name = block.attribute("data-buffer").unwrap().to_owned();
            assert!(found.insert(name.clone()), "{name} is drawn twice");
            let rectangles = block.children().filter(|node| node.has_tag_name("rect"));
            let rectangles = rectangles.filter(|node| !has_class(*node, "persistent"));
            let rectangles: Vec<_> = rectangles.map(Rectangle::of).collect();
            assert!(!rectangles.is_empty(), "{name} has no block");
            let names: Vec<_> = of_class(block, "code").map(Rectangle::of_code).collect();
            for text in &names {
                assert!(rectangles.iter().any(|own| text.lies_in(own)), "the name of {name}");
            }
            let (path, buffer) = name.split_once('.').unwrap();
            let placed = layout.instance(path).unwrap().buffer(buffer).unwrap();
            let top = frame.top + placed.offset() as f64 * scale;
            let bottom = top + placed.bytes() as f64 * scale;
            let height = (top, bottom);
            for own in &rectangles {
                assert!(own.lies_in(&frame), "{name} lies outside: {own:?} of {frame:?}");
                assert!(height.0 <= own.top + 0.05 && own.bottom <= height.1 + 0.05, "{name}");
            }
            drawn.push(Drawn { name, rectangles, names });
        }
        let beside: Vec<_> = of_class(section, "beside").map(Rectangle::of_code).collect();
        named += beside.len() + drawn.iter().filter(|one| !one.names.is_empty()).count();
        assert_apart(layout, &drawn, &beside);
    }
    assert_eq!(found, expected);
    named
}

/// Asserts that blocks overlap only where one lies inside the other, and that no text is covered.
fn assert_apart(layout: &Layout, drawn: &[Drawn], beside: &[Rectangle]) {
    let texts: Vec<_> = drawn.iter().flat_map(|one| &one.names).chain(beside).collect();
    for (at, text) in texts.iter().enumerate() {
        assert!(!texts[..at].iter().any(|other| other.meets(text)), "names overlap");
    }
    for (at, one) in drawn.iter().enumerate() {
        for text in beside {
            assert!(!one.rectangles.iter().any(|own| own.meets(text)), "a name over {}", one.name);
        }
        for other in &drawn[at + 1..] {
            let overlap = one
                .rectangles
                .iter()
                .any(|own| other.rectangles.iter().any(|theirs| own.meets(theirs)));
            assert!(!overlap || is_inside(layout, &other.name, &one.name), "{}", other.name);
            for own in &one.names {
                let covered = other.rectangles.iter().any(|theirs| theirs.meets(own));
                assert!(!covered, "{} covers the name of {}", other.name, one.name);
            }
        }
    }
}

/// Whether a buffer lies inside another one by declaration.
fn is_inside(layout: &Layout, name: &str, around: &str) -> bool {
    let (path, buffer) = name.split_once('.').unwrap();
    let instance = layout.instance(path).unwrap();
    let parent = |name: &&str| instance.buffer(name).unwrap().parent();
    let mut parents = std::iter::successors(Some(buffer), parent).skip(1);
    parents.any(|parent| format!("{path}.{parent}") == around)
}

#[test]
fn each_buffer_is_one_block_at_its_offset() {
    for packing in [Packing::Declared, Packing::Auto] {
        for n in [1, 2, 3, 7, 16, 200] {
            let layout = dirk(n, packing);
            assert_sound(&layout, &layout.to_svg());
        }
    }
}

#[test]
fn names_stand_where_there_is_room() {
    let layout = dirk(16, Packing::Declared);
    assert_eq!(assert_sound(&layout, &layout.to_svg()), 8, "{}", layout.to_svg());
}

#[test]
fn a_block_says_what_it_is() {
    let svg = dirk(16, Packing::Declared).to_svg();
    let document = Document::parse(&svg).unwrap();
    let title = |name: &str| {
        let mut blocks = of_class(document.root_element(), "block");
        let block = blocks.find(|block| block.attribute("data-buffer") == Some(name)).unwrap();
        let title = block.children().find(|node| node.has_tag_name("title")).unwrap();
        title.text().unwrap().to_owned()
    };
    assert_eq!(
        title("dirk.accumulator"),
        "dirk.accumulator\n48 of Real, 384 bytes at 136..520\nshared memory\n\
         live: [0..16] start..=first\nlive: [16..48] start..=feval"
    );
    assert_eq!(
        title("dirk.error"),
        "dirk.error\n16 of Real, 128 bytes at 0..128\nlocal memory\n\
         live: finish\ninside predictor"
    );
    assert_eq!(
        title("solver.prev_theta"),
        "solver.prev_theta\n1 of Real, 8 bytes at 128..136\nshared persistent memory\n\
         kept from step to step"
    );
}

#[test]
fn a_child_is_drawn_in_each_phase_that_calls_it() {
    let svg = dirk(16, Packing::Declared).to_svg();
    let document = Document::parse(&svg).unwrap();
    let rectangles = |name: &str| {
        let mut blocks = of_class(document.root_element(), "block");
        let block = blocks.find(|block| block.attribute("data-buffer") == Some(name)).unwrap();
        let rectangles = block.children().filter(|node| node.has_tag_name("rect"));
        rectangles.map(Rectangle::of).collect::<Vec<_>>()
    };
    let width = |one: &Rectangle| one.right - one.left;
    // `first` and `solve` follow each other, so what is live all the time in the solver is one block.
    let (residual, delta) = (rectangles("solver.residual"), rectangles("solver.delta"));
    assert_eq!((residual.len(), delta.len()), (1, 2));
    assert!(delta.iter().all(|one| residual[0].left < one.left && one.right <= residual[0].right));
    // Two parts, and the one that is handed over ends before the other.
    let parts = rectangles("dirk.accumulator");
    assert_eq!(parts.len(), 2);
    assert!(width(&parts[0]) < width(&parts[1]));
    let alias = rectangles("dirk.stage_base");
    assert!(alias[0].left < parts[0].right && alias[0].right > parts[0].right);
}

#[test]
fn maps_side_by_side_have_one_scale_and_tell_what_is_saved() {
    let (before, after) = (dirk(16, Packing::Declared), dirk(16, Packing::Auto));
    let svg = MemoryMap::new(&before).beside(&after).registers(96).to_svg();
    let document = Document::parse(&svg).unwrap();
    let page = document.root_element();
    let sections = page.descendants().filter(|node| node.has_attribute("data-bytes"));
    let scales: Vec<_> = sections
        .map(|section| {
            let frame = Rectangle::of(of_class(section, "frame").next().unwrap());
            let bytes = bytes_of(section);
            (frame.bottom - frame.top, bytes)
        })
        .collect();
    let (height, bytes) = scales[0];
    assert!(scales.iter().all(|one| (one.0 - one.1 * height / bytes).abs() < 0.02), "{scales:?}");
    let saved: Vec<_> = of_class(page, "gain").map(|node| node.text().unwrap()).collect();
    let less = before.shared_bytes() - after.shared_bytes();
    assert_eq!(saved, [format!("{less} bytes saved")]);
    // The line of the lower bound stands at its offset.
    let footprint = after.shared_footprint(Width::Eight);
    assert!(footprint.is_least() && footprint.declared > footprint.packed, "{footprint:?}");
    let lines: Vec<_> = page.descendants().filter(|node| node.has_tag_name("line")).collect();
    let lines: Vec<_> = lines.into_iter().filter(|line| has_class(*line, "bound")).collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let section = line.parent().unwrap();
        let frame = Rectangle::of(of_class(section, "frame").next().unwrap());
        let y: f64 = line.attribute("y1").unwrap().parse().unwrap();
        let expected = frame.top + footprint.lower_bound as f64 * height / bytes;
        assert!((y - expected).abs() < 0.05, "{y} and {expected}");
    }
    let text: String = page.descendants().filter_map(|node| node.text()).collect();
    let occupancy = after.fullest_block(96).unwrap();
    assert!(text.contains(&format!("{} of 64 warps", occupancy.warps())), "{text}");
    let width: f64 = page.attribute("width").unwrap().parse().unwrap();
    for rectangle in page.descendants().filter(|node| node.has_tag_name("rect")) {
        if rectangle.has_attribute("x") {
            assert!(Rectangle::of(rectangle).right <= width, "{rectangle:?}");
        }
    }
}

#[test]
fn padding_is_shown() {
    let (registry, factory) = one_factory([shared("even", 4)]);
    let layout = layout(&registry, factory);
    let svg = layout.to_svg();
    let document = Document::parse(&svg).unwrap();
    let padding = of_class(document.root_element(), "padding").next().unwrap();
    let frame = of_class(document.root_element(), "frame").next().unwrap();
    let (padding, frame) = (Rectangle::of(padding), Rectangle::of(frame));
    assert!(padding.lies_in(&frame) && (padding.bottom - frame.bottom).abs() < ROUNDING);
    let share = (padding.bottom - padding.top) / (frame.bottom - frame.top);
    assert!((share - 0.2).abs() < 1e-3, "{share}");
    assert_sound(&layout, &svg);
}

#[test]
fn there_is_a_map_of_nothing_and_of_the_host() {
    let (registry, factory) = one_factory([]);
    let nothing = layout(&registry, factory);
    assert_eq!(assert_sound(&nothing, &nothing.to_svg()), 0);
    let (registry, factory) = one_factory([shared("a", 3), alias("b", 3, "a"), local("c", 2)]);
    let host = registry.layout(factory, &Target::host(8, Precision::F32).unwrap()).unwrap();
    assert_eq!(assert_sound(&host, &MemoryMap::new(&host).registers(64).to_svg()), 2);
}

/// What is drawn of one buffer: its size, where it lies, its first and last phase, and whether it is
/// an alias of the one before it.
type Choice = (usize, bool, usize, usize, bool);

fn factory(choices: &[Choice]) -> (BufferRegistry, buffer_core::FactoryId) {
    let names = ["p0", "p1", "p2", "p3", "p4"];
    let inner = Phases::new().phase("p2").phase("p3");
    let phases = Phases::new().phase("p0").phase("p1").repeat("l", inner).phase("p4");
    let mut registry = BufferRegistry::new();
    let root = registry.factory("root").unwrap();
    registry.set_phases(root, phases.clone()).unwrap();
    let child = registry.factory("kind").unwrap();
    registry.set_phases(child, phases).unwrap();
    for (at, &(size, in_shared, first, last, aliases)) in choices.iter().enumerate() {
        let live = [names[first.min(last)]..=names[first.max(last)]];
        let entry = BufferEntry::new(format!("buffer_{at}"), size).live(live);
        let location = if in_shared { Location::Shared } else { Location::Local };
        let own = entry.clone().location(location);
        let owner = if at % 3 == 2 { child } else { root };
        // What may not be an alias has storage of its own.
        let alias = entry.aliases(format!("buffer_{}", at.saturating_sub(1)));
        if !aliases || registry.register(owner, alias).is_err() {
            registry.register(owner, own).unwrap();
        }
    }
    registry.register_child(root, "part", child).unwrap();
    (registry, root)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_map_is_sound(
        choices in prop::collection::vec(
            (0..40_usize, any::<bool>(), 0..5_usize, 0..5_usize, any::<bool>()),
            0..12,
        )
    ) {
        for packing in [Packing::Declared, Packing::Auto] {
            let draw = || {
                let (mut registry, root) = factory(&choices);
                registry.set_packing(packing);
                let layout = registry.layout(root, &gpu()).unwrap();
                assert_sound(&layout, &layout.to_svg());
                layout.to_svg()
            };
            prop_assert_eq!(draw(), draw());
        }
    }
}
