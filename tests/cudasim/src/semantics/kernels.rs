//! What a kernel does beside arithmetic: memory of every space, votes, barriers, branches and calls.

use super::Tested;
use crate::launch::Launch;
use crate::load::LoadedModule;
use crate::memory::DeviceMemory;
use crate::module::Module;

/// A byte that is negative, so that signs show.
const BYTES: [u8; 16] = [
    0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

const KINDS: [&str; 14] =
    ["b8", "b16", "b32", "b64", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64"];

const WARP: usize = 32;

/// Runs a kernel of one warp whose lanes have 16 words of 8 bytes each at `%out`, and gives them.
fn run(tested: &mut Tested, before: &str, body: &str) -> Vec<u64> {
    let text = format!(
        "
.version 8.8
.target sm_80
.address_size 64
{before}
.visible .entry k(.param .u64 k_out, .param .align 16 .b8 k_bytes[16])
{{
.reg .pred %p<8>;
.reg .b32 %r<16>;
.reg .b64 %d<16>, %out, %at;
.shared .align 16 .b8 shared[512];
.local .align 16 .b8 local[16];
ld.param.u64 %out, [k_out];
mov.u32 %r0, %tid.x;
mul.wide.u32 %at, %r0, 128;
add.s64 %out, %out, %at;
{body}
}}
"
    );
    let module = Module::parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    let mut memory = DeviceMemory::new(1 << 20);
    let module = LoadedModule::new(module, &mut memory).unwrap();
    let bytes = WARP * 128;
    let out = memory.allocate(bytes).unwrap();
    memory.write(out, &vec![0; bytes]).unwrap();
    let mut arguments = out.to_le_bytes().to_vec();
    arguments.resize(16, 0);
    arguments.extend_from_slice(&BYTES);
    let launch = Launch {
        module: &module,
        kernel: "k",
        grid: [1, 1, 1],
        block: [WARP as u32, 1, 1],
        dynamic_shared: 0,
        arguments: &arguments,
    };
    launch.run(&mut memory).unwrap_or_else(|error| panic!("{error} in {text}"));
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().filter(|word| !word.starts_with('@'));
        if let Some(opcode) = words.next().map(|word| word.trim_end_matches(';'))
            && opcode.starts_with(|first: char| first.is_ascii_lowercase())
            && !opcode.contains(':')
        {
            tested.add(opcode);
        }
    }
    let words = memory.read(out, bytes).unwrap().chunks_exact(8);
    words.map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
}

/// An element of [`BYTES`], as a load of a type leaves it in a register.
fn loaded(kind: &str, element: usize) -> u64 {
    let bytes = kind[1..].parse::<usize>().unwrap() / 8;
    let mut word = [0; 8];
    word[..bytes].copy_from_slice(&BYTES[element * bytes..(element + 1) * bytes]);
    let word = u64::from_le_bytes(word);
    match kind {
        "s8" => word as i8 as u64,
        "s16" => word as i16 as u64,
        "s32" => word as i32 as u64,
        _ => word,
    }
}

pub(super) fn hold(tested: &mut Tested) {
    for kind in KINDS {
        for count in [1, 2, 4] {
            if count * kind[1..].parse::<usize>().unwrap() <= 128 {
                hold_memory(tested, kind, count);
            }
        }
    }
    hold_addresses(tested);
    hold_parts(tested);
    hold_votes(tested);
    hold_control(tested);
}

/// Stores of a type to each space, and loads back.
fn hold_memory(tested: &mut Tested, kind: &str, count: usize) {
    let vector = if count == 1 { String::new() } else { format!(".v{count}") };
    let registers = |first: usize| {
        let list: Vec<_> = (first..first + count).map(|at| format!("%d{at}")).collect();
        if count == 1 { list[0].clone() } else { format!("{{{}}}", list.join(", ")) }
    };
    let constant = BYTES.map(|byte| byte.to_string()).join(", ");
    let before = format!(".const .align 16 .b8 table[16] = {{{constant}}};");
    // From constant memory and a parameter, which kernels do not write.
    let mut loads = vec![
        (format!("ld.const{vector}.{kind}"), "table", String::new()),
        (format!("ld.param{vector}.{kind}"), "k_bytes", String::new()),
    ];
    // Into each other space, and back.
    let places = [
        (".global", "%out"),
        (".shared", "%d14"),
        (".local", "local"),
        ("", "%out"),
        (".volatile", "%out"),
        (".volatile.global", "%out"),
        (".volatile.shared", "%d14"),
        (".volatile.local", "local"),
        (".param", "passed"),
    ];
    for (space, place) in places {
        let store = format!("st{space}{vector}.{kind} [{place}], {};", registers(0));
        loads.push((format!("ld{space}{vector}.{kind}"), place, store.clone()));
        if space == ".global" {
            loads.push((format!("ld.global.nc{vector}.{kind}"), place, store));
        }
    }
    for (load, place, store) in loads {
        let filled: String =
            (0..count).map(|at| format!("mov.u64 %d{at}, {:#x};\n", loaded(kind, at))).collect();
        let written: String = (0..count)
            .map(|at| format!("st.global.b64 [%out+{}], %d{};\n", 8 * at, 4 + at))
            .collect();
        let body = format!(
            ".param .align 16 .b8 passed[16];\nmul.wide.u32 %d14, %r0, 16;\nmov.u64 %d13, shared;\n\
             add.s64 %d14, %d14, %d13;\n{filled}{store}\n{load} {}, [{place}];\n{written}ret;",
            registers(4)
        );
        let found = run(tested, &before, &body);
        for lane in 0..WARP {
            for element in 0..count {
                let (found, expected) = (found[16 * lane + element], loaded(kind, element));
                assert_eq!(found, expected, "{load} of lane {lane}");
            }
        }
    }
}

/// Generic addresses of each space, and back.
fn hold_addresses(tested: &mut Tested) {
    let before = ".const .u32 answer = 42;\n.global .u32 other = 43;";
    for (space, place, filled) in [
        ("const", "answer", ""),
        ("global", "other", ""),
        (
            "shared",
            "shared",
            "setp.eq.u32 %p0, %r0, 0;\n@%p0 st.shared.u32 [shared], 44;\nbar.sync 0;",
        ),
        ("local", "local", "st.local.u32 [local], 45;"),
    ] {
        let body = format!(
            "{filled}\nmov.u64 %d0, {place};\ncvta.{space}.u64 %d1, %d0;\nld.u32 %d2, [%d1];\n\
             cvta.to.{space}.u64 %d3, %d1;\nld.{space}.u32 %d4, [%d3];\n\
             st.global.u64 [%out], %d2;\nst.global.u64 [%out+8], %d4;\nret;"
        );
        let expected = ["const", "global", "shared", "local"].iter().position(|&of| of == space);
        let expected = expected.unwrap() as u64 + 42;
        let found = run(tested, before, &body);
        for lane in 0..WARP {
            assert_eq!(found[16 * lane..16 * lane + 2], [expected; 2], "{space}");
        }
    }
}

/// Values put together and taken apart.
fn hold_parts(tested: &mut Tested) {
    let body = "
mov.u64 %d0, 0x8877665544332211;
mov.b64 {%r1, %r2}, %d0;
mov.b64 {%d1, %d2, %d3, %d4}, %d0;
mov.b32 {%d5, %d6}, %r2;
mov.b64 %d7, {%r2, %r1};
mov.b64 %d8, {%d4, %d3, %d2, %d1};
mov.b32 %d9, {%d6, %d5};
mov.b64 {_, %r3}, %d7;
st.global.u32 [%out], %r1;
st.global.u32 [%out+8], %r2;
st.global.u64 [%out+16], %d3;
st.global.u64 [%out+24], %d6;
st.global.u64 [%out+32], %d7;
st.global.u64 [%out+40], %d8;
st.global.u64 [%out+48], %d9;
st.global.u32 [%out+56], %r3;
ret;";
    let expected = [
        0x4433_2211,
        0x8877_6655,
        0x6655,
        0x8877,
        0x4433_2211_8877_6655,
        0x2211_4433_6655_8877,
        0x6655_8877,
        0x4433_2211,
    ];
    assert_eq!(run(tested, "", body)[..8], expected);
}

/// Votes of all lanes, and of some.
fn hold_votes(tested: &mut Tested) {
    let body = "
setp.lt.u32 %p0, %r0, 5;
vote.sync.ballot.b32 %r1, %p0, -1;
vote.sync.ballot.b32 %r2, !%p0, 0xffffffff;
vote.sync.any.pred %p1, %p0, -1;
vote.sync.all.pred %p2, %p0, -1;
vote.sync.uni.pred %p3, %p0, -1;
@!%p0 bra REST;
vote.sync.all.pred %p2, %p0, 0x1f;
vote.sync.uni.pred %p3, %p0, 31;
vote.sync.any.pred %p1, !%p0, 31;
REST:
selp.b32 %r3, 1, 0, %p1;
selp.b32 %r4, 1, 0, %p2;
selp.b32 %r5, 1, 0, %p3;
st.global.u32 [%out], %r1;
st.global.u32 [%out+8], %r2;
st.global.u32 [%out+16], %r3;
st.global.u32 [%out+24], %r4;
st.global.u32 [%out+32], %r5;
ret.uni;";
    let found = run(tested, "", body);
    for lane in 0..WARP {
        let [any, all, uniform] = if lane < 5 { [0, 1, 1] } else { [1, 0, 0] };
        let expected = [0x1f, 0xffff_ffe0, any, all, uniform];
        assert_eq!(found[16 * lane..16 * lane + 5], expected, "lane {lane}");
    }
}

/// Branches, calls, barriers and ends.
fn hold_control(tested: &mut Tested) {
    let before = "
.func (.param .b64 f_result) twice(.param .b64 f_given)
{
.reg .b64 %d<2>;
ld.param.b64 %d0, [f_given];
add.s64 %d0, %d0, %d0;
st.param.b64 [f_result], %d0;
ret;
}
.func nothing()
{
ret;
}";
    let body = "
cvt.u64.u32 %d0, %r0;
setp.lt.u32 %p0, %r0, 8;
@%p0 bra FEW;
{
.param .b64 given;
.param .b64 got;
st.param.b64 [given], %d0;
call.uni (got), twice, (given);
ld.param.b64 %d0, [got];
}
bra.uni JOIN;
FEW:
call nothing;
add.s64 %d0, %d0, 1000;
JOIN:
bar.sync 0;
barrier.sync 0;
st.global.u64 [%out], %d0;
setp.lt.u32 %p1, %r0, 16;
@%p1 exit;
st.global.u64 [%out+8], 1;
setp.gt.u32 %p2, %r0, 64;
@%p2 trap;
ret;";
    let found = run(tested, before, body);
    for lane in 0..WARP {
        let value = if lane < 8 { lane + 1000 } else { 2 * lane } as u64;
        let expected = [value, u64::from(lane >= 16)];
        assert_eq!(found[16 * lane..16 * lane + 2], expected, "lane {lane}");
    }
}
