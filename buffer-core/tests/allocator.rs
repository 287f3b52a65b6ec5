//! The generated C text, word for word.

#![allow(clippy::unwrap_used)]

mod support;

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, ElementType, FactoryId, Location, Overflow, Phases,
    Precision, Storage, Target,
};
use support::{alias, gpu, layout, local, one_factory, shared};

/// A kernel with a step: one buffer of each kind in the step.
fn kernel() -> (BufferRegistry, FactoryId) {
    let mut registry = BufferRegistry::new();
    let [kernel, step] = ["kernel", "erk"].map(|prefix| registry.factory(prefix).unwrap());
    registry.register(kernel, shared("state", 3)).unwrap();
    for entry in [
        local("accumulator", 18),
        alias("stage_base", 3, "accumulator"),
        local("stage_rhs", 3).persistent(),
        shared("predictor", 6),
        alias("guess", 3, "predictor").zero(),
        alias("residual", 3, "predictor"),
        alias("overflow", 1, "predictor").overflow(Overflow::Own),
        shared("sums", 2).element(ElementType::F64).persistent(),
        BufferEntry::new("drivers", 0).location(Location::Shared),
        local("flags", 2).element(ElementType::I32).zero(),
    ] {
        registry.register(step, entry).unwrap();
    }
    registry.register_child(kernel, "step", step).unwrap();
    (registry, kernel)
}

#[test]
fn preamble_of_cuda() {
    let (registry, kernel) = kernel();
    let target = Target::cuda("8.0".parse().unwrap(), Precision::F64);
    assert_eq!(
        registry.layout(kernel, &target).unwrap().preamble(),
        r#"#define BUFFERS_CUDA 1
#define BUFFERS_LANES 1
#ifdef __cplusplus
#define _Static_assert static_assert
#endif
#define BUFFER(type) type *
#ifndef BUFFERS_DEAD
#define BUFFERS_DEAD(name, phase) struct name##_is_dead_in_##phase { char SB016; } name;
#endif
typedef float f32;
_Static_assert(sizeof(f32) == 4, "the size of f32");
typedef double f64;
_Static_assert(sizeof(f64) == 8, "the size of f64");
typedef int integer;
_Static_assert(sizeof(integer) == 4, "the size of integer");
typedef f64 real;
typedef double real_scalar;
typedef int integer_scalar;
enum {
    BUFFERS_SHARED8_STRIDE = 13,
    BUFFERS_SHARED_PERSISTENT8 = 2,
    BUFFERS_PERSISTENT8 = 3,
    BUFFERS_SCRATCH8 = 0,
    BUFFERS_SHARED4_STRIDE = 0,
    BUFFERS_SHARED_PERSISTENT4 = 0,
    BUFFERS_PERSISTENT4 = 0,
    BUFFERS_SCRATCH4 = 0,
};
typedef struct {
    unsigned char *shared8, *shared4, *persistent8, *persistent4;
    unsigned char *scratch8, *scratch4;
} memory;
#define BUFFERS_MEMORY(m, base, run, runs) \
    unsigned char buffers_##m##_persistent8[BUFFERS_PERSISTENT8 * 8 * BUFFERS_LANES] \
        __attribute__((aligned(8 * BUFFERS_LANES))); \
    memory m = { \
        (base) + (run) * (BUFFERS_SHARED8_STRIDE * 8 * BUFFERS_LANES), \
        (base) + (runs) * (BUFFERS_SHARED8_STRIDE * 8 * BUFFERS_LANES) \
            + (run) * (BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES), \
        buffers_##m##_persistent8, 0, 0, 0 }
typedef long long buffers_bits8 __attribute__((may_alias));
typedef int buffers_bits4 __attribute__((may_alias));
static __device__ inline void buffers_reset(memory m, int mask)
{
    if (mask) for (int i = 0; i < BUFFERS_SHARED_PERSISTENT8; i++) ((buffers_bits8 *)m.shared8)[i] = 0;
    if (mask) for (int i = 0; i < BUFFERS_PERSISTENT8; i++) ((buffers_bits8 *)m.persistent8)[i] = 0;
}
"#
    );
}

#[test]
fn preamble_of_the_host_has_vectors() {
    let (registry, factory) = one_factory([local("kept", 2).persistent()]);
    let target = Target::host(8, Precision::F64).unwrap();
    let preamble = registry.layout(factory, &target).unwrap().preamble();
    for line in [
        "#define BUFFERS_HOST 1",
        "#define BUFFERS_LANES 8",
        "typedef float f32 __attribute__((vector_size(32)));",
        "typedef double f64 __attribute__((vector_size(64)));",
        "typedef long long integer __attribute__((vector_size(64)));",
        "_Static_assert(sizeof(integer) == 64, \"the size of integer\");",
        "typedef f64 real;",
        "typedef double real_scalar;",
        "typedef long long integer_scalar;",
        "static inline void buffers_reset(memory m, integer mask)",
        "    for (int i = 0; i < BUFFERS_PERSISTENT8; i++) ((buffers_bits8 *)m.persistent8)[i] &= \
         ~__builtin_convertvector(mask, buffers_bits8);",
    ] {
        assert!(preamble.lines().any(|found| found == line), "no `{line}` in\n{preamble}");
    }
}

#[test]
fn preamble_of_one_lane_has_scalars() {
    let (registry, factory) = one_factory([]);
    let target = Target::host(1, Precision::F64).unwrap();
    let preamble = registry.layout(factory, &target).unwrap().preamble();
    assert!(preamble.starts_with("#define BUFFERS_HOST 1\n#define BUFFERS_LANES 1\n"));
    assert!(preamble.contains("typedef long long integer;\n"));
    assert!(preamble.ends_with(
        "static inline void buffers_reset(memory m, int mask)\n{\n    (void)m, (void)mask;\n}\n"
    ));
    assert!(!preamble.contains("vector_size"));
}

#[test]
fn header_of_a_child() {
    let (registry, kernel) = kernel();
    assert_eq!(
        layout(&registry, kernel).header("step").unwrap(),
        r#"/* step: erk */
#undef SELF
#undef CHILD
#undef SIZE
#undef ALLOCATE
#undef PHASE
#define SELF(name) step_##name
#define CHILD(child, name) step_##child##_##name
#define SIZE(name) step_size_##name
#define ALLOCATE(name, m) step_allocate_##name(m)
#define PHASE(name) step_phase_##name
enum {
    step_size_accumulator = 18,
    step_size_stage_base = 3,
    step_size_stage_rhs = 3,
    step_size_predictor = 6,
    step_size_guess = 3,
    step_size_residual = 3,
    step_size_overflow = 1,
    step_size_sums = 2,
    step_size_drivers = 0,
    step_size_flags = 2,
};
_Static_assert(0 + step_size_stage_base * sizeof(real) <= 0 + step_size_accumulator * sizeof(real), "step.stage_base lies inside accumulator");
_Static_assert(0 + step_size_stage_rhs * sizeof(real) <= BUFFERS_PERSISTENT4 * 4 * BUFFERS_LANES, "step.stage_rhs lies inside its arena");
_Static_assert(12 + step_size_predictor * sizeof(real) <= BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES, "step.predictor lies inside its arena");
_Static_assert(12 + step_size_guess * sizeof(real) <= BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES, "step.guess lies inside its arena");
_Static_assert(12 + step_size_guess * sizeof(real) <= 12 + step_size_predictor * sizeof(real), "step.guess lies inside predictor");
_Static_assert(24 + step_size_residual * sizeof(real) <= BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES, "step.residual lies inside its arena");
_Static_assert(24 + step_size_residual * sizeof(real) <= 12 + step_size_predictor * sizeof(real), "step.residual lies inside predictor");
_Static_assert(36 + step_size_overflow * sizeof(real) <= BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES, "step.overflow lies inside its arena");
_Static_assert(0 + step_size_sums * sizeof(f64) <= BUFFERS_SHARED_PERSISTENT8 * 8 * BUFFERS_LANES, "step.sums lies inside its arena");
#define step_allocate_accumulator(buffers_m) real accumulator[step_size_accumulator]
#define step_allocate_stage_base(buffers_m) BUFFER(real) stage_base = accumulator + 0
#define step_allocate_stage_rhs(buffers_m) BUFFER(real) stage_rhs = (real *)((buffers_m).persistent4 + 0)
#define step_allocate_predictor(buffers_m) BUFFER(real) predictor = (real *)((buffers_m).shared4 + 12)
#define step_allocate_guess(buffers_m) BUFFER(real) guess = (real *)((buffers_m).shared4 + 12); for (int buffers_i = 0; buffers_i < step_size_guess; buffers_i++) { const real buffers_zero = {0}; guess[buffers_i] = buffers_zero; }
#define step_allocate_residual(buffers_m) BUFFER(real) residual = (real *)((buffers_m).shared4 + 24)
#define step_allocate_overflow(buffers_m) BUFFER(real) overflow = (real *)((buffers_m).shared4 + 36)
#define step_allocate_sums(buffers_m) BUFFER(f64) sums = (f64 *)((buffers_m).shared8 + 0)
#define step_allocate_drivers(buffers_m) BUFFER(real) drivers = 0
#define step_allocate_flags(buffers_m) integer flags[step_size_flags]; for (int buffers_i = 0; buffers_i < step_size_flags; buffers_i++) { const integer buffers_zero = {0}; flags[buffers_i] = buffers_zero; }
"#
    );
}

/// A buffer that is zeroed where a phase begins, with an alias on it, and one that is so where it is
/// allocated.
#[test]
fn header_of_a_factory_whose_marks_zero() {
    let (mut registry, factory) = one_factory([]);
    let phases = Phases::new().phase("start").phase("sum").phase("finish");
    registry.set_phases(factory, phases).unwrap();
    for entry in [
        local("sums", 3).live(["sum"]).part(0..1, ["sum"..="finish"]).zero(),
        alias("guess", 2, "sums").live(["start"]),
        shared("from_start", 2).live(["start"..="sum"]).zero(),
    ] {
        registry.register(factory, entry).unwrap();
    }
    let header = layout(&registry, factory).header("step").unwrap();
    let (_, generated) = header.split_once("lies inside its arena\");\n").unwrap();
    assert_eq!(
        generated,
        r#"enum { buffers_step_storage_sums = 0, buffers_step_allocated_sums = 0, buffers_step_held_sums = 0 };
typedef BUFFERS_DEAD(buffers_step_type_of_sums, )
#define step_allocate_sums(buffers_m) real buffers_step_storage_sums[step_size_sums]; buffers_step_type_of_sums sums = {0}; typedef BUFFER(real) buffers_step_type_of_sums; enum { buffers_step_allocated_sums = 1 }; int buffers_step_held_sums[2] = {0}
#define step_allocate_guess(buffers_m) BUFFER(real) guess = buffers_step_storage_sums + 0
#define step_allocate_from_start(buffers_m) BUFFER(real) from_start = (real *)((buffers_m).shared4 + 0); for (int buffers_i = 0; buffers_i < step_size_from_start; buffers_i++) { const real buffers_zero = {0}; from_start[buffers_i] = buffers_zero; }
#define step_phase_start BUFFERS_DEAD(sums, start) if (buffers_step_allocated_sums) { ((int *)buffers_step_held_sums)[0] = 0; ((int *)buffers_step_held_sums)[1] = 0; }
#define step_phase_sum buffers_step_type_of_sums sums = {buffers_step_storage_sums}; if (buffers_step_allocated_sums) { for (int buffers_i = 0; buffers_i < 1; buffers_i++) { const real buffers_zero = {0}; ((real *)buffers_step_storage_sums)[buffers_i] = buffers_zero; } ((int *)buffers_step_held_sums)[0] = 1; for (int buffers_i = 1; buffers_i < 3; buffers_i++) { const real buffers_zero = {0}; ((real *)buffers_step_storage_sums)[buffers_i] = buffers_zero; } ((int *)buffers_step_held_sums)[1] = 1; } BUFFERS_DEAD(guess, sum)
#define step_phase_finish buffers_step_type_of_sums sums = {buffers_step_storage_sums}; if (buffers_step_allocated_sums) { if (!((int *)buffers_step_held_sums)[0]) for (int buffers_i = 0; buffers_i < 1; buffers_i++) { const real buffers_zero = {0}; ((real *)buffers_step_storage_sums)[buffers_i] = buffers_zero; } ((int *)buffers_step_held_sums)[0] = 1; ((int *)buffers_step_held_sums)[1] = 0; } BUFFERS_DEAD(guess, finish) BUFFERS_DEAD(from_start, finish)
"#
    );
}

#[test]
fn header_of_the_root_names_its_children_alone() {
    let (registry, kernel) = kernel();
    let header = layout(&registry, kernel).header("kernel").unwrap();
    assert!(header.contains("#define SELF(name) kernel_##name\n"));
    assert!(header.contains("#define CHILD(child, name) child##_##name\n"));
    assert!(header.contains("#define SIZE(name) kernel_size_##name\n"));
}

#[test]
fn offsets_count_all_lanes() {
    let (registry, kernel) = kernel();
    let target = Target::host(16, Precision::F32).unwrap();
    let layout = registry.layout(kernel, &target).unwrap();
    let residual = layout.allocator("step", "residual").unwrap();
    assert!(residual.text().ends_with("(real *)((buffers_m).shared4 + 384)"));
    assert_eq!(residual.buffer().offset(), 24);
}

#[test]
fn header_without_buffers_has_no_enum() {
    let (registry, factory) = one_factory([]);
    let header = layout(&registry, factory).header("step").unwrap();
    assert!(!header.contains("enum"));
}

#[test]
fn get_allocator_returns_the_text_of_the_header() {
    let (registry, factory) = one_factory([shared("first", 3), shared("buffer1", 100)]);
    let allocator = registry.get_allocator(factory, "buffer1", &gpu()).unwrap();
    assert_eq!(allocator.identifier(), "step_allocate_buffer1");
    assert_eq!(allocator.buffer().storage(), Storage::SharedScratch);
    assert_eq!(allocator.buffer().range(), 3..103);
    let header = layout(&registry, factory).header("step").unwrap();
    assert!(header.lines().any(|line| line == allocator.to_string()));
}

#[test]
fn get_allocator_unregistered_factory_raises() {
    let (_, foreign) = one_factory([shared("buffer", 1)]);
    let error = BufferRegistry::new().get_allocator(foreign, "buffer", &gpu());
    assert_eq!(error, Err(BufferError::UnknownFactory));
}

#[test]
fn path_with_a_meaning_raises() {
    let mut registry = BufferRegistry::new();
    let [kernel, outer, inner] =
        ["kernel", "outer", "inner"].map(|prefix| registry.factory(prefix).unwrap());
    registry.register_child(kernel, "size", outer).unwrap();
    registry.register_child(outer, "t", inner).unwrap();
    let error = registry.layout(kernel, &gpu()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an instance would be named `size_t` in kernel text, but that is a type or macro of the C \
         library\nhelp: rename one of the children on its path"
    );
    // Under another root the same factory has another path.
    assert!(registry.layout(outer, &gpu()).is_ok());
}

#[test]
fn get_allocator_unregistered_buffer_raises() {
    let (registry, factory) = one_factory([shared("buffer1", 100)]);
    let expected = BufferError::UnknownBuffer {
        factory: "step".to_owned(),
        name: "buffer".to_owned(),
        suggestion: Some("buffer1".to_owned()),
    };
    assert_eq!(registry.get_allocator(factory, "buffer", &gpu()), Err(expected));
}

mod identifiers {
    use super::*;

    fn clash(identifier: &str) -> BufferError {
        BufferError::IdentifierClash { identifier: identifier.to_owned() }
    }

    #[test]
    fn one_factory_type_may_occur_twice() {
        let mut registry = BufferRegistry::new();
        let root = registry.factory("root").unwrap();
        for name in ["first", "second"] {
            let child = registry.factory("solver").unwrap();
            registry.register(child, shared("delta", 2)).unwrap();
            registry.register_child(root, name, child).unwrap();
        }
        assert!(registry.layout(root, &gpu()).is_ok());
    }

    #[test]
    fn paths_that_meet_raise() {
        let mut registry = BufferRegistry::new();
        let [root, outer, inner, other] =
            ["root", "outer", "inner", "other"].map(|prefix| registry.factory(prefix).unwrap());
        registry.register_child(root, "outer", outer).unwrap();
        registry.register_child(outer, "inner", inner).unwrap();
        registry.register_child(root, "outer_inner", other).unwrap();
        assert_eq!(registry.layout(root, &gpu()), Err(clash("outer_inner")));
    }

    #[test]
    fn child_named_like_the_root_raises() {
        let mut registry = BufferRegistry::new();
        let [root, child] = ["root", "child"].map(|prefix| registry.factory(prefix).unwrap());
        registry.register_child(root, "root", child).unwrap();
        assert_eq!(registry.layout(root, &gpu()), Err(clash("root")));
    }

    #[test]
    fn buffers_whose_macros_meet_raise() {
        let mut registry = BufferRegistry::new();
        let [root, outer, inner] =
            ["root", "outer", "inner"].map(|prefix| registry.factory(prefix).unwrap());
        registry.register(outer, local("size_x", 1)).unwrap();
        registry.register(inner, local("x", 1)).unwrap();
        registry.register_child(root, "outer", outer).unwrap();
        registry.register_child(outer, "size", inner).unwrap();
        assert_eq!(registry.layout(root, &gpu()), Err(clash("outer_size_size_x")));
    }
}
