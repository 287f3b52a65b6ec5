//! The C text that comes first in every kernel: element types, arenas, and the reset of what is
//! persistent.

use std::fmt::{self, Write};

use crate::dead_buffer::DeadBuffer;
use crate::element::{ElementType, Precision, Width};
use crate::layout::Layout;
use crate::target::Target;

impl Layout {
    /// The C text that comes first in every kernel, in the common subset of C11 and CUDA C++.
    ///
    /// It defines
    /// - `BUFFERS_CUDA` or `BUFFERS_HOST`, and `BUFFERS_LANES`, the runs side by side in one thread
    /// - the element types `real`, `f32`, `f64` and `integer`: scalars where there is one lane,
    ///   else vectors of lanes; and the scalars `real_scalar` and `integer_scalar`
    /// - `memory`, where the arenas of one run begin, and `BUFFERS_MEMORY(m, base, run, runs)`,
    ///   which declares one named `m` for the run number `run` of the `runs` in a block. `base` is
    ///   the block's shared memory of `runs` times [`shared_bytes`](Layout::shared_bytes) bytes for
    ///   each lane, aligned to [`shared_alignment`](Layout::shared_alignment) bytes. On the host a
    ///   block is one thread, so `run` is 0 and `runs` is 1
    /// - the sizes of the arenas, in elements of one run
    /// - `BUFFER(type)`, the type of a parameter that takes a buffer
    /// - `buffers_reset(m, mask)`, which zeroes what is persistent on the lanes of the mask. A mask
    ///   is an `integer` whose true lanes have all bits set, and an `int` where there is one lane
    pub fn preamble(&self) -> String {
        Preamble(self).to_string()
    }
}

struct Preamble<'a>(&'a Layout);

impl fmt::Display for Preamble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(layout) = self;
        let machine = if is_cuda(&layout.target) { "CUDA" } else { "HOST" };
        writeln!(f, "#define BUFFERS_{machine} 1")?;
        writeln!(f, "#define BUFFERS_LANES {}", layout.target.lanes())?;
        write_types(f, &layout.target)?;
        write_memory(f, layout)?;
        write_reset(f, layout)
    }
}

fn is_cuda(target: &Target) -> bool {
    target.compute_capability().is_some()
}

fn write_types(f: &mut fmt::Formatter<'_>, target: &Target) -> fmt::Result {
    let real = match target.precision() {
        Precision::F32 => "f32",
        Precision::F64 => "f64",
    };
    let real_scalar = scalar(target, ElementType::Real);
    let integer_scalar = scalar(target, ElementType::I32);
    f.write_str(
        "#ifdef __cplusplus\n\
         #define _Static_assert static_assert\n\
         #endif\n\
         #define BUFFER(type) type *\n",
    )?;
    f.write_str(DeadBuffer::DECLARATION)?;
    for element in [ElementType::F32, ElementType::F64, ElementType::I32] {
        let bytes = target.width(element).bytes() * target.lanes();
        let (scalar, name) = (scalar(target, element), element.c_name());
        writeln!(f, "typedef {scalar} {name}{};", vector(target, bytes))?;
        writeln!(f, "_Static_assert(sizeof({name}) == {bytes}, \"the size of {name}\");")?;
    }
    writeln!(f, "typedef {real} real;")?;
    writeln!(f, "typedef {real_scalar} real_scalar;")?;
    writeln!(f, "typedef {integer_scalar} integer_scalar;")
}

fn scalar(target: &Target, element: ElementType) -> &'static str {
    match (element, target.width(element)) {
        (ElementType::I32, Width::Four) => "int",
        (ElementType::I32, Width::Eight) => "long long",
        (_, Width::Four) => "float",
        (_, Width::Eight) => "double",
    }
}

fn vector(target: &Target, bytes: usize) -> String {
    match target.lanes() {
        1 => String::new(),
        _ => format!(" __attribute__((vector_size({bytes})))"),
    }
}

fn write_memory(f: &mut fmt::Formatter<'_>, layout: &Layout) -> fmt::Result {
    writeln!(f, "enum {{")?;
    for width in Width::ALL {
        let (arenas, bytes) = (layout.arenas(width), width.bytes());
        writeln!(f, "    BUFFERS_SHARED{bytes}_STRIDE = {},", arenas.shared_stride)?;
        writeln!(f, "    BUFFERS_SHARED_PERSISTENT{bytes} = {},", arenas.shared_persistent)?;
        writeln!(f, "    BUFFERS_PERSISTENT{bytes} = {},", arenas.local_persistent)?;
        writeln!(f, "    BUFFERS_SCRATCH{bytes} = {},", arenas.local_scratch)?;
    }
    writeln!(f, "}};")?;
    writeln!(f, "typedef struct {{")?;
    writeln!(f, "    unsigned char *shared8, *shared4, *persistent8, *persistent4;")?;
    writeln!(f, "    unsigned char *scratch8, *scratch4;")?;
    writeln!(f, "}} memory;")?;

    writeln!(f, "#define BUFFERS_MEMORY(m, base, run, runs) \\")?;
    let mut arrays = Vec::new();
    for width in Width::ALL {
        arrays.push(write_array(f, "persistent", width, layout.arenas(width).local_persistent)?);
    }
    for width in Width::ALL {
        arrays.push(write_array(f, "scratch", width, layout.arenas(width).local_scratch)?);
    }
    writeln!(
        f,
        "    memory m = {{ \\\n\
         \x20       (base) + (run) * (BUFFERS_SHARED8_STRIDE * 8 * BUFFERS_LANES), \\\n\
         \x20       (base) + (runs) * (BUFFERS_SHARED8_STRIDE * 8 * BUFFERS_LANES) \\\n\
         \x20           + (run) * (BUFFERS_SHARED4_STRIDE * 4 * BUFFERS_LANES), \\\n\
         \x20       {} }}",
        arrays.join(", "),
    )
}

/// Declares one of the thread's arrays, and answers what points to it. An array of no elements is an
/// error in C.
fn write_array(
    f: &mut fmt::Formatter<'_>,
    member: &str,
    width: Width,
    elements: usize,
) -> Result<String, fmt::Error> {
    if elements == 0 {
        return Ok("0".to_owned());
    }
    let (name, bytes) = (member.to_uppercase(), width.bytes());
    let array = format!("buffers_##m##_{member}{bytes}");
    writeln!(
        f,
        "    unsigned char {array}[BUFFERS_{name}{bytes} * {bytes} * BUFFERS_LANES] \\\n\
         \x20       __attribute__((aligned({bytes} * BUFFERS_LANES))); \\",
    )?;
    Ok(array)
}

fn write_reset(f: &mut fmt::Formatter<'_>, layout: &Layout) -> fmt::Result {
    let target = &layout.target;
    let lanes = target.lanes();
    let (function, mask) = match (is_cuda(target), lanes) {
        (true, _) => ("static __device__ inline void", "int"),
        (false, 1) => ("static inline void", "int"),
        (false, _) => ("static inline void", "integer"),
    };
    let mut body = String::new();
    for width in Width::ALL {
        let (arenas, bytes) = (layout.arenas(width), width.bytes());
        let shared = ("shared", "SHARED_PERSISTENT", arenas.shared_persistent);
        let local = ("persistent", "PERSISTENT", arenas.local_persistent);
        let held = [shared, local].into_iter().filter(|&(_, _, size)| size > 0);
        for (arena, name, _) in held {
            // Whole elements, as bytes would share banks of shared memory.
            let every = format!("for (int i = 0; i < BUFFERS_{name}{bytes}; i++)");
            let element = format!("((buffers_bits{bytes} *)m.{arena}{bytes})[i]");
            if lanes == 1 {
                writeln!(body, "    if (mask) {every} {element} = 0;")?;
            } else {
                writeln!(
                    body,
                    "    {every} {element} &= ~__builtin_convertvector(mask, buffers_bits{bytes});"
                )?;
            }
        }
    }
    // Any element may be written as these, so that a lane keeps its bits whatever their type.
    for (scalar, width) in [("long long", Width::Eight), ("int", Width::Four)] {
        let bytes = width.bytes();
        let vector = match lanes {
            1 => String::new(),
            _ => format!("vector_size({}), ", bytes * lanes),
        };
        writeln!(f, "typedef {scalar} buffers_bits{bytes} __attribute__(({vector}may_alias));")?;
    }
    writeln!(f, "{function} buffers_reset(memory m, {mask} mask)\n{{")?;
    if body.is_empty() {
        writeln!(f, "    (void)m, (void)mask;")?;
    }
    writeln!(f, "{body}}}")
}
