//! Random registries: every layout is sound, sizes agree with it, and what is undone leaves no
//! trace.
//!
//! Soundness is judged here by painting every element, which shares nothing with the checker.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;

use buffer_core::{
    BufferEntry, BufferRegistry, BufferUpdate, ElementType, FactoryId, Instance, Layout, Location,
    Overflow, PlacedBuffer, Precision, Storage, Target, Width,
};
use proptest::prelude::*;

const CASES: u32 = 10_000;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

const ELEMENTS: [ElementType; 4] =
    [ElementType::Real, ElementType::F32, ElementType::F64, ElementType::I32];
const PLACES: [Location; 3] = [Location::Shared, Location::Local, Location::Auto];

/// The choices behind one buffer. Not all of them make a legal one: the registry refuses the rest.
#[derive(Debug, Clone)]
struct Choice {
    size: usize,
    element: usize,
    place: Option<usize>,
    persistent: bool,
    /// Counted back from the buffer itself.
    parent: Option<usize>,
    own: bool,
    zero: bool,
}

fn choice() -> impl Strategy<Value = Choice> {
    (
        prop_oneof![1 => Just(0usize), 8 => 1usize..12],
        0..ELEMENTS.len(),
        proptest::option::weighted(0.6, 0..PLACES.len()),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.5, 1usize..5),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(size, element, place, persistent, parent, own, zero)| Choice {
            size,
            element,
            place,
            persistent,
            parent,
            own,
            zero,
        })
}

/// A change of a random buffer of a random factory.
#[derive(Debug, Clone)]
struct Change {
    factory: prop::sample::Index,
    buffer: prop::sample::Index,
    choice: Choice,
    what: u8,
}

fn change() -> impl Strategy<Value = Change> {
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), choice(), 0u8..6)
        .prop_map(|(factory, buffer, choice, what)| Change { factory, buffer, choice, what })
}

/// Buffers of each factory, and how far before it its parent stands.
fn forest() -> impl Strategy<Value = Vec<(usize, Vec<Choice>)>> {
    prop::collection::vec((1usize..4, prop::collection::vec(choice(), 0..10)), 1..5)
}

fn entry(index: usize, choice: &Choice, above: &[BufferEntry]) -> BufferEntry {
    let mut entry = BufferEntry::new(format!("b{index}"), choice.size);
    let parent = choice.parent.and_then(|back| above.len().checked_sub(back)).map(|at| &above[at]);
    entry = match parent {
        Some(parent) => entry.aliases(parent.name()).element(parent.element_type()),
        None => entry.element(ELEMENTS[choice.element]),
    };
    match (choice.place, parent) {
        (Some(place), _) => entry = entry.location(PLACES[place]),
        (None, None) => entry = entry.location(Location::Shared),
        (None, Some(_)) => {}
    }
    if choice.persistent {
        entry = entry.persistent();
    }
    if choice.own && parent.is_some() {
        entry = entry.overflow(Overflow::Own);
    }
    if choice.zero && !choice.persistent {
        entry = entry.zero();
    }
    entry
}

fn build(forest: &[(usize, Vec<Choice>)]) -> (BufferRegistry, Vec<FactoryId>) {
    let mut registry = BufferRegistry::new();
    let mut factories: Vec<FactoryId> = Vec::new();
    for (index, (back, choices)) in forest.iter().enumerate() {
        let factory = registry.factory("factory").unwrap();
        let mut above = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let entry = entry(index, choice, &above);
            if registry.register(factory, entry.clone()).is_ok() {
                above.push(entry);
            }
        }
        if index > 0 {
            let parent = factories[index.saturating_sub(*back)];
            registry.register_child(parent, &format!("child{index}"), factory).unwrap();
        }
        factories.push(factory);
    }
    (registry, factories)
}

fn targets() -> [Target; 3] {
    [
        Target::cuda("7.5".parse().unwrap(), Precision::F32),
        Target::cuda("9.0".parse().unwrap(), Precision::F64),
        Target::host(8, Precision::F64).unwrap(),
    ]
}

/// One element of memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    /// The instance and the root, for arrays of a buffer's own.
    array: Option<(usize, String)>,
    shared: bool,
    width: Width,
    element: usize,
}

/// All elements of memory, with the buffers that lie on each.
fn paint(layout: &Layout) -> BTreeMap<Cell, Vec<(&Instance, &PlacedBuffer)>> {
    let mut cells: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (index, instance) in layout.instances().iter().enumerate() {
        for buffer in instance.buffers() {
            let own = buffer.storage() == Storage::Local;
            let shared =
                matches!(buffer.storage(), Storage::SharedPersistent | Storage::SharedScratch);
            assert_eq!(buffer.width(), layout.target().width(buffer.entry().element_type()));
            let first = buffer.offset() / buffer.width().bytes();
            for element in first..first + buffer.size() {
                let array = own.then(|| (index, buffer.root().to_owned()));
                let cell = Cell { array, shared, width: buffer.width(), element };
                cells.entry(cell).or_default().push((instance, buffer));
            }
        }
    }
    cells
}

/// Whether an element lies in the arena of its buffer.
fn is_inside(layout: &Layout, cell: &Cell, instance: &Instance, buffer: &PlacedBuffer) -> bool {
    let arenas = layout.arenas(cell.width);
    match buffer.storage() {
        Storage::SharedPersistent => cell.element < arenas.shared_persistent,
        Storage::SharedScratch => {
            (arenas.shared_persistent..arenas.shared_stride).contains(&cell.element)
        }
        Storage::LocalPersistent => cell.element < arenas.local_persistent,
        Storage::LocalScratch => cell.element < arenas.local_scratch,
        Storage::Local => cell.element < instance.buffer(buffer.root()).unwrap().size(),
    }
}

/// Whether a buffer is another one, or lies inside it by declaration.
fn descends(instance: &Instance, buffer: &PlacedBuffer, ancestor: &PlacedBuffer) -> bool {
    buffer.name() == ancestor.name()
        || buffer
            .parent()
            .is_some_and(|parent| descends(instance, instance.buffer(parent).unwrap(), ancestor))
}

fn assert_sound(layout: &Layout) {
    for (cell, owners) in paint(layout) {
        let (instance, root) = owners
            .iter()
            .copied()
            .find(|(_, buffer)| buffer.parent().is_none())
            .unwrap_or_else(|| panic!("{cell:?} has no root\n{layout}"));
        assert!(is_inside(layout, &cell, instance, root), "{cell:?}\n{layout}");
        for (first_instance, first) in &owners {
            for (second_instance, second) in &owners {
                assert_eq!(first_instance.path(), second_instance.path(), "{cell:?}\n{layout}");
                assert!(
                    descends(instance, first, second) || descends(instance, second, first),
                    "{cell:?}\n{layout}"
                );
            }
            assert!(owners.len() == 1 || !first.entry().is_persistent(), "{cell:?}\n{layout}");
        }
    }
    for width in Width::ALL {
        let arenas = layout.arenas(width);
        assert!(arenas.shared_stride == 0 || arenas.shared_stride % 2 == 1);
        assert_eq!(layout.bank_conflict_ways(width), 1, "{layout}");
    }
}

/// Elements of all buffers with storage of their own in some storages.
fn own_elements(instances: &[Instance], counts: impl Fn(Storage) -> bool) -> usize {
    let buffers = instances.iter().flat_map(|instance| instance.buffers());
    let own = buffers.filter(|buffer| buffer.parent().is_none() && counts(buffer.storage()));
    own.map(PlacedBuffer::size).sum()
}

fn assert_sizes_agree(registry: &BufferRegistry, factory: FactoryId, layout: &Layout) {
    let instances = layout.instances();
    let shared = |s| matches!(s, Storage::SharedPersistent | Storage::SharedScratch);
    assert_eq!(registry.shared_buffer_size(factory), own_elements(instances, shared));
    assert_eq!(
        registry.persistent_local_buffer_size(factory),
        own_elements(instances, |storage| storage == Storage::LocalPersistent)
    );
    assert_eq!(
        registry.local_buffer_size(factory),
        own_elements(&instances[..1], |storage| storage == Storage::Local)
    );
    let arenas = Width::ALL.map(|width| *layout.arenas(width));
    let in_arenas: usize = arenas.iter().map(|a| a.shared_persistent + a.shared_scratch).sum();
    assert_eq!(registry.shared_buffer_size(factory), in_arenas);
}

fn update(change: &Change) -> BufferUpdate {
    let Choice { size, place, persistent, parent, own, zero, .. } = &change.choice;
    let place = PLACES[place.unwrap_or(0)];
    let parent = parent.map(|index| format!("b{index}"));
    let update = BufferUpdate::new();
    match change.what {
        0 => update.size(*size),
        1 => update.location(place),
        2 => update.persistent(*persistent),
        3 => update.aliases(parent.as_deref()).location(place),
        4 => update.aliases(parent.as_deref()),
        _ => update.size(*size).zero(*zero).overflow(if *own {
            Overflow::Own
        } else {
            Overflow::Error
        }),
    }
}

proptest! {
    #![proptest_config(config(CASES))]

    #[test]
    fn layouts_are_sound_and_sizes_agree(forest in forest()) {
        let (registry, factories) = build(&forest);
        for (factory, target) in factories.into_iter().zip(targets().into_iter().cycle()) {
            let layout = registry.layout(factory, &target).unwrap();
            assert_sound(&layout);
            assert_sizes_agree(&registry, factory, &layout);
            prop_assert_eq!(layout.check(), Ok(()));
        }
    }

    #[test]
    fn updates_are_whole_and_can_be_undone(
        forest in forest(),
        changes in prop::collection::vec(change(), 1..8),
    ) {
        let (mut registry, factories) = build(&forest);
        let target = targets()[0];
        let root = factories[0];
        for change in changes {
            let factory = factories[change.factory.index(factories.len())];
            let context = registry.context(factory).unwrap().clone();
            if context.entries().len() == 0 {
                continue;
            }
            let old = context.entries().nth(change.buffer.index(context.entries().len())).unwrap();
            let before = registry.layout(root, &target).unwrap();
            let outcome = registry.update_buffer(factory, old.name(), update(&change));
            let after = registry.layout(root, &target).unwrap();
            match outcome {
                Err(_) => {
                    prop_assert!(Arc::ptr_eq(&before, &after));
                    prop_assert_eq!(registry.context(factory), Some(&context));
                }
                Ok(updated) => {
                    prop_assert_eq!(updated.changed, !Arc::ptr_eq(&before, &after));
                    assert_sound(&after);
                    assert_sizes_agree(&registry, root, &after);
                    let undo = BufferUpdate::new()
                        .size(old.size())
                        .location(context.location(old.name()).unwrap())
                        .persistent(old.is_persistent())
                        .aliases(old.parent())
                        .overflow(old.on_overflow())
                        .zero(old.is_zeroed());
                    registry.update_buffer(factory, old.name(), undo).unwrap();
                    prop_assert_eq!(&*registry.layout(root, &target).unwrap(), &*before);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config(CASES / 10))]

    #[test]
    fn the_same_declarations_give_the_same_text(forest in forest()) {
        let [first, second] = [build(&forest), build(&forest)].map(|(registry, factories)| {
            let layout = registry.layout(factories[0], &targets()[0]).unwrap();
            let headers = layout.instances().iter().map(|i| layout.header(i.path()).unwrap());
            format!("{layout}\n{}{}", layout.preamble(), headers.collect::<String>())
        });
        prop_assert_eq!(first, second);
    }
}
