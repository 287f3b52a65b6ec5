//! Bad input is a typed error that says what to do, and nothing is lost by it.

// The helpers of tests assert as well.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

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
            BufferError::UnknownUpdate { .. },
            "has no buffer `c` to change [SB017]"
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

mod equations {
    use integrators::{System, SystemError};

    const LORENZ: &str = "dx = sigma*(y - x)\ndy = x*(rho - z) - y\ndz = x*y - beta*z";

    /// Equations of `x` and `y` with a constant `k` and a parameter `p`.
    fn build(text: &str) -> Result<System, SystemError> {
        System::parse(text)?
            .states([("x", 1.0), ("y", 2.0)])
            .constants([("k", 3.0)])
            .parameters([("p", 4.0)])
            .build()
    }

    #[test]
    fn a_syntax_error_is_marked_with_a_caret() {
        assert_refused!(
            build("dx = 1\ndy = k*(x + "),
            SystemError::Syntax { .. },
            "line 2, column 13: expected",
            "2 | dy = k*(x + \n  |             ^"
        );
        for text in
            ["dx", "dx = ", "dx = 1 1", "dx = (1", "dx = 1)", "= 1", "dx = a ? b", "dx == 1"]
        {
            assert_refused!(build(text), SystemError::Syntax { .. }, "line 1", "expected", "^");
        }
        for text in ["", "\n\n", "# nothing"] {
            assert!(build(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_symbol_or_function() {
        assert_refused!(
            System::parse(LORENZ)
                .unwrap()
                .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
                .constants([("sigma", 10.0), ("betta", 8.0 / 3.0)])
                .parameters([("rho", 21.0)])
                .build(),
            SystemError::UnknownSymbol { .. },
            "unknown symbol `beta` in line 3, column 12",
            "3 | dz = x*y - beta*z\n  |            ^",
            "did you mean `betta`?"
        );
        assert_refused!(
            build("dx = sine(y); dy = 0"),
            SystemError::UnknownFunction { .. },
            "unknown function `sine` in line 1, column 6",
            "did you mean `sin`?"
        );
        assert_refused!(
            build("dx = pow(y); dy = 0"),
            SystemError::Arguments { expected: 2, given: 1, .. },
            "`pow` takes 2"
        );
    }

    #[test]
    fn a_state_without_an_equation() {
        assert_refused!(
            build("dx = y"),
            SystemError::NoEquation { .. },
            "the state `y` has no equation",
            "help: add `dy = ...`"
        );
    }

    #[test]
    fn an_equation_without_a_state_or_a_second_one() {
        assert_refused!(
            build("dx = y; dy = x; d(z, t) = 1"),
            SystemError::UnknownState { .. },
            "`z`, which is not a state"
        );
        assert_refused!(
            build("dx = y\ndy = x\ndx = 1"),
            SystemError::DuplicateEquation { .. },
            "`dx` has a second equation in line 3",
            "help: remove one"
        );
    }

    #[test]
    fn a_name_given_twice_or_taken() {
        let twice = System::parse("dx = 1").unwrap().states([("x", 1.0)]).constants([("x", 1.0)]);
        assert_refused!(twice.build(), SystemError::DuplicateName { .. }, "`x`", "help: rename");
        for name in ["t", "sin"] {
            let taken = System::parse("dx = 1").unwrap().states([("x", 1.0)]);
            assert_refused!(
                taken.parameters([(name, 1.0)]).build(),
                SystemError::ReservedName { .. },
                &format!("`{name}`"),
                "help: rename"
            );
        }
        let bad = System::parse("dx = 1").unwrap().states([("x", 1.0)]).constants([("a b", 1.0)]);
        assert_refused!(bad.build(), SystemError::NotAName { .. }, "`a b`", "help: use letters");
    }

    #[test]
    fn no_states_at_all() {
        assert_refused!(
            System::parse("dx = 1").unwrap().build(),
            SystemError::NoStates | SystemError::UnknownState { .. },
            "state"
        );
    }

    #[test]
    fn a_constant_without_a_value() {
        for value in [f64::NAN, f64::INFINITY] {
            let system = System::parse("dx = k").unwrap().states([("x", 1.0)]);
            assert_refused!(
                system.constants([("k", value)]).build(),
                SystemError::NonFiniteConstant { .. },
                "the constant `k`",
                "help: constants are finite"
            );
        }
        assert_refused!(
            build("dx = 1/(k - 3); dy = x"),
            SystemError::NonFiniteValue { .. },
            "line 1"
        );
    }

    #[test]
    fn a_cycle() {
        assert_refused!(
            build("dx = a; dy = x\na = b + 1\nb = 2*a"),
            SystemError::Cycle { .. },
            "depends on itself",
            "a -> b -> a"
        );
    }

    #[test]
    fn an_expression_that_does_not_end() {
        let nested = format!("dx = {}1{}\ndy = x", "(".repeat(10_000), ")".repeat(10_000));
        let long = format!("dx = 1{}\ndy = x", " + p".repeat(10_000));
        for text in [nested, long] {
            assert_refused!(build(&text), SystemError::TooDeep { .. }, "line 1", "help:");
        }
    }
}

mod solves {
    use buffer_tests::problems;
    use integrators::{Batch, Location, Precision, SolveError, Solver, SolverBuilder, System};

    fn builder() -> SolverBuilder {
        problems::lorenz().solver("rk4", Precision::F64, 10).unwrap()
    }

    fn solve(solver: SolverBuilder, batch: &Batch) -> Result<(), SolveError> {
        solver.build()?.solve(batch, 0.0..1.0).map(|_| ())
    }

    #[test]
    fn no_runs() {
        for batch in [Batch::grid(), Batch::zip()] {
            assert_refused!(
                solve(builder(), &batch.parameter("rho", [])),
                SolveError::NoRuns { .. },
                "no values for `rho`",
                "help: give at least one"
            );
        }
    }

    #[test]
    fn a_step_that_is_none() {
        for dt in [0.0, -0.1, f64::NAN, f64::INFINITY, 1.5] {
            assert_refused!(
                solve(builder().dt(dt), &Batch::grid()),
                SolveError::Step { .. },
                "does not fit into a span of 1",
                "help: give a step above 0"
            );
        }
        let system = problems::lorenz().system().unwrap();
        assert_refused!(
            Solver::builder(&system).method("rk4").build(),
            SolveError::NoStep { adapts: false, .. },
            "help: add `.dt(...)`"
        );
        assert_refused!(
            Solver::builder(&system).method("tsit5").build(),
            SolveError::NoStep { adapts: true, .. },
            "help: add `.tolerance(...)` or `.dt(...)`"
        );
        assert_refused!(
            solve(builder().dt(1e-12), &Batch::grid()),
            SolveError::TooManySteps { .. },
            "help:"
        );
    }

    fn adaptive() -> SolverBuilder {
        Solver::builder(&problems::lorenz().system().unwrap()).tolerance(1e-6)
    }

    #[test]
    fn a_tolerance_that_is_none() {
        for tolerance in [0.0, -1e-6, f64::NAN, f64::INFINITY] {
            for (solver, what) in
                [(adaptive().atol(tolerance), "`atol`"), (adaptive().rtol(tolerance), "`rtol`")]
            {
                assert_refused!(
                    solver.build(),
                    SolveError::Tolerance { .. },
                    &format!("a tolerance {what} of {tolerance:?} is none in f64"),
                    "help: give a number from"
                );
            }
        }
        for (precision, tolerances) in [
            (Precision::F64, [0.0, -1e-6, f64::NAN, f64::INFINITY]),
            (Precision::F32, [1e-300, 1e60, 0.0, f64::INFINITY]),
        ] {
            for tolerance in tolerances {
                let solver = builder().method("kvaerno3").solver_tolerance(tolerance);
                assert_refused!(
                    solver.precision(precision).build(),
                    SolveError::Tolerance { .. },
                    &format!(
                        "a tolerance `solver_tolerance` of {tolerance:?} is none in {precision}"
                    ),
                    "help: give a number from"
                );
            }
        }
        assert_refused!(
            adaptive().rtol(1e-8).precision(Precision::F32).build(),
            SolveError::Tolerance { .. },
            "`rtol` of 1e-8 is none in f32",
            "help: give a number from 4.76837158203125e-7 to 1.0"
        );
        for solver in [adaptive().rtol(2.0), adaptive().atol(1e-40).precision(Precision::F32)] {
            assert_refused!(solver.build(), SolveError::Tolerance { .. }, "help: give a number");
        }
    }

    #[test]
    fn a_tolerance_where_none_can_be() {
        assert_refused!(
            adaptive().dt(0.1).build(),
            SolveError::StepAndTolerance,
            "both a fixed step was given and a tolerance",
            "help: remove `.dt(...)`, or the tolerance"
        );
        for method in integrators::methods().filter(|method| !method.is_adaptive()) {
            assert_refused!(
                adaptive().method(method.name()).build(),
                SolveError::NotAdaptive { .. },
                &format!("`{}` does not estimate its error", method.name()),
                "help: give `.dt(...)` instead; methods that do are tsit5, "
            );
        }
        let fixed = || builder().dt(0.1);
        for (solver, setting) in [
            (fixed().controller("pi"), "`.controller(...)`"),
            (fixed().max_steps(10), "`.max_steps(...)`"),
            (fixed().first_step(0.1), "`.first_step(...)`"),
            (fixed().max_step(0.1), "`.max_step(...)`"),
        ] {
            assert_refused!(
                solver.build(),
                SolveError::NeedsTolerance { .. },
                &format!("{setting} is about steps that a tolerance chooses"),
                "help: add `.tolerance(...)`, or remove it"
            );
        }
    }

    #[test]
    fn settings_of_adaptive_steps_that_are_none() {
        for first_step in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert_refused!(
                adaptive().first_step(first_step).build(),
                SolveError::FirstStep { .. },
                "is no step to begin with",
                "help: give a finite time above 0, or leave it out"
            );
        }
        for max_step in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert_refused!(
                adaptive().max_step(max_step).build(),
                SolveError::MaxStep { .. },
                &format!("steps cannot be at most {max_step:?} long"),
                "help: give a finite time above 0, or leave it out"
            );
        }
        for max_steps in [0, 1 << 31] {
            assert_refused!(
                adaptive().max_steps(max_steps).build(),
                SolveError::MaxSteps { .. },
                "a run cannot try at most",
                "help: give a number from 1 to 2147483647"
            );
        }
        assert_refused!(
            adaptive().controller("p1").build(),
            SolveError::UnknownController { .. },
            "unknown controller `p1`",
            "help: controllers are i, pi, gustafsson"
        );
        let solver = adaptive().first_step(1e-40).precision(Precision::F32).build().unwrap();
        assert_refused!(
            solver.solve(Batch::grid(), 0.0..1.0),
            SolveError::TimeNotInF32 { .. },
            "the step 1e-40",
            "help: use `Precision::F64`"
        );
        let solver = adaptive().max_step(1e-40).precision(Precision::F32).build().unwrap();
        assert_refused!(
            solver.solve(Batch::grid(), 0.0..1.0),
            SolveError::TimeNotInF32 { .. },
            "the longest step 1e-40",
            "help: use `Precision::F64`"
        );
    }

    #[test]
    fn save_points_that_are_none() {
        for save_every in [0.0, -0.1, f64::NAN, f64::INFINITY, 1.5] {
            assert_refused!(
                solve(builder().save_every(save_every), &Batch::grid()),
                SolveError::SaveEvery { .. },
                "does not fit into a span of 1",
                "help: give a time above 0"
            );
        }
    }

    #[test]
    fn a_span_that_is_none() {
        let solver = builder().build().unwrap();
        for (start, end) in [(1.0, 1.0), (1.0, 0.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
            assert_refused!(
                solver.solve(Batch::grid(), start..end),
                SolveError::Span { .. },
                "is not a span of time",
                "help: begin before the end"
            );
        }
    }

    #[test]
    fn what_f32_cannot_hold() {
        for (span, dt, what) in [
            (1e39..2e39, 1e38, "the start 1e39"),
            (0.0..1e39, 1e38, "the end 1e39"),
            (0.0..1e-40, 1e-41, "the end 1e-40"),
            (0.0..1e-37, 1e-39, "the step 1"),
        ] {
            let solver = builder().precision(Precision::F32).dt(dt).build().unwrap();
            assert_refused!(
                solver.solve(Batch::grid(), span),
                SolveError::TimeNotInF32 { .. },
                what,
                "help:"
            );
        }
        for (number, told) in [("1e39", "1e39 in the equations is inf"), ("1e-50*x", "is 0 in f32")]
        {
            let equations = format!("dx = {number}");
            let system = System::parse(&equations).unwrap().states([("x", 1.0)]).build().unwrap();
            let build = |precision| Solver::builder(&system).dt(0.1).precision(precision).build();
            assert!(build(Precision::F64).is_ok());
            assert_refused!(build(Precision::F32), SolveError::System(_), told, "Precision::F64");
        }
    }

    #[test]
    fn what_f32_cannot_hold_of_derivatives() {
        // Each equation is of numbers that f32 holds, and not so the slope of it.
        for (equation, method, linear_solver, told) in [
            ("dx = -1e25*(1e25*x)", "rodas3p", "lu", "is -inf in f32"),
            ("dx = 1e25*(1e25*x)", "kvaerno3", "minimal_residual", "is inf in f32"),
            ("dx = 1e-25*(1e-25*x)", "kvaerno3", "lu", "is 0 in f32"),
            ("dx = 1e25*(1e25*t) - x", "rodas3p", "lu", "is inf in f32"),
        ] {
            let system = System::parse(equation).unwrap().states([("x", 1.0)]).build().unwrap();
            let solver = |precision| Solver::builder(&system).dt(0.1).precision(precision);
            assert!(solver(Precision::F32).method("tsit5").build().is_ok(), "{equation}");
            let solver = |precision| solver(precision).method(method).linear_solver(linear_solver);
            assert!(solver(Precision::F64).build().is_ok(), "{equation}");
            assert_refused!(
                solver(Precision::F32).build(),
                SolveError::System(_),
                "in the derivatives of the equations",
                told,
                "Precision::F64"
            );
        }
    }

    #[test]
    fn a_method_that_is_unknown() {
        assert_refused!(
            builder().method("tsit6").build(),
            SolveError::UnknownMethod { .. },
            "did you mean `tsit5`?",
            "help: methods are euler"
        );
        assert!(builder().method("Tsit5").build().is_ok());
    }

    #[test]
    fn a_linear_solver_that_is_unknown() {
        assert_refused!(
            builder().method("rodas3p").linear_solver("minimal_residuals").build(),
            SolveError::UnknownLinearSolver { .. },
            "did you mean `minimal_residual`?",
            "help: linear solvers are lu, minimal_residual"
        );
        assert!(builder().method("rodas3p").linear_solver("LU").build().is_ok());
    }

    #[test]
    fn a_solver_where_there_is_nothing_to_solve() {
        for method in integrators::methods().filter(|method| !method.is_implicit()) {
            let explicit = || builder().method(method.name());
            for (solver, setting) in [
                (explicit().linear_solver("lu"), "`.linear_solver(...)`"),
                (explicit().solver_tolerance(1e-6), "`.solver_tolerance(...)`"),
            ] {
                assert_refused!(
                    solver.build(),
                    SolveError::NotImplicit { .. },
                    &format!("{setting} is about the equations of implicit methods"),
                    &format!("`{}` is explicit", method.name()),
                    "help: remove it, or use an implicit method: implicit_midpoint, "
                );
            }
        }
        let rosenbrock = || builder().method("rodas3p").solver_tolerance(1e-6);
        for solver in [rosenbrock(), rosenbrock().linear_solver("lu")] {
            assert_refused!(
                solver.build(),
                SolveError::NothingIterates { .. },
                "`rodas3p` solves its equations at once, by `lu`",
                "help: remove it, or use `.linear_solver(\"minimal_residual\")`"
            );
        }
        assert!(rosenbrock().linear_solver("minimal_residual").build().is_ok());
        assert!(builder().method("kvaerno3").solver_tolerance(1e-6).build().is_ok());
    }

    #[test]
    fn names_that_are_unknown_or_given_twice() {
        assert_refused!(
            solve(builder(), &Batch::grid().parameter("rhoo", [1.0])),
            SolveError::UnknownName { .. },
            "no parameter `rhoo`",
            "did you mean `rho`?"
        );
        assert_refused!(
            solve(builder(), &Batch::grid().state("w", [1.0])),
            SolveError::UnknownName { .. },
            "no state `w`"
        );
        assert_refused!(
            solve(builder(), &Batch::grid().parameter("rho", [1.0]).parameter("rho", [2.0])),
            SolveError::GivenTwice { .. },
            "`rho` twice",
            "help: remove one"
        );
    }

    #[test]
    fn names_that_are_of_another_kind() {
        for (batch, told, way) in [
            (Batch::grid().parameter("x", [1.0]), "`x` is no parameter", ".state(\"x\", ...)"),
            (Batch::grid().state("rho", [1.0]), "`rho` is no state", ".parameter(\"rho\", ...)"),
            (Batch::grid().parameter("sigma", [1.0]), "but a constant", "make `sigma` a parameter"),
        ] {
            assert_refused!(solve(builder(), &batch), SolveError::OtherKind { .. }, told, way);
        }
    }

    #[test]
    fn zipped_values_of_unequal_lengths() {
        assert_refused!(
            solve(builder(), &Batch::zip().parameter("rho", [1.0, 2.0]).state("x", [1.0; 3])),
            SolveError::UnequalLengths { length: 2, runs: 3, .. },
            "`rho` has 2 values for 3 runs",
            "help:"
        );
        let broadcast = Batch::zip().parameter("rho", [1.0]).state("x", [1.0; 3]);
        assert!(solve(builder(), &broadcast).is_ok());
    }

    #[test]
    fn more_runs_than_memory() {
        let values = vec![1.0; 1 << 22];
        let batch = Batch::grid()
            .parameter("rho", values.iter().copied())
            .state("x", values.iter().copied())
            .state("y", values);
        assert_refused!(solve(builder(), &batch), SolveError::TooManyRuns, "help: use fewer runs");
    }

    #[test]
    fn a_placement_of_what_does_not_exist() {
        assert_refused!(
            builder().location("loop.step.stage_rsh", Location::Shared).build(),
            SolveError::UnknownPath { .. },
            "did you mean `loop.step.stage_rhs`?"
        );
        assert_refused!(
            builder().location("loop.stop.stage_rhs", Location::Shared).build(),
            SolveError::UnknownPath { .. },
            "`loop.stop.stage_rhs`",
            "help: its buffers are loop.state, "
        );
        assert_refused!(
            builder().location("loop.step.stage_rhs.deeper", Location::Shared).build(),
            SolveError::UnknownPath { .. },
            "help: its buffers are loop.state, "
        );
    }
}

mod compilers {
    use std::process::Command;

    use buffer_core::Precision;
    use integrators::device::KernelSource;
    use integrators::device::host::{HostDevice, HostError, Language};

    /// Set for a process of a test that lacks what the test is about.
    const WORKER: &str = "BUFFERS_TEST_LACKING";

    #[test]
    fn no_c_compiler() {
        if std::env::var_os(WORKER).is_some() {
            assert_refused!(
                HostDevice::new(),
                HostError::NoCompiler { .. },
                "`no-such-compiler --with-an-option`",
                "help: install gcc or clang, or name a compiler in the environment variable `CC`"
            );
            println!("refused");
            return;
        }
        // The variables of this process are not changed, as other tests read them.
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "compilers::no_c_compiler", "--nocapture"])
            .env("CC", "no-such-compiler --with-an-option")
            .env(WORKER, "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("refused"), "{printed}");
    }

    #[test]
    fn no_cpp_compiler() {
        let device = HostDevice::new().unwrap().lanes(1).unwrap();
        if std::env::var_os(WORKER).is_some() {
            assert_refused!(
                device.compile(&KernelSource { is_sanitizer: true, ..source("int text;") }),
                HostError::NoCompiler { language: Language::Cpp, .. },
                "no C++ compiler was found; tried `no-such-compiler`",
                "help: install g++ or clang++, or name a compiler in the environment variable `CXX`"
            );
            println!("refused");
            return;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "compilers::no_cpp_compiler", "--nocapture"])
            .env("CXX", "no-such-compiler")
            .env(WORKER, "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("refused"), "{printed}");
    }

    #[test]
    fn threads_that_cannot_be_started() {
        if std::env::var_os(WORKER).is_some() {
            assert_refused!(
                HostDevice::new(),
                HostError::Threads(_),
                "help: ask for fewer threads"
            );
            println!("refused");
            return;
        }
        // No thread gets a stack this large; a single test runs on the main thread.
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "compilers::threads_that_cannot_be_started", "--nocapture"])
            .arg("--test-threads=1")
            .env("RUST_MIN_STACK", (1_u64 << 50).to_string())
            .env(WORKER, "1")
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("refused"), "{printed}");
    }

    fn source(text: &str) -> KernelSource {
        KernelSource {
            text: text.to_owned(),
            entry: "broken".to_owned(),
            precision: Precision::F64,
            lanes: 1,
            shared_bytes: 0,
            is_sanitizer: false,
        }
    }

    #[test]
    fn a_text_that_does_not_compile() {
        let device = HostDevice::new().unwrap().lanes(1).unwrap();
        let source = source("int broken(");
        assert_refused!(
            device.compile(&source),
            HostError::Compile { .. },
            "refused",
            "kernel.c:1"
        );
    }
}
