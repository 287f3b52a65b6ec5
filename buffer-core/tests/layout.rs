//! Where buffers lie: golden offsets, totals, limits of targets, reports.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::ops::Range;
use std::sync::Arc;

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, BufferUpdate, ComputeCapability, ElementType,
    FactoryId, Layout, Location, Overflow, Precision, Storage, Target, Width,
};
use support::{alias, gpu, layout, local, one_factory, shared};

/// The elements of a factory's buffers in the factory's own windows.
fn ranges(entries: impl IntoIterator<Item = BufferEntry>) -> Vec<(String, Range<usize>)> {
    let (registry, factory) = one_factory(entries);
    let layout = layout(&registry, factory);
    let buffers = layout.instances()[0].buffers().iter();
    buffers.map(|buffer| (buffer.name().to_owned(), buffer.range())).collect()
}

fn expected<const N: usize>(ranges: [(&str, Range<usize>); N]) -> Vec<(String, Range<usize>)> {
    ranges.into_iter().map(|(name, range)| (name.to_owned(), range)).collect()
}

/// First and last byte of a buffer in one run.
fn bytes(layout: &Layout, path: &str, name: &str) -> Range<usize> {
    let buffer = layout.instance(path).unwrap().buffer(name).unwrap();
    buffer.offset()..buffer.offset() + buffer.bytes()
}

mod packing {
    use super::*;

    #[test]
    fn shared_layout_computed_on_access() {
        let (registry, factory) = one_factory([shared("buf1", 100), shared("buf2", 50)]);
        let first = layout(&registry, factory);
        assert_eq!(bytes(&first, "step", "buf2"), 400..600);
        assert!(Arc::ptr_eq(&first, &layout(&registry, factory)), "built twice");
    }

    #[test]
    fn layout_invalidated_on_new_registration() {
        let (mut registry, factory) = one_factory([shared("buf1", 100)]);
        let before = layout(&registry, factory);
        registry.register(factory, shared("buf2", 50)).unwrap();
        let after = layout(&registry, factory);
        assert!(!Arc::ptr_eq(&before, &after));
        assert_eq!(after.instances()[0].buffers().len(), 2);
    }

    #[test]
    fn each_target_has_its_layout() {
        let (registry, factory) = one_factory([shared("buffer", 3)]);
        let double = Target::cuda("9.0".parse().unwrap(), Precision::F64);
        let single = layout(&registry, factory);
        assert_eq!(single.shared_bytes(), 12);
        assert_eq!(registry.layout(factory, &double).unwrap().shared_bytes(), 24);
        assert!(Arc::ptr_eq(&single, &layout(&registry, factory)));
    }

    #[test]
    fn aliasing_slices_computed_correctly() {
        let entries =
            [shared("parent", 100), alias("child1", 30, "parent"), alias("child2", 20, "parent")];
        let golden = expected([("parent", 0..100), ("child1", 0..30), ("child2", 30..50)]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn build_layouts_shared_sequential_offsets() {
        let entries = [shared("a", 3), local("b", 9), shared("c", 5), shared("d", 1)];
        let golden = expected([("a", 0..3), ("b", 0..9), ("c", 3..8), ("d", 8..9)]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn build_layouts_persistent_sequential_offsets() {
        let entries = [
            local("a", 3).persistent(),
            shared("b", 9).persistent(),
            local("c", 5).persistent(),
            shared("d", 1).persistent(),
        ];
        let golden = expected([("a", 0..3), ("b", 0..9), ("c", 3..8), ("d", 9..10)]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn roots_come_before_aliases_that_need_storage() {
        let entries = [
            shared("parent", 50),
            alias("child", 80, "parent").overflow(Overflow::Own),
            shared("last", 7),
        ];
        let golden = expected([("parent", 0..50), ("child", 57..137), ("last", 50..57)]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn multiple_aliases_sequential_consumption() {
        let own = |name, size| alias(name, size, "parent").overflow(Overflow::Own);
        let entries =
            [shared("parent", 100), own("c1", 40), own("c2", 40), own("c3", 40), own("c4", 20)];
        let golden = expected([
            ("parent", 0..100),
            ("c1", 0..40),
            ("c2", 40..80),
            ("c3", 100..140),
            ("c4", 80..100),
        ]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn nested_aliases_lie_inside_aliases() {
        let entries = [
            shared("other", 5),
            shared("parent", 100),
            alias("child", 40, "parent"),
            alias("grandchild", 30, "child"),
            alias("child2", 10, "parent"),
            alias("grandchild2", 10, "child"),
        ];
        let golden = expected([
            ("other", 0..5),
            ("parent", 5..105),
            ("child", 5..45),
            ("grandchild", 5..35),
            ("child2", 45..55),
            ("grandchild2", 35..45),
        ]);
        assert_eq!(ranges(entries), golden);
    }

    #[test]
    fn aliases_share_local_arrays_too() {
        let entries = [
            local("parent", 10),
            local("other", 4),
            alias("child1", 6, "parent"),
            alias("child2", 4, "parent"),
            alias("own", 9, "parent").overflow(Overflow::Own),
            alias("inside_own", 2, "own"),
        ];
        let (registry, factory) = one_factory(entries);
        let layout = layout(&registry, factory);
        let step = layout.instance("step").unwrap();
        let found: Vec<_> = step
            .buffers()
            .iter()
            .map(|buffer| (buffer.name(), buffer.parent(), buffer.root(), buffer.range()))
            .collect();
        assert_eq!(
            found,
            [
                ("parent", None, "parent", 0..10),
                ("other", None, "other", 0..4),
                ("child1", Some("parent"), "parent", 0..6),
                ("child2", Some("parent"), "parent", 6..10),
                ("own", None, "own", 0..9),
                ("inside_own", Some("own"), "own", 0..2),
            ]
        );
        assert_eq!(layout.local_bytes(), (10 + 4 + 9) * 4);
    }

    #[test]
    fn no_elements_take_no_storage() {
        let entries = [
            shared("nothing", 0),
            shared("a", 3),
            alias("none", 0, "a"),
            alias("some", 3, "a"),
            alias("none_again", 0, "nothing"),
            local("array", 0),
        ];
        let (registry, factory) = one_factory(entries);
        let layout = layout(&registry, factory);
        assert_eq!(layout.shared_bytes(), 12);
        assert_eq!(layout.local_bytes(), 0);
        assert_eq!(bytes(&layout, "step", "some"), 0..12);
    }

    #[test]
    fn layout_of_no_buffers_is_empty() {
        let (registry, factory) = one_factory([]);
        let layout = layout(&registry, factory);
        assert_eq!(layout.shared_bytes(), 0);
        assert_eq!(layout.local_bytes() + layout.local_persistent_bytes(), 0);
    }
}

mod bytes_of_one_run {
    use super::*;

    fn mixed() -> (BufferRegistry, FactoryId) {
        one_factory([
            shared("single", 3).element(ElementType::F32),
            shared("twice", 2).element(ElementType::F64),
            shared("kept", 1).persistent(),
            shared("count", 2).element(ElementType::I32),
            shared("kept_twice", 4).element(ElementType::F64).persistent(),
            local("flags", 5).element(ElementType::I32).persistent(),
            local("sum", 1).element(ElementType::F64).persistent(),
            local("reals", 7).persistent(),
        ])
    }

    #[test]
    fn widths_have_arenas_of_their_own() {
        let (registry, factory) = mixed();
        let layout = layout(&registry, factory);
        for (name, range) in [
            ("kept", 0..4),
            ("single", 4..16),
            ("count", 16..24),
            ("kept_twice", 0..32),
            ("twice", 32..48),
            ("flags", 0..20),
            ("reals", 20..48),
            ("sum", 0..8),
        ] {
            assert_eq!(bytes(&layout, "step", name), range, "{name}");
        }
        let four = layout.arenas(Width::Four);
        assert_eq!((four.shared_persistent, four.shared_scratch, four.shared_stride), (1, 5, 7));
        assert_eq!(four.local_persistent, 12);
        let eight = layout.arenas(Width::Eight);
        assert_eq!((eight.shared_persistent, eight.shared_scratch, eight.shared_stride), (4, 2, 7));
        assert_eq!(layout.shared_bytes(), 7 * 4 + 7 * 8);
        assert_eq!(layout.local_persistent_bytes(), 12 * 4 + 8);
    }

    #[test]
    fn reals_and_host_integers_are_as_wide_as_the_precision() {
        let host = Target::host(4, Precision::F64).unwrap();
        let cuda = Target::cuda("8.0".parse().unwrap(), Precision::F64);
        let widths = |target: &Target| {
            [ElementType::Real, ElementType::F32, ElementType::F64, ElementType::I32]
                .map(|element| target.width(element).bytes())
        };
        assert_eq!(widths(&host), [8, 4, 8, 8]);
        assert_eq!(widths(&cuda), [8, 4, 8, 4]);
        assert_eq!(widths(&gpu()), [4, 4, 8, 4]);
        assert_eq!(widths(&Target::host(4, Precision::F32).unwrap()), [4, 4, 8, 4]);
    }

    #[test]
    fn strides_are_odd() {
        for size in 1..40 {
            let (registry, factory) = one_factory([shared("buffer", size)]);
            let stride = layout(&registry, factory).arenas(Width::Four).shared_stride;
            assert_eq!(stride % 2, 1);
            assert!((size..=size + 1).contains(&stride), "{stride} for {size}");
        }
    }

    #[test]
    fn lanes_change_no_offset() {
        let (registry, factory) = mixed();
        let one = registry.layout(factory, &Target::host(1, Precision::F32).unwrap()).unwrap();
        let many = registry.layout(factory, &Target::host(64, Precision::F32).unwrap()).unwrap();
        assert_eq!(one.instances(), many.instances());
        assert_eq!(one.shared_alignment(), 8);
        assert_eq!(many.shared_alignment(), 512);
    }
}

mod trees {
    use super::*;

    fn tree() -> (BufferRegistry, FactoryId) {
        let mut registry = BufferRegistry::new();
        let [kernel, ivp_loop, step, solver, output] =
            ["batch_kernel", "ivp_loop", "dirk", "newton", "output"].map(|prefix| {
                let id = registry.factory(prefix).unwrap();
                registry.register(id, shared("scratch", 4)).unwrap();
                registry.register(id, shared("kept", 2).persistent()).unwrap();
                registry.register(id, alias("part", 3, "scratch")).unwrap();
                registry.register(id, local("cache", 5).persistent()).unwrap();
                id
            });
        registry.register_child(kernel, "loop", ivp_loop).unwrap();
        registry.register_child(ivp_loop, "step", step).unwrap();
        registry.register_child(step, "solver", solver).unwrap();
        registry.register_child(ivp_loop, "output", output).unwrap();
        (registry, kernel)
    }

    #[test]
    fn paths_join_the_names_below_the_root() {
        let (registry, kernel) = tree();
        let layout = layout(&registry, kernel);
        let paths: Vec<_> = layout.instances().iter().map(|i| (i.path(), i.prefix())).collect();
        assert_eq!(
            paths,
            [
                ("batch_kernel", "batch_kernel"),
                ("loop", "ivp_loop"),
                ("loop_step", "dirk"),
                ("loop_step_solver", "newton"),
                ("loop_output", "output"),
            ]
        );
    }

    #[test]
    fn nested_buffers_are_sized_through_the_chain() {
        let (registry, kernel) = tree();
        let layout = layout(&registry, kernel);
        // Ten persistent elements of five factories come first.
        for (position, instance) in layout.instances().iter().enumerate() {
            let path = instance.path();
            let (kept, scratch) = (position * 8, 40 + position * 16);
            assert_eq!(bytes(&layout, path, "kept"), kept..kept + 8, "{path}");
            assert_eq!(bytes(&layout, path, "scratch"), scratch..scratch + 16, "{path}");
            assert_eq!(bytes(&layout, path, "part"), scratch..scratch + 12, "{path}");
            let cache = position * 20;
            assert_eq!(bytes(&layout, path, "cache"), cache..cache + 20, "{path}");
            assert_eq!(instance.buffer("scratch").unwrap().range(), 0..4, "{path}");
        }
        assert_eq!(layout.shared_bytes(), 31 * 4);
        assert_eq!(layout.local_persistent_bytes(), 100);
    }

    #[test]
    fn unknown_path_names_the_nearest() {
        let (registry, kernel) = tree();
        let error = layout(&registry, kernel).instance("loop_stp").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the layout has no instance `loop_stp`\nhelp: did you mean `loop_step`?"
        );
    }
}

mod targets {
    use super::*;

    #[test]
    fn known_capabilities_are_read_in_both_forms() {
        assert_eq!(ComputeCapability::all().count(), 12);
        for known in ComputeCapability::all() {
            assert_eq!(known.to_string().parse(), Ok(known));
            assert_eq!(known.sm().parse(), Ok(known));
        }
        let ampere = ComputeCapability::new(8, 6).unwrap();
        assert_eq!(ampere.sm(), "sm_86");
        assert_eq!("sm_86".parse(), Ok(ampere));
        assert_eq!(ComputeCapability::new(12, 0).unwrap().sm(), "sm_120");
    }

    #[test]
    fn unknown_capability_raises() {
        assert!(ComputeCapability::new(6, 1).is_err());
        for given in ["9.9", "sm_99", "90", "", "sm_9.0"] {
            let error = given.parse::<ComputeCapability>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "compute capability `{given}` is not known [SB018]\nhelp: known are 7.0, 7.5, \
                     8.0, 8.6, 8.7, 8.9, 9.0, 10.0, 10.3, 11.0, 12.0, 12.1"
                )
            );
        }
    }

    #[test]
    fn lanes_are_a_power_of_two() {
        for lanes in [1, 2, 4, 8, 16, 32, 64] {
            assert_eq!(Target::host(lanes, Precision::F32).unwrap().lanes(), lanes);
        }
        for lanes in [0, 3, 12, 128, usize::MAX] {
            assert_eq!(Target::host(lanes, Precision::F32), Err(BufferError::Lanes { lanes }));
        }
    }

    #[test]
    fn run_that_exceeds_shared_memory_raises() {
        // 99 KiB are 25344 elements of four bytes.
        let target = Target::cuda("8.6".parse().unwrap(), Precision::F32);
        let (mut registry, factory) = one_factory([shared("buffer", 25_343)]);
        assert_eq!(registry.layout(factory, &target).unwrap().shared_bytes(), 25_343 * 4);
        let change = BufferUpdate::new().size(25_344);
        registry.update_buffer(factory, "buffer", change).unwrap();
        let error = registry.layout(factory, &target).unwrap_err();
        assert_eq!(
            error.to_string(),
            "101380 bytes of shared memory per run exceed the 101376 bytes that sm_86 f32 can \
             give [SB014]\nhelp: place some buffers in local memory, or make the sizes smaller"
        );
        assert!(registry.layout(factory, &gpu()).is_ok());
    }

    #[test]
    fn run_that_exceeds_local_memory_raises() {
        let elements = 512 * 1024 / 4;
        let (mut registry, factory) =
            one_factory([local("array", elements - 10), local("kept", 10).persistent()]);
        assert!(registry.layout(factory, &gpu()).is_ok());
        registry.register(factory, local("more", 1)).unwrap();
        let error = registry.layout(factory, &gpu()).unwrap_err();
        assert!(matches!(
            error,
            BufferError::ExceedsTarget { memory: "local", needed: 524_292, limit: 524_288, .. }
        ));
    }

    #[test]
    fn lanes_of_the_host_share_its_stack() {
        let (registry, factory) = one_factory([local("array", 40_000)]);
        let one = Target::host(1, Precision::F32).unwrap();
        assert!(registry.layout(factory, &one).is_ok());
        let many = Target::host(16, Precision::F32).unwrap();
        let error = registry.layout(factory, &many).unwrap_err();
        assert!(matches!(
            error,
            BufferError::ExceedsTarget { memory: "local", needed: 160_000, limit: 65_536, .. }
        ));
    }
}

#[test]
fn report_is_a_table_with_totals() {
    let (mut registry, factory) = one_factory([
        local("accumulator", 18),
        alias("stage_base", 3, "accumulator"),
        shared("sums", 4).element(ElementType::F64).persistent(),
        BufferEntry::new("drivers", 0).location(Location::Shared),
    ]);
    let solver = registry.factory("newton").unwrap();
    registry.register(solver, shared("delta", 4)).unwrap();
    registry.register(solver, local("counts", 2).element(ElementType::I32).persistent()).unwrap();
    registry.register_child(factory, "solver", solver).unwrap();
    let report = layout(&registry, factory).to_string();
    assert_eq!(
        report,
        "\
step for sm_90 f32, declared packing; bytes of one run
+----------+-------------+----------+------+-------------------+-------+-------------+
| instance | buffer      | elements | type | storage           | bytes | inside      |
+====================================================================================+
| step     | accumulator |       18 | Real | local             | 0..72 |             |
|          | stage_base  |        3 | Real | local             | 0..12 | accumulator |
|          | sums        |        4 | f64  | shared persistent | 0..32 |             |
|          | drivers     |        0 | Real | shared            |  none |             |
| solver   | delta       |        4 | Real | shared            | 0..16 |             |
|          | counts      |        2 | i32  | local persistent  |  0..8 |             |
+----------+-------------+----------+------+-------------------+-------+-------------+
shared memory: 60 bytes = 16 scratch + 32 persistent + 12 padding
    0 saved of 60; lower bound 60
local memory: 80 bytes = 72 in arrays + 8 persistent
    12 saved of 92; lower bound 80"
    );
}

#[test]
fn storages_follow_place_and_lifetime() {
    let (registry, factory) = one_factory([
        shared("a", 1),
        shared("b", 1).persistent(),
        local("c", 1),
        local("d", 1).persistent(),
        BufferEntry::new("e", 1).location(Location::Auto),
        alias("f", 1, "a"),
    ]);
    let layout = layout(&registry, factory);
    let found: Vec<_> = layout.instances()[0].buffers().iter().map(|b| b.storage()).collect();
    assert_eq!(
        found,
        [
            Storage::SharedScratch,
            Storage::SharedPersistent,
            Storage::Local,
            Storage::LocalPersistent,
            Storage::Local,
            Storage::SharedScratch,
        ]
    );
}
