//! Every placement of a factory's buffers that a test of invariance tries.
//!
//! The buffers are read from the factory itself, so a new one is tried without being named here.

use std::collections::HashSet;

use buffer_core::{BufferError, Buffers, Location, Packing};
use integrators::device::Device;
use integrators::{Precision, SolveError, SolverBuilder};

use crate::random::SplitMix64;

/// The places that a root can be given.
const PLACES: [Location; 3] = [Location::Shared, Location::Local, Location::Auto];

/// Mixtures of places beside the placements of single roots.
const MIXTURES: u64 = 8;

/// Places for some of the roots of a factory and its children; the others stay as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// What is placed where, for messages.
    pub name: String,
    /// Roots by path, as in `loop.step.stage_rhs`, with their places.
    pub places: Vec<(String, Location)>,
}

impl Placement {
    /// The solver with its buffers placed so.
    pub fn apply(&self, solver: &SolverBuilder) -> SolverBuilder {
        let places = self.places.iter();
        places.fold(solver.clone(), |solver, (path, place)| solver.location(path, *place))
    }

    /// Whether it places one root alone.
    pub fn is_single(&self) -> bool {
        self.places.len() == 1
    }
}

/// A solver's kernels in some placements and in both packings, under names for messages: of those with
/// the same text only the first.
///
/// # Errors
/// Those of the layouts and of the kernel's text.
pub fn kernels(
    solver: &SolverBuilder,
    device: &Device,
    precision: Precision,
    placements: &[Placement],
) -> Result<Vec<(String, SolverBuilder)>, SolveError> {
    let target = device.target(precision)?;
    let mut texts = HashSet::new();
    let mut kernels = Vec::new();
    for packing in [Packing::Declared, Packing::Auto] {
        let packed = solver.clone().precision(precision).packing(packing);
        let placed = placements.iter().map(|placement| (placement, placement.apply(&packed)));
        for (placement, solver) in placed {
            if texts.insert(solver.source(&*solver.layout(&target)?)?.text) {
                kernels.push((format!("{}, {packing} packing", placement.name), solver));
            }
        }
    }
    Ok(kernels)
}

/// Paths of the roots of a factory and its children, in order of declaration. A buffer without
/// storage is one too: placing it must not matter either.
///
/// # Errors
/// Those of the factory's entries.
pub fn roots(factory: &dyn Buffers) -> Result<Vec<String>, BufferError> {
    let mut found = Vec::new();
    collect_roots(factory, "", &mut found)?;
    Ok(found)
}

fn collect_roots(
    factory: &dyn Buffers,
    path: &str,
    found: &mut Vec<String>,
) -> Result<(), BufferError> {
    let entries = factory.entries()?;
    let roots = entries.iter().filter(|entry| entry.parent().is_none());
    found.extend(roots.map(|entry| format!("{path}{}", entry.name())));
    for child in factory.children() {
        collect_roots(child.factory, &format!("{path}{}.", child.name), found)?;
    }
    Ok(())
}

/// The placements: each root alone in each place, all roots in each place, and seeded mixtures.
///
/// # Errors
/// Those of the factory's entries.
pub fn placements(factory: &dyn Buffers) -> Result<Vec<Placement>, BufferError> {
    let roots = roots(factory)?;
    let mut all = Vec::new();
    for root in &roots {
        for place in PLACES {
            let name = format!("`{root}` {place}");
            all.push(Placement { name, places: vec![(root.clone(), place)] });
        }
    }
    for place in PLACES {
        let places = roots.iter().map(|root| (root.clone(), place)).collect();
        all.push(Placement { name: format!("all {place}"), places });
    }
    for seed in 0..MIXTURES {
        let mut random = SplitMix64::new(seed);
        let places = roots.iter().map(|root| (root.clone(), random.choose(&PLACES))).collect();
        all.push(Placement { name: format!("mixture {seed}"), places });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use buffer_core::{BufferEntry, Child};

    use super::*;

    struct Leaf;

    impl Buffers for Leaf {
        fn prefix(&self) -> &str {
            "leaf"
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(vec![
                BufferEntry::new("parent", 2).location(Location::Shared),
                BufferEntry::new("alias", 1).aliases("parent"),
            ])
        }

        fn children(&self) -> Vec<Child<'_>> {
            Vec::new()
        }
    }

    struct Root;

    impl Buffers for Root {
        fn prefix(&self) -> &str {
            "root"
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(vec![BufferEntry::new("own", 1).location(Location::Local)])
        }

        fn children(&self) -> Vec<Child<'_>> {
            ["first", "second"].map(|name| Child { name, factory: &Leaf, calls: Vec::new() }).into()
        }
    }

    #[test]
    fn roots_are_named_by_path_and_aliases_follow_them() {
        assert_eq!(roots(&Root).unwrap(), ["own", "first.parent", "second.parent"]);
    }

    #[test]
    fn every_root_is_placed_everywhere_alone_and_in_distinct_mixtures() {
        let all = placements(&Root).unwrap();
        let alone: Vec<_> = all.iter().filter(|placement| placement.places.len() == 1).collect();
        assert_eq!(alone.len(), 3 * PLACES.len());
        let mixtures: Vec<_> =
            all.iter().filter(|placement| placement.name.starts_with("mixture")).collect();
        assert_eq!(mixtures.len() as u64, MIXTURES);
        assert!(mixtures.iter().any(|mixture| mixture.places != mixtures[0].places));
        assert_eq!(placements(&Root).unwrap(), all);
    }
}
