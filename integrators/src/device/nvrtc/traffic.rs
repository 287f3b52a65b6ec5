//! What a kernel does with memory, counted in its PTX.

use std::collections::HashMap;

/// How often the body of a loop runs, where nothing tells.
const LOOP: u64 = 8;

/// Loops inside each other beyond which more of them count no more.
const MOST_LOOPS: u32 = 6;

/// Bytes that a multiprocessor moves to or from its shared memory or L1 cache at once.
const WAVEFRONT: u64 = 128;

/// Threads of a warp.
const WARP: u64 = 32;

/// What the threads of one warp do together, as far as the text of a kernel tells: an instruction
/// inside so many loops counts as if each of them ran eight times. Good for comparing kernels that
/// differ in where their buffers lie, and for little else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The lines with an instruction, each counted once.
    pub lines: u64,
    /// Instructions.
    pub instructions: u64,
    /// How often shared memory is asked for up to 128 bytes, which it gives or takes at once.
    pub shared: u64,
    /// The same of local memory. What registers hold is no part of it, nor is what the assembler spills
    /// to it.
    pub local: u64,
}

impl Traffic {
    /// Counts the instructions of a PTX text.
    pub(super) fn of(ptx: &str) -> Self {
        let lines: Vec<&str> = ptx.lines().map(str::trim).collect();
        let mut traffic = Self::default();
        for (line, depth) in lines.iter().zip(depths(&lines)) {
            let Some(name) = instruction(line) else { continue };
            let times = LOOP.pow(depth.min(MOST_LOOPS));
            traffic.lines += 1;
            traffic.instructions += times;
            match memory(name) {
                Some(Memory::Shared) => traffic.shared += times * wavefronts(name),
                Some(Memory::Local) => traffic.local += times * wavefronts(name),
                None => {}
            }
        }
        traffic
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Shared,
    Local,
}

/// The loops around each line: a branch back to a label makes one of all that lies between.
fn depths(lines: &[&str]) -> Vec<u32> {
    let labels = lines.iter().enumerate();
    let labels = labels.filter_map(|(at, line)| Some((line.strip_suffix(':')?, at)));
    let labels: HashMap<&str, usize> = labels.collect();
    // The last line of the loop that begins at a line.
    let mut ends: HashMap<usize, usize> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        let target = instruction(line).filter(|name| *name == "bra" || name.starts_with("bra."));
        let target = target.and_then(|_| line.trim_end_matches(';').split_whitespace().last());
        let Some(&start) = target.and_then(|target| labels.get(target)) else { continue };
        if start <= at {
            ends.insert(start, at);
        }
    }
    let mut closing = vec![0_u32; lines.len()];
    let mut depth = 0;
    let depths = (0..lines.len()).map(|at| {
        if let Some(end) = ends.get(&at) {
            depth += 1;
            if let Some(closing) = closing.get_mut(*end) {
                *closing += 1;
            }
        }
        let here = depth;
        depth -= closing.get(at).copied().unwrap_or_default();
        here
    });
    depths.collect()
}

/// The name of a line's instruction, as in `ld.shared.f64`; none where it is a label, a directive or a
/// declaration.
fn instruction(line: &str) -> Option<&str> {
    let statement = line.strip_suffix(';')?;
    let mut words = statement.split_whitespace().skip_while(|word| word.starts_with('@'));
    words.next().filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The memory that an instruction reads or writes. An address that says not where it points is one of
/// local memory, since the kernels have no others of that kind.
fn memory(name: &str) -> Option<Memory> {
    let mut parts = name.split('.');
    if !matches!(parts.next(), Some("ld" | "st")) {
        return None;
    }
    let space = parts.find(|part| {
        ["shared", "local", "global", "param", "const"]
            .iter()
            .any(|space| part.split("::").next() == Some(space))
    });
    match space.map_or("local", |space| space.split("::").next().unwrap_or(space)) {
        "shared" => Some(Memory::Shared),
        "local" => Some(Memory::Local),
        _ => None,
    }
}

/// What a warp's access takes, without bank conflicts.
fn wavefronts(name: &str) -> u64 {
    let digits = |part: &str| part.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<u64>();
    let mut parts = name.rsplit('.');
    let bits = parts.next().and_then(|kind| digits(kind).ok()).unwrap_or(32);
    let vector = parts.find(|part| matches!(*part, "v2" | "v4"));
    let elements = vector.and_then(|vector| digits(vector).ok()).unwrap_or(1);
    (elements * bits / 8 * WARP).div_ceil(WAVEFRONT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTX: &str = "\
.visible .entry batch_kernel(
    .param .align 8 .b8 batch_kernel_param_0[64]
)
{
    .reg .f64 %fd<4>;
    ld.param.u64 %rd1, [batch_kernel_param_0];
    ld.global.f64 %fd1, [%rd1];
$L__BB0_1:
    st.local.f64 [%rd2], %fd1;
    @%p1 bra $L__BB0_4;
$L__BB0_2:
    ld.shared.v2.f32 {%f1, %f2}, [%rd3+392];
    fma.rn.f64 %fd2, %fd1, %fd1, %fd1;
    @%p2 bra $L__BB0_2;
    @!%p3 bra.uni $L__BB0_1;
$L__BB0_4:
    ld.f32 %f3, [%rd4];
    ret;
}
";

    #[test]
    fn loops_multiply_what_lies_in_them() {
        let traffic = Traffic::of(PTX);
        assert_eq!(traffic.lines, 10);
        // Outside all loops 4, in one 3, in two 3.
        assert_eq!(traffic.instructions, 4 + 3 * 8 + 3 * 64);
    }

    #[test]
    fn accesses_are_counted_by_memory_and_width() {
        let traffic = Traffic::of(PTX);
        assert_eq!(traffic.local, 2 * 8 + 1);
        assert_eq!(traffic.shared, 2 * 64);
        for (name, expected) in [
            ("ld.shared.f32", 1),
            ("ld.shared.b16", 1),
            ("st.local.v2.f64", 4),
            ("ld.volatile.shared::cta.v4.u32", 4),
            ("st.f64", 2),
        ] {
            assert_eq!(wavefronts(name), expected, "{name}");
        }
    }

    #[test]
    fn other_memory_is_not_counted() {
        for name in
            ["ld.global.f64", "ld.param.u64", "ld.const.f32", "fma.rn.f64", "st.global.v2.f64"]
        {
            assert_eq!(memory(name), None, "{name}");
        }
        assert_eq!(memory("ld.volatile.shared::cta.v4.u32"), Some(Memory::Shared));
        assert_eq!(memory("st.f64"), Some(Memory::Local));
    }

    #[test]
    fn a_text_that_is_no_ptx_is_counted_without_harm() {
        for text in ["", ";", "bra;", "x:\nbra x;", "@;", "bra y;\ny:", "@%p bra ;"] {
            assert!(Traffic::of(text).lines <= 1, "{text}");
        }
    }
}
