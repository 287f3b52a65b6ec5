//! What the checker says of layouts that are changed behind its back.

use super::*;
use crate::element::{ElementType, Precision};
use crate::entry::BufferEntry;
use crate::layout::ArenaSizes;
use crate::packing::Packing;
use crate::phases::{LiveRange, Phases};
use crate::registry::{BufferRegistry, FactoryId};
use crate::target::Target;

/// A step with a solver inside it, and something in every storage of both.
fn sound() -> Layout {
    let mut registry = BufferRegistry::new();
    let [step, solver] = ["step", "newton"].map(|prefix| {
        let factory = registry.factory(prefix).unwrap();
        for (place, location) in [("shared", Location::Shared), ("local", Location::Local)] {
            let name = |name: &str| format!("{place}_{name}");
            let root = |suffix: &str, size| BufferEntry::new(name(suffix), size).location(location);
            let alias = |suffix: &str, size, parent: &str| {
                BufferEntry::new(name(suffix), size).aliases(name(parent))
            };
            for entry in [
                root("a", 8),
                alias("a1", 3, "a"),
                alias("a2", 4, "a"),
                alias("a11", 2, "a1"),
                root("b", 5),
                root("kept", 3).persistent(),
                root("kept2", 2).persistent(),
                root("wide", 2).element(ElementType::F64),
            ] {
                registry.register(factory, entry).unwrap();
            }
        }
        factory
    });
    registry.register_child(step, "solver", solver).unwrap();
    let target = Target::host(4, Precision::F32).unwrap();
    Layout::clone(&registry.layout(step, &target).unwrap())
}

/// What the checker says when one buffer is changed behind its back.
fn corrupted(path: &str, name: &str, corrupt: impl FnOnce(&mut PlacedBuffer)) -> Violation {
    let mut layout = sound();
    let mut instances = layout.instances.iter_mut();
    let instance = instances.find(|instance| instance.path == path).unwrap();
    let mut buffers = instance.buffers.iter_mut();
    corrupt(buffers.find(|buffer| buffer.entry.name == name).unwrap());
    layout.check().unwrap_err()
}

fn overlap(first: &str, second: &str) -> Violation {
    Violation::Overlap { first: first.to_owned(), second: second.to_owned() }
}

#[test]
fn sound_layout_passes() {
    assert_eq!(sound().check(), Ok(()));
}

#[test]
fn siblings_on_one_place_are_caught() {
    for place in ["shared", "local"] {
        let violation = corrupted("step", &format!("{place}_a2"), |a2| a2.start -= 3);
        let [a1, a2] = ["a1", "a2"].map(|name| format!("step.{place}_{name}"));
        assert_eq!(violation, overlap(&a1, &a2));
    }
}

#[test]
fn roots_on_one_place_are_caught() {
    let violation = corrupted("step", "shared_b", |b| b.start -= 1);
    assert_eq!(violation, overlap("step.shared_a", "step.shared_b"));
}

#[test]
fn persistent_buffers_on_one_place_are_caught() {
    let violation = corrupted("step", "local_kept2", |kept2| kept2.start -= 1);
    assert_eq!(violation, overlap("step.local_kept", "step.local_kept2"));
}

#[test]
fn child_on_its_parents_bytes_is_caught() {
    let violation = corrupted("solver", "shared_a", |a| {
        a.start -= 1;
        a.window -= 1;
    });
    assert!(matches!(violation, Violation::OutsideParent { .. } | Violation::Overlap { .. }));
    let violation = corrupted("solver", "local_kept", |kept| {
        kept.start -= 1;
        kept.window -= 1;
    });
    assert_eq!(violation, overlap("step.local_kept2", "solver.local_kept"));
}

#[test]
fn alias_outside_its_parent_is_caught() {
    let outside = |name: &str| Violation::OutsideParent { buffer: format!("step.{name}") };
    let violation = corrupted("step", "shared_a2", |a2| a2.start += 2);
    assert_eq!(violation, outside("shared_a2"));
    let violation = corrupted("step", "local_a11", |a11| a11.start += 2);
    assert_eq!(violation, outside("local_a11"));
    let violation = corrupted("step", "shared_a1", |a1| a1.start -= 1);
    assert_eq!(violation, outside("shared_a1"));
}

#[test]
fn buffer_outside_its_arena_is_caught() {
    let outside = |name: &str| Violation::OutsideArena { buffer: format!("solver.{name}") };
    for far in [1, 1000, usize::MAX - 1] {
        // The last one in its arena.
        let violation = corrupted("solver", "shared_b", |b| b.start = far.max(b.start + 1));
        assert_eq!(violation, outside("shared_b"));
    }
    let violation = corrupted("solver", "local_b", |b| b.start = 1);
    assert_eq!(violation, outside("local_b"));
}

#[test]
fn storage_that_is_not_declared_is_caught() {
    for (name, storage) in [
        ("shared_b", Storage::SharedPersistent),
        ("shared_kept", Storage::SharedScratch),
        ("shared_kept2", Storage::LocalPersistent),
        ("local_kept", Storage::SharedPersistent),
    ] {
        let violation = corrupted("step", name, |buffer| buffer.storage = storage);
        assert_eq!(violation, Violation::WrongStorage { buffer: format!("step.{name}") });
    }
}

#[test]
fn wrong_width_is_caught() {
    let violation = corrupted("step", "shared_b", |b| b.width = Width::Eight);
    assert_eq!(violation, Violation::WrongWidth { buffer: "step.shared_b".to_owned() });
}

#[test]
fn wrong_parent_is_caught() {
    let wrong = |name: &str| Violation::WrongParent { buffer: format!("step.{name}") };
    let violation = corrupted("step", "shared_a2", |a2| a2.parent = Some("shared_a1".into()));
    assert_eq!(violation, wrong("shared_a2"));
    let violation = corrupted("step", "shared_b", |b| b.parent = Some("shared_a".into()));
    assert_eq!(violation, wrong("shared_b"));
    let violation = corrupted("step", "shared_a1", |a1| a1.parent = None);
    assert_eq!(violation, wrong("shared_a1"));
    let violation = corrupted("step", "local_b", |b| b.root = "local_a".into());
    assert_eq!(violation, wrong("local_b"));
    let violation = corrupted("step", "local_a", |a| a.entry.persistent = true);
    assert!(matches!(violation, Violation::WrongStorage { .. }));
}

#[test]
fn buffer_before_its_window_is_caught() {
    let violation = corrupted("solver", "local_kept", |kept| kept.window += 1);
    assert_eq!(violation, Violation::OutsideWindow { buffer: "solver.local_kept".to_owned() });
}

#[test]
fn wrong_arenas_are_caught() {
    let checked = |corrupt: fn(&mut ArenaSizes)| {
        let mut layout = sound();
        corrupt(&mut layout.arenas.four);
        layout.check()
    };
    // One makes it even, two make it too short.
    for corrupt in [(|arena| arena.shared_stride += 1) as fn(&mut ArenaSizes), |arena| {
        arena.shared_stride -= 2
    }] {
        assert!(matches!(checked(corrupt), Err(Violation::WrongStride { bytes: 4, .. })));
    }
    assert!(matches!(
        checked(|arena| arena.local -= 1),
        Err(Violation::WrongCount { bytes: 4, .. })
    ));
    assert!(matches!(
        checked(|arena| arena.local_persistent -= 1),
        Err(Violation::OutsideArena { .. })
    ));
    for corrupt in [
        (|arena| {
            arena.shared_persistent -= 1;
            arena.shared_scratch += 1;
        }) as fn(&mut ArenaSizes),
        |arena| {
            arena.shared_persistent += 1;
            arena.shared_scratch -= 1;
        },
    ] {
        assert!(matches!(checked(corrupt), Err(Violation::OutsideArena { .. })));
    }
}

/// Phases of a parent and of one child of two. What lies on what is up to a test.
const PHASES: [&str; 3] = ["first", "second", "third"];

/// Those whose bits are set.
fn ranges(bits: usize) -> Vec<LiveRange> {
    let chosen = PHASES.iter().enumerate().filter(|(phase, _)| bits & (1 << phase) != 0);
    chosen.map(|(_, &name)| LiveRange::from(name)).collect()
}

fn three_phases() -> Phases {
    PHASES.iter().fold(Phases::new(), |phases, &name| phases.phase(name))
}

/// Buffers of one element, each of which may be moved anywhere in a large arena.
fn loose(registry: &mut BufferRegistry, prefix: &str, names: &[&str]) -> FactoryId {
    let factory = registry.factory(prefix).unwrap();
    registry.set_phases(factory, three_phases()).unwrap();
    for &name in names {
        let entry = BufferEntry::new(name, 1).location(Location::Shared);
        registry.register(factory, entry).unwrap();
    }
    factory
}

fn in_large_arena(registry: &BufferRegistry, factory: FactoryId) -> Layout {
    let target = Target::host(1, Precision::F64).unwrap();
    let mut layout = Layout::clone(&registry.layout(factory, &target).unwrap());
    layout.arenas.eight =
        ArenaSizes { shared_scratch: 21, shared_stride: 21, ..Default::default() };
    layout
}

/// Whether an element is painted twice in a phase.
fn collides(buffers: &[(usize, usize, usize)]) -> bool {
    let mut painted = [[false; 21]; PHASES.len()];
    buffers.iter().any(|&(start, size, live)| {
        let phases = painted.iter_mut().enumerate().filter(|(phase, _)| live & (1 << phase) != 0);
        let mut elements = phases.flat_map(|(_, elements)| &mut elements[start..start + size]);
        elements.any(|element| std::mem::replace(element, true))
    })
}

/// Gives buffers starts, sizes and live phases, and compares what the checker says of it with what
/// painting says.
fn compare(layout: &mut Layout, lives: &[Vec<LiveRange>], buffers: &[(usize, usize, usize)]) {
    for (buffer, &(start, size, live)) in layout.instances[0].buffers.iter_mut().zip(buffers) {
        (buffer.start, buffer.entry.size) = (start, size);
        buffer.entry.live.clone_from(&lives[live]);
    }
    let verdict = layout.check();
    assert!(matches!(verdict, Ok(()) | Err(Violation::Overlap { .. })), "{verdict:?}");
    assert_eq!(verdict.is_err(), collides(buffers), "{buffers:?}");
}

#[test]
fn the_verdict_on_two_buffers_is_that_of_painting() {
    let mut registry = BufferRegistry::new();
    let factory = loose(&mut registry, "step", &["a", "b"]);
    let mut layout = in_large_arena(&registry, factory);
    let lives: Vec<_> = (0..8).map(ranges).collect();
    let choices: Vec<(usize, usize, usize)> = (0..5)
        .flat_map(|start| (0..4).flat_map(move |size| (1..8).map(move |live| (start, size, live))))
        .collect();
    for &a in &choices {
        for &b in &choices {
            compare(&mut layout, &lives, &[a, b]);
        }
    }
}

#[test]
fn the_verdict_on_four_buffers_is_that_of_painting() {
    let mut registry = BufferRegistry::new();
    let factory = loose(&mut registry, "step", &["a", "b", "c", "d"]);
    let mut layout = in_large_arena(&registry, factory);
    let lives: Vec<_> = (0..8).map(ranges).collect();
    // All sizes of all buffers in all phases, at starts that differ from one list to the next.
    let mut state = 1u64;
    let mut start = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % 7
    };
    let kinds: Vec<_> = (1..4).flat_map(|size| (1..8).map(move |live| (size, live))).collect();
    let mut compared = 0;
    for index in 0..kinds.len().pow(4) {
        let kind = |place: u32| kinds[index / kinds.len().pow(place) % kinds.len()];
        let buffers = [0, 1, 2, 3].map(|place| {
            let (size, live) = kind(place);
            (start(), size, live)
        });
        compare(&mut layout, &lives, &buffers);
        compared += 1;
    }
    assert_eq!(compared, 194_481);
}

#[test]
fn what_lies_in_a_child_is_alive_while_the_child_is_called() {
    let mut registry = BufferRegistry::new();
    let [step, solver, inner, other] =
        ["step", "solver", "inner", "other"].map(|prefix| loose(&mut registry, prefix, &[prefix]));
    // Phases of its own say nothing of when a factory is called.
    for innermost in [inner, other] {
        registry.set_phases(innermost, Phases::new().phase("first")).unwrap();
    }
    registry.register_child(solver, "in_solver", inner).unwrap();
    registry.register_child(step, "in_step", solver).unwrap();
    registry.register_child(step, "beside", other).unwrap();
    let sound = in_large_arena(&registry, step);
    let names = sound.instances.iter().map(|instance| instance.buffers[0].entry.name.as_str());
    assert!(names.eq(["step", "solver", "inner", "other"]));

    // Two buffers on one element, and in which phases of which factory they are alive.
    let mut verdicts = [0, 0];
    let mut check = |first: usize, second: usize, set: &dyn Fn(&mut Layout), meet: bool| {
        let mut layout = sound.clone();
        let start = layout.instances[first].buffers[0].start;
        let buffer = &mut layout.instances[second].buffers[0];
        (buffer.start, buffer.window) = (start, start);
        set(&mut layout);
        let overlap = layout.check();
        assert_eq!(matches!(overlap, Err(Violation::Overlap { .. })), meet, "{overlap:?}");
        verdicts[usize::from(meet)] += 1;
    };
    let any = |bits: usize| if bits == 0 { 7 } else { bits };
    for a in 0..8 {
        for b in 0..8 {
            let meet = any(a) & any(b) != 0;
            // In the parent, and in a child, or a child of that.
            for inside in [1, 2, 3] {
                let child = if inside == 2 { 1 } else { inside };
                let set = |layout: &mut Layout| {
                    layout.instances[0].buffers[0].entry.live = ranges(a);
                    layout.instances[child].calls = ranges(b);
                    layout.instances[inside].buffers[0].entry.live = ranges(1);
                };
                check(0, inside, &set, meet);
            }
            // In a child, and in a child of that.
            let set = |layout: &mut Layout| {
                layout.instances[1].buffers[0].entry.live = ranges(a);
                layout.instances[2].calls = ranges(b);
                layout.instances[1].calls = ranges(1);
            };
            check(1, 2, &set, meet);
            // In two children, one of them deeper.
            for inside in [1, 2] {
                let set = |layout: &mut Layout| {
                    layout.instances[1].calls = ranges(a);
                    layout.instances[3].calls = ranges(b);
                    layout.instances[2].calls = ranges(2);
                };
                check(inside, 3, &set, meet);
            }
        }
    }
    assert!(verdicts[0] > 0 && verdicts[1] > 0);

    // What is persistent is alive between calls too.
    let mut layout = sound;
    layout.arenas.eight =
        ArenaSizes { shared_persistent: 1, shared_scratch: 20, ..layout.arenas.eight };
    for (instance, phase) in layout.instances.iter_mut().zip([0, 1, 1, 2]) {
        instance.calls = ranges(phase);
        let buffer = &mut instance.buffers[0];
        (buffer.start, buffer.window) = (buffer.start + 1, buffer.window + 1);
    }
    for kept in [1, 3] {
        let buffer = &mut layout.instances[kept].buffers[0];
        (buffer.start, buffer.window, buffer.entry.persistent) = (0, 0, true);
        buffer.storage = Storage::SharedPersistent;
    }
    assert_eq!(layout.check(), Err(overlap("in_step.solver", "beside.other")));
}

/// A layout in which `b` may lie on `a`, and does.
fn overlaid() -> Layout {
    let mut registry = BufferRegistry::new();
    registry.set_packing(Packing::Auto);
    let step = loose(&mut registry, "step", &[]);
    for (name, phase) in [("a", "first"), ("b", "second")] {
        for location in [Location::Shared, Location::Local] {
            let entry = BufferEntry::new(format!("{location}_{name}"), 20).location(location);
            registry.register(step, entry.live([phase])).unwrap();
        }
    }
    let target = Target::host(1, Precision::F64).unwrap();
    Layout::clone(&registry.layout(step, &target).unwrap())
}

#[test]
fn what_is_overlaid_is_never_alive_together() {
    assert_eq!(overlaid().check(), Ok(()));
    let corrupted = |corrupt: &dyn Fn(&mut PlacedBuffer)| {
        let mut layout = overlaid();
        layout.instances[0].buffers.iter_mut().skip(2).for_each(corrupt);
        layout.check()
    };
    let clash = Err(overlap("step.shared_a", "step.shared_b"));
    assert_eq!(
        corrupted(
            &|b| b.entry.live = vec!["first".."third"].into_iter().map(LiveRange::from).collect()
        ),
        clash
    );
    assert_eq!(corrupted(&|b| b.entry.live.clear()), clash);
    assert_eq!(corrupted(&|b| b.entry.zero = true), Ok(()));
    assert_eq!(corrupted(&|b| b.entry = b.entry.clone().part(3..4, ["first"])), clash);
    assert_eq!(corrupted(&|b| b.entry = b.entry.clone().part(3..3, ["first"])), Ok(()));
    let behind_part = |b: &mut PlacedBuffer| {
        b.entry = b.entry.clone().live(["first"]).part(0..3, ["second"]);
    };
    assert_eq!(corrupted(&behind_part), clash);
    let mixed = Violation::MixedTypes {
        first: "step.shared_a".to_owned(),
        second: "step.shared_b".to_owned(),
    };
    assert_eq!(corrupted(&|b| b.entry.element = ElementType::I32), Err(mixed));

    // The same without phases.
    let mut layout = overlaid();
    layout.instances[0].phases = Phases::new();
    layout.instances[0].buffers.iter_mut().for_each(|buffer| buffer.entry.live.clear());
    assert_eq!(layout.check(), clash);
}

#[test]
fn local_scratch_is_an_arena() {
    let mut layout = overlaid();
    let outside = Violation::OutsideArena { buffer: "step.local_a".to_owned() };
    layout.arenas.eight.local_scratch -= 1;
    assert_eq!(layout.check(), Err(outside));

    let mut layout = overlaid();
    layout.arenas.eight.local_scratch += 40;
    let [.., b] = layout.instances[0].buffers.as_mut_slice() else { panic!("no buffers") };
    b.entry.live = vec![LiveRange::from("first")];
    assert_eq!(layout.check(), Err(overlap("step.local_a", "step.local_b")));

    let mut layout = overlaid();
    layout.instances[0].buffers[1].entry.persistent = true;
    let wrong = Violation::WrongStorage { buffer: "step.local_a".to_owned() };
    assert_eq!(layout.check(), Err(wrong));
}
