//! Bad input is a typed error that says what to do, and nothing is lost by it.

use buffer_core::{
    Buffer, BufferEntry, BufferError, BufferRegistry, BufferUpdate, Buffers, Child,
    ComputeCapability, ElementType, Fault, Location, Precision, Target,
};

/// Asserts the variant of an error and parts of its message.
macro_rules! assert_refused {
    ($result:expr, $variant:pat, $($part:expr),+ $(,)?) => {{
        let error = $result.err().expect("is refused");
        assert!(matches!(error, $variant), "{error:?}");
        let message = error.to_string();
        $(assert!(message.contains($part), "`{}` is not in: {message}", $part);)+
    }};
}

mod declarations {
    use super::*;

    /// A factory whose entries are given.
    struct Declared(Vec<BufferEntry>);

    impl Buffers for Declared {
        fn prefix(&self) -> &str {
            "declared"
        }

        fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
            Ok(self.0.clone())
        }

        fn children(&self) -> Vec<Child<'_>> {
            Vec::new()
        }
    }

    fn local(name: &str, size: usize) -> BufferEntry {
        BufferEntry::new(name, size).location(Location::Local)
    }

    /// The only fault of a declaration, and the message of the error that carries it.
    fn fault(entries: Vec<BufferEntry>) -> Result<(), Fault> {
        let mut registry = BufferRegistry::new();
        let error = registry.add(&Declared(entries)).expect_err("is refused");
        let message = error.to_string();
        let BufferError::Faults { factory, faults } = error else { panic!("{error:?}") };
        assert_eq!(factory, "declared");
        let [fault] = faults.try_into().expect("one mistake is one fault");
        assert!(message.contains(&Fault::to_string(&fault)), "{message}");
        Err(fault)
    }

    #[test]
    fn an_empty_name() {
        assert_refused!(fault(vec![local("", 1)]), Fault::EmptyName, "use a C identifier");
    }

    #[test]
    fn a_duplicate_name() {
        assert_refused!(
            fault(vec![local("a", 1), local("a", 2)]),
            Fault::DuplicateName { .. },
            "`a` is declared twice",
            "help: rename"
        );
    }

    #[test]
    fn a_name_that_c_or_cuda_has_taken() {
        for name in ["volatile", "new", "threadIdx", "real", "__shared__"] {
            assert_refused!(
                fault(vec![local(name, 1)]),
                Fault::ReservedName { .. },
                &format!("`{name}`"),
                "help: rename it"
            );
        }
        for name in ["2a", "a b", "a-b", "größe"] {
            assert_refused!(
                fault(vec![local(name, 1)]),
                Fault::NotAnIdentifier { .. },
                "help: use letters"
            );
        }
    }

    #[test]
    fn an_alias_of_an_unknown_buffer() {
        assert_refused!(
            fault(vec![local("predictor", 4), BufferEntry::new("base", 2).aliases("predicter")]),
            Fault::AliasUnknown { .. },
            "not declared",
            "did you mean `predictor`?"
        );
    }

    #[test]
    fn an_alias_of_itself() {
        assert_refused!(
            fault(vec![local("a", 1).aliases("a")]),
            Fault::AliasSelf { .. },
            "help: name a buffer declared above it"
        );
    }

    #[test]
    fn an_alias_of_a_later_buffer() {
        assert_refused!(
            fault(vec![BufferEntry::new("a", 1).aliases("b"), local("b", 1)]),
            Fault::AliasLater { .. },
            "help: move `b` above `a`"
        );
    }

    #[test]
    fn a_cycle_of_aliases() {
        // An alias names what stands above it, so that a cycle has one that does not.
        assert_refused!(
            fault(vec![
                BufferEntry::new("a", 1).aliases("b"),
                BufferEntry::new("b", 1).aliases("a"),
            ]),
            Fault::AliasLater { .. },
            "help: move `b` above `a`"
        );
    }

    #[test]
    fn a_root_without_a_place() {
        assert_refused!(
            fault(vec![BufferEntry::new("a", 1)]),
            Fault::MissingLocation { .. },
            "help: add `location"
        );
    }

    #[test]
    fn an_alias_of_what_persists_or_that_persists() {
        assert_refused!(
            fault(vec![local("cache", 2).persistent(), BufferEntry::new("a", 1).aliases("cache")]),
            Fault::PersistentParent { .. },
            "help: `cache` keeps its contents"
        );
        assert_refused!(
            fault(vec![local("a", 2), BufferEntry::new("cache", 1).aliases("a").persistent()]),
            Fault::PersistentAlias { .. },
            "remove `aliases` or `persistent`"
        );
    }

    #[test]
    fn an_alias_elsewhere_or_of_another_type() {
        assert_refused!(
            fault(vec![
                local("a", 2),
                BufferEntry::new("b", 1).location(Location::Shared).aliases("a"),
            ]),
            Fault::LocationMismatch { .. },
            "help: remove the location of `b`"
        );
        assert_refused!(
            fault(vec![
                local("a", 2),
                BufferEntry::new("b", 1).element(ElementType::I32).aliases("a"),
            ]),
            Fault::ElementMismatch { .. },
            "help: an alias reuses"
        );
    }

    #[test]
    fn an_alias_that_does_not_fit() {
        assert_refused!(
            fault(vec![
                local("a", 100),
                BufferEntry::new("b", 60).aliases("a"),
                BufferEntry::new("c", 41).aliases("a"),
            ]),
            Fault::DoesNotFit { holds: 100, taken: 60, needs: 41, .. },
            "make `a` larger"
        );
    }

    #[test]
    fn several_faults_are_all_reported() {
        let entries = vec![
            local("new", 1),
            local("a", 1),
            BufferEntry::new("b", 2).aliases("a"),
            BufferEntry::new("c", 1),
        ];
        let error = BufferRegistry::new().add(&Declared(entries)).expect_err("is refused");
        let BufferError::Faults { faults, .. } = error else { panic!("{error:?}") };
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn sizes_that_no_machine_can_address() {
        assert_refused!(
            fault(vec![local("a", usize::MAX / 2)]),
            Fault::OverflowingSize { .. },
            "[SB012]",
            "help: a size is at most"
        );
        let target = Target::host(16, Precision::F32).unwrap();
        let mut registry = BufferRegistry::new();
        let entry = |i| local(&format!("a{i}"), BufferEntry::MAX_SIZE);
        let factory = registry.add(&Declared((0..2048).map(entry).collect())).unwrap();
        assert_refused!(
            registry.layout(factory, &target),
            BufferError::SizeOverflow { .. },
            "help: make the sizes smaller"
        );
    }

    #[test]
    fn sizes_that_the_target_does_not_have() {
        let target = Target::cuda(ComputeCapability::new(9, 0).unwrap(), Precision::F32);
        for place in [Location::Shared, Location::Local] {
            let mut registry = BufferRegistry::new();
            let entry = BufferEntry::new("a", 1 << 20).location(place);
            let factory = registry.add(&Declared(vec![entry])).unwrap();
            assert_refused!(
                registry.layout(factory, &target),
                BufferError::ExceedsTarget { .. },
                "[SB014]",
                "sm_90",
                "help:"
            );
        }
    }

    #[test]
    fn unknown_places_precisions_and_architectures() {
        assert_refused!(
            "global".parse::<Location>(),
            BufferError::UnknownLocation { .. },
            "use `shared`, `local` or `auto`"
        );
        assert_refused!(
            "f16".parse::<Precision>(),
            BufferError::UnknownPrecision { .. },
            "use `f32` or `f64`"
        );
        assert_refused!(
            ComputeCapability::new(6, 5),
            BufferError::UnknownComputeCapability { .. },
            "6.5",
            "help: known are 7.0, 7.5"
        );
        assert_refused!(
            Target::host(3, Precision::F32),
            BufferError::Lanes { lanes: 3 },
            "help: use a power of two"
        );
    }

    #[test]
    fn an_update_that_would_break_an_alias_changes_nothing() {
        let target = Target::host(1, Precision::F64).unwrap();
        let mut registry = BufferRegistry::new();
        let entries = vec![local("a", 4), BufferEntry::new("b", 4).aliases("a")];
        let factory = registry.add(&Declared(entries)).unwrap();
        let before = registry.layout(factory, &target).unwrap();

        for (name, change) in [
            ("a", BufferUpdate::new().size(3)),
            ("a", BufferUpdate::new().persistent(true)),
            ("b", BufferUpdate::new().size(5)),
            ("b", BufferUpdate::new().location(Location::Shared)),
            ("b", BufferUpdate::new().aliases(Some("c"))),
            ("b", BufferUpdate::new().persistent(true)),
        ] {
            assert_refused!(
                registry.update_buffer(factory, name, change),
                BufferError::Faults { .. },
                "help:"
            );
        }
        assert_refused!(
            registry.update_buffer(factory, "c", BufferUpdate::new().size(1)),
            BufferError::UnknownBuffer { .. },
            "has no buffer `c`"
        );

        assert_eq!(registry.layout(factory, &target).unwrap(), before);
        assert_eq!(registry.local_buffer_size(factory), 4);
    }

    #[test]
    fn a_setting_of_a_buffer_that_does_not_exist() {
        let mut registry = BufferRegistry::new();
        let factory = registry.add(&Declared(vec![local("state", 4)])).unwrap();
        assert_refused!(
            registry.update(factory, "stat_location", "shared"),
            BufferError::UnknownSetting { .. },
            "did you mean `state_location`?"
        );
        assert_refused!(
            registry.update(factory, "state_location", "global"),
            BufferError::UnknownLocation { .. },
            "use `shared`, `local` or `auto`"
        );
        assert_eq!(registry.local_buffer_size(factory), 4);
    }
}

mod fields {
    use super::*;

    #[derive(Buffers)]
    #[buffers(vars(stages >= 1))]
    struct Scheme {
        n: usize,
        stages: usize,
        #[buffer(size = n * (stages - 1), location = "local")]
        accumulator: Buffer,
    }

    fn add(n: usize, stages: usize) -> Result<(), BufferError> {
        let scheme = Scheme { n, stages, accumulator: Buffer::default() };
        BufferRegistry::new().add(&scheme).map(|_| ())
    }

    #[test]
    fn a_value_outside_its_bounds() {
        assert_eq!(add(3, 1), Ok(()));
        assert_refused!(
            add(3, 0),
            BufferError::Faults { .. },
            "`stages` is 0, but `vars` asks for",
            "help: change the value"
        );
    }

    #[test]
    fn a_size_that_overflows() {
        assert_refused!(
            add(usize::MAX, 3),
            BufferError::Faults { .. },
            "`accumulator` overflows [SB012]",
            "help: a size is at most"
        );
    }

    #[derive(Buffers)]
    struct Unbounded {
        n: usize,
        #[buffer(size = n - 2, location = "local")]
        tail: Buffer,
    }

    #[test]
    fn a_size_that_is_negative() {
        let factory = Unbounded { n: 1, tail: Buffer::default() };
        assert_refused!(
            BufferRegistry::new().add(&factory),
            BufferError::Faults { .. },
            "`tail` is -1 [SB012]",
            "help: a size is an unsigned number"
        );
    }
}
