//! Registration, rules, updates and the life of factories.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;

use buffer_core::{
    Buffer, BufferEntry, BufferError, BufferRegistry, BufferUpdate, Buffers, Child, ElementType,
    Fault, Location, Overflow, Precision, Updated,
};
use support::{alias, faults, gpu, layout, local, one_factory, refused, shared};

const RECOGNISED: Updated = Updated { recognised: true, changed: true };
const UNCHANGED: Updated = Updated { recognised: true, changed: false };
const UNKNOWN: Updated = Updated { recognised: false, changed: false };

mod entries {
    use super::*;

    #[test]
    fn create_shared_entry() {
        let entry = shared("test_buffer", 100);
        assert_eq!((entry.name(), entry.size()), ("test_buffer", 100));
        assert_eq!(entry.declared_location(), Some(Location::Shared));
        assert!(!entry.is_persistent());
    }

    #[test]
    fn create_local_entry() {
        let entry = local("test_buffer", 50);
        assert_eq!(entry.declared_location(), Some(Location::Local));
        assert!(!entry.is_persistent());
    }

    #[test]
    fn create_persistent_local_entry() {
        let entry = local("test_buffer", 25).persistent();
        assert_eq!(entry.declared_location(), Some(Location::Local));
        assert!(entry.is_persistent());
    }

    #[test]
    fn defaults() {
        let entry = BufferEntry::new("test", 1);
        assert_eq!(entry.element_type(), ElementType::Real);
        assert_eq!(entry.declared_location(), None);
        assert_eq!(entry.parent(), None);
        assert_eq!(entry.on_overflow(), Overflow::Error);
        assert!(!entry.is_persistent() && !entry.is_zeroed());
    }

    #[test]
    fn invalid_location_raises() {
        let error = "invalid".parse::<Location>().unwrap_err();
        assert_eq!(error, BufferError::UnknownLocation { given: "invalid".to_owned() });
        assert_eq!(
            error.to_string(),
            "`invalid` is not a place for a buffer [SB017]\nhelp: use `shared`, `local` or `auto`"
        );
    }

    #[test]
    fn locations_are_read_as_they_are_written() {
        for location in [Location::Shared, Location::Local, Location::Auto] {
            assert_eq!(location.to_string().parse(), Ok(location));
        }
    }
}

mod precisions {
    use super::*;

    #[test]
    fn valid_precisions_are_read_as_they_are_written() {
        for precision in [Precision::F32, Precision::F64] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
    }

    #[test]
    fn invalid_precision_raises() {
        for given in ["f16", "F32", "float32", ""] {
            let expected = BufferError::UnknownPrecision { given: given.to_owned() };
            assert_eq!(given.parse::<Precision>(), Err(expected));
        }
    }
}

mod registration {
    use super::*;

    #[test]
    fn register_creates_context() {
        let (registry, factory) = one_factory([shared("buffer1", 100)]);
        let context = registry.context(factory).unwrap();
        assert_eq!(context.prefix(), "step");
        assert_eq!(context.entry("buffer1"), Some(&shared("buffer1", 100)));
        assert_eq!(context.entry("buffer2"), None);
    }

    #[test]
    fn entries_keep_their_order() {
        let names = ["zeta", "alpha", "mu", "beta"];
        let (registry, factory) = one_factory(names.map(|name| local(name, 1)));
        let context = registry.context(factory).unwrap();
        assert_eq!(context.entries().map(BufferEntry::name).collect::<Vec<_>>(), names);
    }

    #[test]
    fn duplicate_name_raises() {
        let faults = refused([shared("buffer1", 100)], local("buffer1", 50));
        assert_eq!(faults, [Fault::DuplicateName { name: "buffer1".to_owned() }]);
    }

    #[test]
    fn empty_name_raises() {
        assert_eq!(refused([], shared("", 100)), [Fault::EmptyName]);
    }

    #[test]
    fn name_that_is_no_identifier_raises() {
        for name in ["1st", "a-b", "a b", "caf\u{e9}"] {
            let fault = Fault::NotAnIdentifier { name: name.to_owned() };
            assert_eq!(refused([], shared(name, 1)), [fault]);
        }
    }

    #[test]
    fn name_with_a_meaning_raises() {
        let (name, meaning) = ("volatile".to_owned(), "a keyword of C");
        let fault = Fault::ReservedName { name, what: "buffer", meaning };
        assert_eq!(
            fault.to_string(),
            "`volatile` cannot name a buffer: it is a keyword of C\n\
             help: rename it, for example to `volatile_buffer`"
        );
        assert_eq!(refused([], shared("volatile", 1)), [fault]);
    }

    #[test]
    fn child_with_a_meaning_raises() {
        let (mut registry, step) = one_factory([]);
        let solver = registry.factory("solver").unwrap();
        let error = registry.register_child(step, "new", solver).unwrap_err();
        let text = faults(error).first().unwrap().to_string();
        assert_eq!(
            text,
            "`new` cannot name a child: it is a keyword of C++\n\
             help: rename it, for example to `new_child`"
        );
    }

    #[test]
    fn missing_location_raises() {
        let fault = Fault::MissingLocation { name: "buffer".to_owned() };
        assert_eq!(refused([], BufferEntry::new("buffer", 1)), [fault]);
    }

    #[test]
    fn size_that_overflows_raises() {
        let fault = Fault::OverflowingSize { name: "buffer".to_owned() };
        assert_eq!(refused([], shared("buffer", usize::MAX)), std::slice::from_ref(&fault));
        assert_eq!(refused([], shared("buffer", BufferEntry::MAX_SIZE + 1)), [fault]);
        one_factory([shared("buffer", BufferEntry::MAX_SIZE)]);
    }

    #[test]
    fn root_cannot_overflow() {
        let fault = Fault::NeedlessOverflow { name: "root".to_owned() };
        assert_eq!(refused([], shared("root", 1).overflow(Overflow::Own)), [fault]);
    }

    #[test]
    fn persistent_buffer_is_not_zeroed() {
        let fault = Fault::PersistentZero { name: "cache".to_owned() };
        assert_eq!(refused([], local("cache", 1).persistent().zero()), [fault]);
    }

    #[test]
    fn what_takes_over_is_not_zeroed() {
        let fault = Fault::ZeroHandoff { name: "base".to_owned() };
        let base = alias("base", 1, "root").handoff().zero();
        assert_eq!(refused([local("root", 1)], base), [fault]);
    }

    #[test]
    fn prefix_that_is_no_name_raises() {
        let mut registry = BufferRegistry::new();
        for (prefix, reason) in
            [("", "empty"), ("a b", "not an identifier of C"), ("new", "a keyword of C++")]
        {
            let expected = BufferError::Prefix { prefix: prefix.to_owned(), reason };
            assert_eq!(registry.factory(prefix), Err(expected));
        }
    }

    #[test]
    fn registries_can_be_shared_between_threads() {
        fn assert_send_and_sync<T: Send + Sync>() {}
        assert_send_and_sync::<BufferRegistry>();
    }
}

mod aliases {
    use super::*;

    fn unknown(parent: &str, suggestion: Option<&str>) -> Fault {
        Fault::AliasUnknown {
            name: "child".to_owned(),
            parent: parent.to_owned(),
            suggestion: suggestion.map(str::to_owned),
        }
    }

    #[test]
    fn valid_aliasing() {
        let (registry, factory) =
            one_factory([shared("parent", 100), alias("child", 30, "parent")]);
        let context = registry.context(factory).unwrap();
        assert_eq!(context.entry("child").unwrap().parent(), Some("parent"));
        assert_eq!(context.location("child"), Some(Location::Shared));
    }

    #[test]
    fn self_alias_raises() {
        let fault = Fault::AliasSelf { name: "buffer1".to_owned() };
        assert_eq!(refused([], shared("buffer1", 100).aliases("buffer1")), [fault]);
    }

    #[test]
    fn alias_nonexistent_raises() {
        assert_eq!(refused([], alias("child", 50, "parent")), [unknown("parent", None)]);
        let faults = refused([shared("parent", 50)], alias("child", 50, "parnet"));
        assert_eq!(faults, [unknown("parnet", Some("parent"))]);
        assert!(faults[0].to_string().ends_with("[SB001]\nhelp: did you mean `parent`?"));
    }

    #[test]
    fn alias_of_a_child_raises() {
        let mut registry = BufferRegistry::new();
        let [step, solver] = ["step", "solver"].map(|prefix| registry.factory(prefix).unwrap());
        registry.register_child(step, "solver", solver).unwrap();
        let error = registry.register(step, alias("buffer", 1, "solver")).unwrap_err();
        let fault = Fault::AliasChild { name: "buffer".to_owned(), parent: "solver".to_owned() };
        assert_eq!(faults(error), [fault]);
    }

    #[test]
    fn update_to_a_later_parent_or_a_circle_raises() {
        let entries = [shared("first", 4), alias("second", 2, "first"), shared("third", 4)];
        let (mut registry, factory) = one_factory(entries);
        for parent in ["second", "third"] {
            let change = BufferUpdate::new().aliases(Some(parent));
            let error = registry.update_buffer(factory, "first", change).unwrap_err();
            let fault = Fault::AliasLater { name: "first".to_owned(), parent: parent.to_owned() };
            assert_eq!(faults(error), [fault]);
        }
    }

    #[test]
    fn persistent_parent_raises() {
        let fault =
            Fault::PersistentParent { name: "child".to_owned(), parent: "parent".to_owned() };
        let parent = local("parent", 4).persistent();
        assert_eq!(refused([parent], alias("child", 2, "parent")), [fault]);
    }

    #[test]
    fn persistent_alias_raises() {
        let fault =
            Fault::PersistentAlias { name: "child".to_owned(), parent: "parent".to_owned() };
        let child = alias("child", 2, "parent").persistent();
        assert_eq!(refused([local("parent", 4)], child.clone()), std::slice::from_ref(&fault));
        assert_eq!(refused([local("parent", 4).persistent()], child), [fault]);
    }

    #[test]
    fn element_types_differ_raises() {
        let fault = Fault::ElementMismatch {
            name: "child".to_owned(),
            element: ElementType::I32,
            parent: "parent".to_owned(),
            parent_element: ElementType::Real,
        };
        let child = alias("child", 20, "parent").element(ElementType::I32);
        // That it would not fit follows from nothing while the types differ.
        assert_eq!(refused([local("parent", 4)], child), [fault]);
    }

    #[test]
    fn alias_that_does_not_fit_raises() {
        let fault = Fault::DoesNotFit {
            name: "child2".to_owned(),
            parent: "parent".to_owned(),
            holds: 10,
            taken: 7,
            needs: 4,
        };
        let before = [shared("parent", 10), alias("child1", 7, "parent")];
        assert_eq!(refused(before, alias("child2", 4, "parent")), [fault]);
    }

    #[test]
    fn alias_of_an_alias_fits_inside_that_alias() {
        let before = || [shared("a", 100), alias("b", 40, "a")];
        one_factory(before().into_iter().chain([alias("c", 40, "b")]));
        let fault = Fault::DoesNotFit {
            name: "c".to_owned(),
            parent: "b".to_owned(),
            holds: 40,
            taken: 0,
            needs: 41,
        };
        assert_eq!(refused(before(), alias("c", 41, "b")), [fault]);
    }

    #[test]
    fn zero_sizes_are_legal_everywhere() {
        let (registry, factory) = one_factory([
            shared("parent", 0),
            alias("child", 0, "parent"),
            alias("own", 3, "parent").overflow(Overflow::Own),
        ]);
        assert_eq!(registry.shared_buffer_size(factory), 3);
    }
}

mod cross_type {
    use super::*;

    fn mismatch(location: Location, parent_location: Location) -> Fault {
        Fault::LocationMismatch {
            name: "child".to_owned(),
            location,
            parent: "parent".to_owned(),
            parent_location,
        }
    }

    #[test]
    fn shared_alias_of_local_parent_raises() {
        let child = shared("child", 2).aliases("parent");
        let faults = refused([local("parent", 4)], child);
        assert_eq!(faults, [mismatch(Location::Shared, Location::Local)]);
    }

    #[test]
    fn local_alias_of_shared_parent_raises() {
        let child = local("child", 2).aliases("parent");
        let faults = refused([shared("parent", 4)], child);
        assert_eq!(faults, [mismatch(Location::Local, Location::Shared)]);
    }

    #[test]
    fn auto_is_local() {
        let auto = BufferEntry::new("parent", 4).location(Location::Auto);
        one_factory([auto.clone(), local("child", 2).aliases("parent")]);
        let faults = refused([auto], shared("child", 2).aliases("parent"));
        assert_eq!(faults, [mismatch(Location::Shared, Location::Local)]);
    }

    #[test]
    fn aliases_may_say_where_their_parent_lies() {
        for (entry, place) in
            [(shared as fn(&str, usize) -> _, Location::Shared), (local, Location::Local)]
        {
            let (registry, factory) = one_factory([
                entry("parent", 4),
                entry("child", 2).aliases("parent"),
                alias("grandchild", 1, "child"),
            ]);
            let context = registry.context(factory).unwrap();
            assert_eq!(context.location("child"), Some(place));
            assert_eq!(context.location("grandchild"), Some(place));
        }
    }
}

mod sizes {
    use super::*;

    #[test]
    fn shared_buffer_size_excludes_aliases() {
        let (registry, factory) =
            one_factory([shared("parent", 100), alias("child", 30, "parent")]);
        assert_eq!(registry.shared_buffer_size(factory), 100);
    }

    #[test]
    fn alias_that_overflows_counts() {
        let (registry, factory) = one_factory([
            shared("parent", 100),
            alias("inside", 30, "parent").overflow(Overflow::Own),
            alias("own", 80, "parent").overflow(Overflow::Own),
        ]);
        assert_eq!(registry.shared_buffer_size(factory), 180);
    }

    #[test]
    fn local_buffer_size_of_no_elements() {
        let (registry, factory) = one_factory([local("zero_size", 0)]);
        assert_eq!(registry.local_buffer_size(factory), 0);
    }

    #[test]
    fn persistent_local_size() {
        let (registry, factory) = one_factory([local("persist", 50).persistent()]);
        assert_eq!(registry.persistent_local_buffer_size(factory), 50);
        assert_eq!(registry.local_buffer_size(factory), 0);
        assert_eq!(registry.shared_buffer_size(factory), 0);
    }

    #[test]
    fn persistent_shared_is_shared() {
        let (registry, factory) =
            one_factory([shared("persist", 50).persistent(), shared("rest", 3)]);
        assert_eq!(registry.shared_buffer_size(factory), 53);
        assert_eq!(registry.persistent_local_buffer_size(factory), 0);
    }

    #[test]
    fn unregistered_factory_returns_zero() {
        let (_, foreign) = one_factory([shared("buffer", 5)]);
        let registry = BufferRegistry::new();
        assert_eq!(registry.shared_buffer_size(foreign), 0);
        assert_eq!(registry.local_buffer_size(foreign), 0);
        assert_eq!(registry.persistent_local_buffer_size(foreign), 0);
    }

    #[test]
    fn factories_are_separate() {
        let (mut registry, first) = one_factory([shared("buffer", 100)]);
        let second = registry.factory("step").unwrap();
        registry.register(second, shared("buffer", 7)).unwrap();
        registry.register(second, local("other", 3)).unwrap();
        assert_eq!(registry.shared_buffer_size(first), 100);
        assert_eq!(registry.local_buffer_size(first), 0);
        assert_eq!(registry.shared_buffer_size(second), 7);
        assert_eq!(registry.local_buffer_size(second), 3);
    }

    #[test]
    fn sums_that_overflow_are_no_panic() {
        let entries = (0..600).map(|index| shared(&format!("b{index}"), BufferEntry::MAX_SIZE));
        let mut registry = BufferRegistry::new();
        let factory = registry.add(&Declared { entries: entries.collect(), ..Declared::default() });
        let factory = factory.unwrap();
        assert!(registry.shared_buffer_size(factory) > isize::MAX.unsigned_abs());
        let expected = BufferError::SizeOverflow { factory: "declared".to_owned() };
        assert_eq!(registry.layout(factory, &gpu()), Err(expected));
    }
}

mod updates {
    use super::*;

    #[test]
    fn update_buffer_silent_ignore_unregistered() {
        let (_, foreign) = one_factory([shared("buffer", 5)]);
        let mut registry = BufferRegistry::new();
        let change = BufferUpdate::new().size(200);
        assert_eq!(registry.update_buffer(foreign, "buffer", change), Ok(UNKNOWN));
        assert_eq!(registry.update(foreign, "buffer_location", "nowhere"), Ok(UNKNOWN));
    }

    #[test]
    fn update_buffer_unknown_name_raises() {
        let (mut registry, factory) = one_factory([shared("state", 5)]);
        let error = registry.update_buffer(factory, "sate", BufferUpdate::new().size(6));
        assert_eq!(
            error.unwrap_err().to_string(),
            "factory `step` has no buffer `sate` to change [SB017]\nhelp: did you mean `state`?"
        );
    }

    #[test]
    fn update_buffer_no_change() {
        let (mut registry, factory) = one_factory([shared("state", 5)]);
        let before = layout(&registry, factory);
        for change in [BufferUpdate::new(), BufferUpdate::new().size(5).location(Location::Shared)]
        {
            assert_eq!(registry.update_buffer(factory, "state", change), Ok(UNCHANGED));
        }
        assert!(Arc::ptr_eq(&before, &layout(&registry, factory)));
    }

    #[test]
    fn update_buffer_changed() {
        let (mut registry, factory) = one_factory([shared("state", 5), shared("parent", 9)]);
        let change = BufferUpdate::new().size(3).aliases(None).zero(true);
        assert_eq!(registry.update_buffer(factory, "state", change), Ok(RECOGNISED));
        let expected = shared("state", 3).zero();
        assert_eq!(registry.context(factory).unwrap().entry("state"), Some(&expected));

        let change = BufferUpdate::new().location(Location::Local).persistent(true).zero(false);
        assert_eq!(registry.update_buffer(factory, "state", change), Ok(RECOGNISED));
        let expected = local("state", 3).persistent();
        assert_eq!(registry.context(factory).unwrap().entry("state"), Some(&expected));
        assert_eq!(registry.persistent_local_buffer_size(factory), 3);
    }

    #[test]
    fn root_takes_its_tree_along() {
        let (mut registry, factory) = one_factory([
            shared("root", 8),
            shared("said", 4).aliases("root"),
            alias("unsaid", 4, "root"),
            shared("below", 2).aliases("said"),
            shared("other", 5),
        ]);
        let before = layout(&registry, factory);
        assert_eq!(registry.update(factory, "root_location", "local"), Ok(RECOGNISED));
        let context = registry.context(factory).unwrap();
        for name in ["root", "said", "unsaid", "below"] {
            assert_eq!(context.location(name), Some(Location::Local), "{name}");
        }
        assert_eq!(context.entry("said"), Some(&local("said", 4).aliases("root")));
        assert_eq!(context.entry("unsaid"), Some(&alias("unsaid", 4, "root")));
        assert_eq!(context.location("other"), Some(Location::Shared));
        assert_eq!(registry.shared_buffer_size(factory), 5);
        assert_eq!(registry.local_buffer_size(factory), 8);

        assert_eq!(registry.update(factory, "root_location", "shared"), Ok(RECOGNISED));
        assert_eq!(layout(&registry, factory), before);
    }

    #[test]
    fn alias_cannot_leave_its_parent() {
        let (mut registry, factory) = one_factory([shared("root", 8), alias("child", 4, "root")]);
        let before = layout(&registry, factory);
        let error = registry.update(factory, "child_location", "local").unwrap_err();
        let fault = Fault::LocationMismatch {
            name: "child".to_owned(),
            location: Location::Local,
            parent: "root".to_owned(),
            parent_location: Location::Shared,
        };
        assert_eq!(faults(error), [fault]);
        assert!(Arc::ptr_eq(&before, &layout(&registry, factory)));
        assert!(registry.update(factory, "child_location", "shared").unwrap().recognised);
    }

    #[test]
    fn root_becomes_an_alias_and_back() {
        let entries = [local("a", 8), shared("b", 4), shared("c", 2).aliases("b")];
        let (mut registry, factory) = one_factory(entries);
        let before = layout(&registry, factory);
        let into = BufferUpdate::new().aliases(Some("a")).location(Location::Local);
        assert_eq!(registry.update_buffer(factory, "b", into), Ok(RECOGNISED));
        assert_eq!(registry.context(factory).unwrap().location("c"), Some(Location::Local));
        let back = BufferUpdate::new().aliases(None).location(Location::Shared);
        assert_eq!(registry.update_buffer(factory, "b", back), Ok(RECOGNISED));
        assert_eq!(layout(&registry, factory), before);
    }

    #[test]
    fn alias_without_a_location_becomes_a_root_where_it_lies() {
        for (place, kept) in [
            (Location::Shared, Location::Shared),
            (Location::Local, Location::Local),
            (Location::Auto, Location::Local),
        ] {
            let (mut registry, factory) = one_factory([
                BufferEntry::new("root", 8).location(place),
                alias("middle", 6, "root"),
                alias("inner", 9, "middle").overflow(Overflow::Own),
                alias("below", 2, "inner"),
            ]);
            let change = BufferUpdate::new().aliases(None);
            assert_eq!(registry.update_buffer(factory, "inner", change), Ok(RECOGNISED));
            let context = registry.context(factory).unwrap();
            let expected = BufferEntry::new("inner", 9).location(kept);
            assert_eq!(context.entry("inner"), Some(&expected));
            assert_eq!(context.location("below"), Some(kept));
        }
    }

    #[test]
    fn aliases_of_an_automatic_root_stay_automatic() {
        let root = BufferEntry::new("root", 8).location(Location::Auto);
        let said = alias("said", 4, "root").location(Location::Auto);
        let (mut registry, factory) = one_factory([root, said]);
        let before = registry.context(factory).unwrap().clone();
        for place in ["shared", "local"] {
            assert_eq!(registry.update(factory, "root_location", place), Ok(RECOGNISED));
            assert_eq!(registry.update(factory, "root_location", "auto"), Ok(RECOGNISED));
            assert_eq!(registry.context(factory), Some(&before));
        }
    }

    #[test]
    fn update_that_breaks_an_alias_changes_nothing() {
        let entries = [shared("root", 8), alias("child", 8, "root")];
        let (mut registry, factory) = one_factory(entries);
        let before = layout(&registry, factory);
        let context = registry.context(factory).unwrap().clone();
        for change in [
            BufferUpdate::new().size(7),
            BufferUpdate::new().persistent(true),
            BufferUpdate::new().size(20).aliases(Some("nothing")),
        ] {
            let error = registry.update_buffer(factory, "root", change).unwrap_err();
            assert_eq!(faults(error).len(), 1);
            assert_eq!(registry.context(factory), Some(&context));
            assert!(Arc::ptr_eq(&before, &layout(&registry, factory)));
        }
    }

    #[test]
    fn settings_are_named_after_buffers() {
        let (mut registry, factory) = one_factory([shared("state", 5)]);
        assert_eq!(registry.update(factory, "state_location", "local"), Ok(RECOGNISED));
        assert_eq!(registry.update(factory, "state_location", "local"), Ok(UNCHANGED));
        assert_eq!(
            registry.update(factory, "state_location", "global"),
            Err(BufferError::UnknownLocation { given: "global".to_owned() })
        );
        for (key, suggestion) in [
            ("sate_location", Some("state_location")),
            ("state", None),
            ("_location", None),
            ("", None),
        ] {
            let expected = BufferError::UnknownSetting {
                factory: "step".to_owned(),
                given: key.to_owned(),
                suggestion: suggestion.map(str::to_owned),
            };
            assert_eq!(registry.update(factory, key, "local"), Err(expected));
        }
    }
}

mod life {
    use super::*;

    /// A loop with a step with a solver, and a controller beside the step.
    fn tree() -> (BufferRegistry, [buffer_core::FactoryId; 4]) {
        let mut registry = BufferRegistry::new();
        let ids = ["ivp_loop", "dirk", "newton", "pid"].map(|prefix| {
            let id = registry.factory(prefix).unwrap();
            registry.register(id, shared("scratch", 10)).unwrap();
            registry.register(id, local("kept", 2).persistent()).unwrap();
            registry.register(id, local("work", 3)).unwrap();
            id
        });
        let [ivp_loop, dirk, newton, pid] = ids;
        registry.register_child(ivp_loop, "step", dirk).unwrap();
        registry.register_child(ivp_loop, "controller", pid).unwrap();
        registry.register_child(dirk, "solver", newton).unwrap();
        (registry, ids)
    }

    #[test]
    fn children_count_toward_their_parents() {
        let (registry, [ivp_loop, dirk, newton, _]) = tree();
        assert_eq!(registry.shared_buffer_size(ivp_loop), 40);
        assert_eq!(registry.shared_buffer_size(dirk), 20);
        assert_eq!(registry.shared_buffer_size(newton), 10);
        assert_eq!(registry.persistent_local_buffer_size(ivp_loop), 8);
        assert_eq!(registry.local_buffer_size(ivp_loop), 3);
    }

    #[test]
    fn footprints_of_children_are_never_stale() {
        let (mut registry, [ivp_loop, dirk, newton, _]) = tree();
        assert_eq!(layout(&registry, ivp_loop).shared_bytes(), 41 * 4);
        registry.update_buffer(newton, "scratch", BufferUpdate::new().size(30)).unwrap();
        assert_eq!(registry.shared_buffer_size(ivp_loop), 60);
        assert_eq!(layout(&registry, ivp_loop).shared_bytes(), 61 * 4);
        registry.register(newton, shared("more", 10)).unwrap();
        assert_eq!(registry.shared_buffer_size(dirk), 50);
        assert_eq!(layout(&registry, dirk).shared_bytes(), 51 * 4);
    }

    #[test]
    fn change_invalidates_the_factory_and_its_ancestors_alone() {
        let (mut registry, ids) = tree();
        let [_, dirk, ..] = ids;
        let before = ids.map(|id| layout(&registry, id));
        registry.update_buffer(dirk, "scratch", BufferUpdate::new().size(11)).unwrap();
        let after = ids.map(|id| layout(&registry, id));
        let kept: Vec<_> = before.iter().zip(&after).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(kept, [false, false, true, true]);
    }

    #[test]
    fn clear_layout_forgets_the_layout_alone() {
        let (mut registry, ids) = tree();
        let [ivp_loop, dirk, ..] = ids;
        let before = ids.map(|id| layout(&registry, id));
        registry.clear_layout(dirk);
        let after = ids.map(|id| layout(&registry, id));
        assert_eq!(before, after);
        let kept: Vec<_> = before.iter().zip(&after).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
        assert_eq!(kept, [false, false, true, true]);
        assert_eq!(registry.shared_buffer_size(ivp_loop), 40);
    }

    #[test]
    fn clear_factory_cascades_through_children() {
        let (mut registry, [ivp_loop, dirk, newton, pid]) = tree();
        registry.clear_factory(dirk);
        assert!(registry.context(dirk).is_none());
        assert!(registry.context(newton).is_none());
        assert!(registry.context(pid).is_some());
        assert_eq!(registry.context(ivp_loop).unwrap().child("step"), None);
        assert_eq!(registry.shared_buffer_size(ivp_loop), 20);
        assert_eq!(layout(&registry, ivp_loop).instances().len(), 2);
    }

    #[test]
    fn cleared_id_names_nothing_again() {
        let (mut registry, factory) = one_factory([shared("buffer1", 100)]);
        registry.clear_factory(factory);
        let next = registry.factory("step").unwrap();
        registry.register(next, shared("buffer1", 100)).unwrap();
        assert_ne!(factory, next);
        assert_eq!(registry.shared_buffer_size(factory), 0);
        assert_eq!(registry.update(factory, "buffer1_location", "local"), Ok(UNKNOWN));
        let unknown = || BufferError::UnknownFactory;
        assert_eq!(registry.register(factory, local("a", 1)), Err(unknown()));
        assert_eq!(registry.register_child(factory, "a", next), Err(unknown()));
        assert_eq!(registry.register_child(next, "a", factory), Err(unknown()));
        assert_eq!(registry.layout(factory, &gpu()), Err(unknown()));
        assert_eq!(registry.get_allocator(factory, "buffer1", &gpu()), Err(unknown()));
        registry.clear_layout(factory);
        registry.clear_factory(factory);
        assert_eq!(registry.shared_buffer_size(next), 100);
    }

    #[test]
    fn child_has_one_parent() {
        let (mut registry, [ivp_loop, dirk, newton, _]) = tree();
        let expected = BufferError::Child {
            parent: "ivp_loop".to_owned(),
            name: "again".to_owned(),
            child: "newton".to_owned(),
            reason: "it is a child already",
        };
        assert_eq!(registry.register_child(ivp_loop, "again", newton), Err(expected));
        assert_eq!(registry.context(newton).unwrap().parent(), Some(dirk));
    }

    #[test]
    fn factory_never_contains_itself() {
        let (mut registry, [ivp_loop, _, newton, _]) = tree();
        for parent in [ivp_loop, newton] {
            let error = registry.register_child(parent, "inner", ivp_loop).unwrap_err();
            assert!(
                matches!(error, BufferError::Child { reason: "it would contain itself", .. }),
                "{error}"
            );
        }
        assert_eq!(layout(&registry, ivp_loop).instances().len(), 4);
    }

    #[test]
    fn children_and_buffers_share_their_names() {
        let (mut registry, [ivp_loop, ..]) = tree();
        let spare = registry.factory("spare").unwrap();
        for (name, fault) in [
            ("scratch", Fault::DuplicateName { name: "scratch".to_owned() }),
            ("step", Fault::DuplicateName { name: "step".to_owned() }),
            ("", Fault::EmptyName),
            ("a.b", Fault::NotAnIdentifier { name: "a.b".to_owned() }),
        ] {
            let error = registry.register_child(ivp_loop, name, spare).unwrap_err();
            assert_eq!(faults(error), [fault]);
        }
        let error = registry.register(ivp_loop, local("step", 1)).unwrap_err();
        assert_eq!(faults(error), [Fault::DuplicateName { name: "step".to_owned() }]);
        registry.register_child(ivp_loop, "spare", spare).unwrap();
    }
}

/// A factory whose declaration is data.
#[derive(Default)]
struct Declared {
    entries: Vec<BufferEntry>,
    children: Vec<(&'static str, Declared)>,
}

impl Buffers for Declared {
    fn prefix(&self) -> &str {
        "declared"
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        Ok(self.entries.clone())
    }

    fn children(&self) -> Vec<Child<'_>> {
        self.children
            .iter()
            .map(|(name, factory)| Child { name, factory, calls: Vec::new() })
            .collect()
    }
}

mod declarations {
    use super::*;

    #[derive(Buffers)]
    #[buffers(vars(n >= 1))]
    struct Newton {
        n: usize,
        #[buffer(size = n, location = "local")]
        delta: Buffer,
        #[buffer(size = 1, location = "local", persistent)]
        iterations: Buffer<i32>,
    }

    #[derive(Buffers)]
    #[buffers(prefix = "dirk", vars(n >= 1, stages >= 2))]
    struct Dirk {
        n: usize,
        stages: usize,
        #[buffer(size = n * (stages - 1), location = "shared")]
        accumulator: Buffer,
        #[buffer(size = n, aliases = "accumulator")]
        stage_base: Buffer,
        #[child]
        solver: Newton,
    }

    fn dirk(n: usize) -> Dirk {
        Dirk {
            n,
            stages: 3,
            accumulator: Buffer::default(),
            stage_base: Buffer::default(),
            solver: Newton { n, delta: Buffer::at(Location::Shared), iterations: Buffer::new() },
        }
    }

    #[test]
    fn declared_factory_is_added_with_its_children() {
        let mut registry = BufferRegistry::new();
        let id = registry.add(&dirk(4)).unwrap();
        let context = registry.context(id).unwrap();
        assert_eq!(context.prefix(), "dirk");
        let solver = context.child("solver").unwrap();
        assert_eq!(registry.context(solver).unwrap().prefix(), "newton");
        assert_eq!(registry.context(solver).unwrap().parent(), Some(id));
        assert_eq!(registry.shared_buffer_size(id), 4 * 2 + 4);
        assert_eq!(registry.persistent_local_buffer_size(id), 1);
        let paths: Vec<_> =
            layout(&registry, id).instances().iter().map(|i| i.path().to_owned()).collect();
        assert_eq!(paths, ["dirk", "solver"]);
    }

    /// `lost` has no size, or `k` is outside its bounds; what else is wrong does not follow from that.
    /// What may be negative is not compared before it is known.
    #[derive(Buffers)]
    #[buffers(vars(k >= 1), phases(start, finish))]
    struct Faulty {
        k: usize,
        n: i64,
        m: i64,
        #[buffer(size = n - 5, location = "local", part(0..m, live = start))]
        lost: Buffer,
        #[buffer(size = m, aliases = "lost", live = finish)]
        inside: Buffer,
        #[buffer(size = n, location = "local", live = start, part(m..n, live = start))]
        parent: Buffer,
        #[buffer(size = m, aliases = "parent", live = finish)]
        apart: Buffer,
        #[buffer(size = n, aliases = "parent", live = finish)]
        misfit: Buffer,
        #[buffer(size = 2, location = "shared", live = start)]
        root: Buffer,
        #[buffer(size = 2, aliases = "root", live = finish)]
        elsewhere: Buffer,
    }

    #[test]
    fn a_size_that_is_none_hides_no_other_fault() {
        let fault = |k, n, m, elsewhere| {
            let [lost, inside, parent, apart, misfit, root] = [(); 6].map(|()| Buffer::new());
            let faulty = Faulty { k, n, m, lost, inside, parent, apart, misfit, root, elsewhere };
            faults(BufferRegistry::new().add(&faulty).unwrap_err())
        };
        let name = |name: &str| name.to_owned();
        let negative = |value: &str| Fault::NegativeSize { name: name("lost"), value: name(value) };
        let misfit = |needs, taken| Fault::DoesNotFit {
            name: name("misfit"),
            parent: name("parent"),
            holds: needs,
            taken,
            needs,
        };
        let location = Fault::LocationMismatch {
            name: name("elsewhere"),
            location: Location::Local,
            parent: name("root"),
            parent_location: Location::Shared,
        };
        let elsewhere = || Buffer::at(Location::Local);
        assert_eq!(fault(1, 4, 1, Buffer::new()), [negative("-1"), misfit(4, 1)]);
        assert_eq!(fault(1, 4, 1, elsewhere()), [negative("-1"), misfit(4, 1), location.clone()]);
        assert_eq!(fault(1, 9, 1, elsewhere()), [misfit(9, 1), location.clone()]);
        let outside = Fault::PartOutside { name: name("parent"), start: 5, end: 4, holds: 4 };
        let too_large = Fault::DoesNotFit {
            name: name("apart"),
            parent: name("parent"),
            holds: 4,
            taken: 0,
            needs: 5,
        };
        let expected = [negative("-1"), outside, too_large];
        assert_eq!(fault(1, 4, 5, Buffer::new()), expected);
        let zero =
            Fault::OutsideBounds { variable: name("k"), value: name("0"), bound: name("k >= 1") };
        assert_eq!(fault(0, 0, 0, elsewhere()), [zero, negative("-5"), location]);
    }

    /// What is proved to fit does, within the bounds.
    #[derive(Buffers, Default)]
    #[buffers(vars(stages >= 2), phases(first, second))]
    struct Bounded {
        n: usize,
        stages: usize,
        #[buffer(size = n * (stages - 1), location = "shared", live = first)]
        sums: Buffer,
        #[buffer(size = n, aliases = "sums", live = second)]
        base: Buffer,
    }

    #[test]
    fn a_value_outside_its_bounds_is_the_only_fault_of_sizes() {
        let bounded = Bounded { n: 2, stages: 1, ..Bounded::default() };
        let BufferError::Faults { faults, .. } = bounded.entries().unwrap_err() else {
            panic!("no faults");
        };
        let value = |text: &str| text.to_owned();
        assert_eq!(
            faults,
            [Fault::OutsideBounds {
                variable: value("stages"),
                value: value("1"),
                bound: value("stages >= 2")
            }]
        );
    }

    #[test]
    fn reference_to_a_factory_is_that_factory() {
        let (dirk, mut registry) = (dirk(4), BufferRegistry::new());
        let [one, other] = [registry.add(&dirk), registry.add(&&dirk)].map(Result::unwrap);
        assert_eq!(layout(&registry, one), layout(&registry, other));
    }

    #[derive(Buffers, Default)]
    struct Placed {
        #[buffer(size = 8, location = "shared")]
        root: Buffer,
        #[buffer(size = 4, location = "shared", aliases = "root")]
        said: Buffer,
        #[buffer(size = 4, aliases = "root")]
        unsaid: Buffer,
    }

    #[test]
    fn placed_field_takes_its_tree_along() {
        let placed = Placed { root: Buffer::at(Location::Local), ..Placed::default() };
        let mut registry = BufferRegistry::new();
        let id = registry.add(&placed).unwrap();
        let context = registry.context(id).unwrap();
        for name in ["root", "said", "unsaid"] {
            assert_eq!(context.location(name), Some(Location::Local), "{name}");
        }
    }

    #[test]
    fn placed_alias_agrees_with_its_parent() {
        let placed = |place| Placed { unsaid: Buffer::at(place), ..Placed::default() };
        let mut registry = BufferRegistry::new();
        registry.add(&placed(Location::Shared)).unwrap();
        let faults = faults(registry.add(&placed(Location::Local)).unwrap_err());
        assert_eq!(faults.iter().map(Fault::code).collect::<Vec<_>>(), [Some("SB005")]);
    }

    #[test]
    fn faulty_child_keeps_the_whole_tree_out() {
        let mut registry = BufferRegistry::new();
        let error = registry.add(&dirk(0)).unwrap_err();
        assert!(faults(error).iter().all(|fault| fault.code() == Some("SB012")));
        assert_eq!(format!("{registry:?}"), format!("{:?}", BufferRegistry::new()));
    }

    #[test]
    fn faults_of_a_parent_come_before_those_of_its_children() {
        let child = Declared { entries: vec![shared("", 1)], ..Declared::default() };
        let parent = Declared {
            entries: vec![BufferEntry::new("lost", 1)],
            children: vec![("inner", child)],
        };
        let error = BufferRegistry::new().add(&parent).unwrap_err();
        assert_eq!(faults(error), [Fault::MissingLocation { name: "lost".to_owned() }]);
        let parent = Declared { entries: vec![], ..parent };
        let error = BufferRegistry::new().add(&parent).unwrap_err();
        assert_eq!(faults(error), [Fault::EmptyName]);
    }

    /// A factory inside a factory, and so on.
    struct Nested(Option<Box<Nested>>);

    impl Buffers for Nested {
        fn prefix(&self) -> &str {
            "nested"
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(vec![shared("state", 1)])
        }

        fn children(&self) -> Vec<Child<'_>> {
            self.0
                .iter()
                .map(|inner| Child { name: "inner", factory: inner, calls: Vec::new() })
                .collect()
        }
    }

    /// Else dropping would recurse.
    impl Drop for Nested {
        fn drop(&mut self) {
            let mut next = self.0.take();
            while let Some(mut inner) = next {
                next = inner.0.take();
            }
        }
    }

    #[test]
    fn deep_trees_do_not_overflow_the_stack() {
        let nested = (0..20_000).fold(None, |inner, _| Some(Box::new(Nested(inner)))).unwrap();
        let mut registry = BufferRegistry::new();
        let id = registry.add(&nested).unwrap();
        let mut deepest = id;
        let mut depth = 1;
        while let Some(inner) = registry.context(deepest).unwrap().child("inner") {
            deepest = inner;
            depth += 1;
        }
        assert_eq!(depth, 20_000);
        registry.clear_factory(id);
        assert!(registry.context(deepest).is_none());
    }

    #[test]
    fn only_what_stands_above_is_suggested() {
        let entries = vec![shared("first", 4), alias("child", 2, "parnet"), shared("parent", 4)];
        let declared = Declared { entries, ..Declared::default() };
        let error = BufferRegistry::new().add(&declared).unwrap_err();
        let fault = Fault::AliasUnknown {
            name: "child".to_owned(),
            parent: "parnet".to_owned(),
            suggestion: None,
        };
        assert_eq!(faults(error), [fault]);
    }

    #[test]
    fn all_faults_are_reported_and_none_twice() {
        let entries = vec![
            BufferEntry::new("lost", 1),
            alias("orphan", 9, "nowhere").element(ElementType::I32).persistent(),
            shared("root", 4),
            local("inside", 9).aliases("root").persistent(),
            alias("below", 10, "inside"),
            shared("root", 5),
            local("new", 1),
        ];
        let declared = Declared { entries, children: vec![("root", Declared::default())] };
        let error = BufferRegistry::new().add(&declared).unwrap_err();
        let text = error.to_string();
        let found: Vec<_> = text.lines().filter(|line| !line.starts_with("help")).collect();
        assert_eq!(
            found,
            [
                "`root` is declared twice",
                "`root` is declared twice",
                "buffer `lost` has no location",
                "buffer `orphan` aliases `nowhere`, which is not declared [SB001]",
                "persistent buffer `inside` aliases `root` [SB004]",
                "buffer `inside` is local but aliases `root`, which is shared [SB005]",
                "buffer `below` aliases `inside`, which is persistent [SB003]",
                "`new` cannot name a buffer: it is a keyword of C++",
                "in factory `declared`",
            ]
        );
    }
}
