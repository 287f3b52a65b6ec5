//! Short forms for declarations in tests.

// Each test file uses a part of it.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, FactoryId, Fault, Layout, Location, Precision, Target,
};

pub(crate) fn shared(name: &str, size: usize) -> BufferEntry {
    BufferEntry::new(name, size).location(Location::Shared)
}

pub(crate) fn local(name: &str, size: usize) -> BufferEntry {
    BufferEntry::new(name, size).location(Location::Local)
}

pub(crate) fn alias(name: &str, size: usize, parent: &str) -> BufferEntry {
    BufferEntry::new(name, size).aliases(parent)
}

/// A registry with one factory, named `step`.
pub(crate) fn one_factory(
    entries: impl IntoIterator<Item = BufferEntry>,
) -> (BufferRegistry, FactoryId) {
    let mut registry = BufferRegistry::new();
    let factory = registry.factory("step").unwrap();
    for entry in entries {
        registry.register(factory, entry).unwrap();
    }
    (registry, factory)
}

/// A GPU, in f32.
pub(crate) fn gpu() -> Target {
    Target::cuda("9.0".parse().unwrap(), Precision::F32)
}

pub(crate) fn layout(registry: &BufferRegistry, factory: FactoryId) -> Arc<Layout> {
    registry.layout(factory, &gpu()).unwrap()
}

/// The faults of an error that lists them.
pub(crate) fn faults(error: BufferError) -> Vec<Fault> {
    match error {
        BufferError::Faults { faults, .. } => faults,
        other => panic!("{other}"),
    }
}

/// The faults that keep an entry out of a factory with others.
pub(crate) fn refused(
    others: impl IntoIterator<Item = BufferEntry>,
    entry: BufferEntry,
) -> Vec<Fault> {
    let (mut registry, factory) = one_factory(others);
    let before = registry.context(factory).unwrap().clone();
    let faults = faults(registry.register(factory, entry).unwrap_err());
    assert_eq!(registry.context(factory), Some(&before), "a refused entry left something behind");
    faults
}
