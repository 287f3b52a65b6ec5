//! Faults planted in kernels: each is caught, with the kernel, the block, the thread and the line, and the
//! same kernel without it raises nothing.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use cudasim::{DeviceMemory, Fault, FaultKind, Launch, LaunchError, LoadedModule, Module, Space};

/// Threads of a block: two warps, one of them not whole.
const THREADS: u32 = 50;

/// Where a fault is planted: not in the first block, not in the first warp.
const BLOCK: [u32; 3] = [1, 0, 0];
const THREAD: u32 = 41;

/// Bytes of the output.
const BYTES: usize = 4 * THREADS as usize;

/// A kernel of two blocks, each of whose threads has the address of its own word of the output in
/// `%word`. Where faults are planted, `%bad` holds.
fn kernel(body: &str) -> String {
    format!(
        ".version 8.8
.target sm_80
.address_size 64
.const .align 16 .b8 table[16] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
.func deep(.param .b32 deep_given)
{{
    .reg .pred %p;
    .reg .b32 %r;
    ld.param.u32 %r, [deep_given];
    setp.eq.u32 %p, %r, 0;
    @%p ret;
    sub.u32 %r, %r, 1;
    {{
    .param .b32 given;
    st.param.b32 [given], %r;
    call.uni deep, (given);
    }}
    ret;
}}
.visible .entry k(.param .u64 k_out, .param .align 16 .b8 k_bytes[16])
{{
    .reg .pred %p<8>, %bad;
    .reg .b32 %i, %a<8>, %block;
    .reg .b64 %out, %word, %b<8>;
    .shared .align 16 .b8 shared[256];
    .local .align 16 .b8 local[16];
    ld.param.u64 %out, [k_out];
    mov.u32 %i, %tid.x;
    mov.u32 %block, %ctaid.x;
    mul.wide.u32 %word, %i, 4;
    add.s64 %word, %word, %out;
    setp.eq.u32 %bad, %i, {THREAD};
    setp.eq.u32 %p0, %block, 1;
    and.pred %bad, %bad, %p0;
{body}
    ret;
}}
"
    )
}

/// Runs the kernel.
fn run(body: &str) -> Result<(), LaunchError> {
    let text = kernel(body);
    let mut memory = DeviceMemory::new(1 << 20);
    let module = Module::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let module = LoadedModule::new(module, &mut memory).unwrap();
    let out = memory.allocate(BYTES).unwrap();
    let mut arguments = out.to_le_bytes().to_vec();
    arguments.resize(32, 0);
    let launch = Launch {
        module: &module,
        kernel: "k",
        grid: [2, 1, 1],
        block: [THREADS, 1, 1],
        dynamic_shared: 0,
        arguments: &arguments,
    };
    launch.run(&mut memory).map(|_| ())
}

/// The fault of a body, which must be in its line that is marked.
fn fault(body: &str) -> Fault {
    let Err(LaunchError::Fault(fault)) = run(body) else { panic!("no fault of\n{body}") };
    let text = kernel(body);
    let marked = text.lines().position(|line| line.contains("// here")).unwrap();
    assert_eq!((fault.kernel.as_str(), fault.line), ("k", marked + 1), "{fault}");
    assert_eq!(fault.instruction, text.lines().nth(marked).unwrap().trim(), "{fault}");
    *fault
}

/// A fault of a single thread: what comes before it, the instruction, and the one that should be there.
type Planted = (&'static str, &'static str, &'static str, FaultKind);

/// Holds a fault against where it was planted, and its repair against all threads.
fn check((before, wrong, right, kind): Planted) {
    let found = fault(&format!("{before}\n    @%bad {wrong} // here"));
    assert_eq!((found.block, found.thread, found.kind), (BLOCK, [THREAD, 0, 0], kind), "{found}");
    run(&format!("{before}\n    {right}")).unwrap_or_else(|error| panic!("{error}: {right}"));
}

const fn outside(space: Space, address: u64, bytes: usize) -> FaultKind {
    FaultKind::OutOfBounds { space, address, bytes }
}

const fn misaligned(space: Space, address: u64, bytes: usize) -> FaultKind {
    FaultKind::Misaligned { space, address, bytes }
}

const fn unwritten(space: Space, address: u64, bytes: usize) -> FaultKind {
    FaultKind::Uninitialized { space, address, bytes }
}

/// Where the first allocation of a device lies: the table of constants. The output is the second.
const TABLE: u64 = 0x7f00_0000_0000;
const OUT: u64 = TABLE + 256 + (1 << 24);

/// The word of the thread that does wrong.
const WORD: u64 = OUT + 4 * THREAD as u64;

const SLICE: &str = "    mov.u64 %b0, shared;
    mul.wide.u32 %b1, %i, 4;
    add.s64 %b0, %b0, %b1;
    cvta.shared.u64 %b2, %b0;";

#[test]
fn what_is_outside_is_caught_in_every_space() {
    let past = OUT + BYTES as u64;
    let planted: [Planted; 12] = [
        (
            "",
            "st.global.u32 [%word+36], %i;",
            "st.global.u32 [%word], %i;",
            outside(Space::Global, past, 4),
        ),
        (
            "",
            "st.global.u32 [%out-4], %i;",
            "st.global.u32 [%word], %i;",
            outside(Space::Global, OUT - 4, 4),
        ),
        ("", "ld.global.u32 %a0, [0];", "st.global.u32 [%word], %i;", outside(Space::Global, 0, 4)),
        (
            "mov.u64 %b0, 16;",
            "st.u32 [%b0], %i;",
            "st.u32 [%word], %i;",
            outside(Space::Global, 16, 4),
        ),
        // Nor does an access begin inside and end outside.
        (
            "add.s64 %b0, %out, 192;",
            "st.global.v4.u32 [%b0], {%i, %i, %i, %i};",
            "st.global.v2.u32 [%b0], {5, 5};",
            outside(Space::Global, past, 4),
        ),
        ("", "st.shared.u32 [shared+256], %i;", "ret;", outside(Space::Shared, 256, 4)),
        (SLICE, "st.u32 [%b2+92], %i;", "st.u32 [%b2], %i;", outside(Space::Shared, 256, 4)),
        (
            "",
            "st.local.u32 [local+16], %i;",
            "st.local.u32 [local+12], %i;",
            outside(Space::Local, 16, 4),
        ),
        (
            "mov.u64 %b0, local;\ncvta.local.u64 %b0, %b0;",
            "st.u64 [%b0+16], %b0;",
            "st.u64 [%b0+8], %b0;",
            outside(Space::Local, 16, 8),
        ),
        (
            "",
            "ld.const.u32 %a0, [table+16];",
            "ld.const.u32 %a0, [table+12];",
            outside(Space::Constant, TABLE + 16, 4),
        ),
        // What is not constant is outside constant memory.
        (
            "",
            "ld.const.u32 %a0, [%out];",
            "ld.const.u32 %a0, [table];",
            outside(Space::Constant, OUT, 4),
        ),
        (
            "",
            "ld.param.u32 %a0, [k_bytes+16];",
            "ld.param.u32 %a0, [k_bytes+12];",
            outside(Space::Parameter, 32, 4),
        ),
    ];
    planted.into_iter().for_each(check);
}

#[test]
fn what_is_misaligned_is_caught_in_every_space() {
    let planted: [Planted; 8] = [
        (
            "",
            "st.global.u32 [%word+1], %i;",
            "st.global.u8 [%word+1], %i;",
            misaligned(Space::Global, WORD + 1, 4),
        ),
        (
            "",
            "st.u16 [%word+1], %i;",
            "st.u16 [%word+2], %i;",
            misaligned(Space::Global, WORD + 1, 2),
        ),
        // A vector is aligned as a whole.
        (
            "add.s64 %b0, %out, 4;",
            "st.global.v2.u32 [%b0], {%i, %i};",
            "st.global.v2.u32 [%out], {%i, %i};",
            misaligned(Space::Global, OUT + 4, 8),
        ),
        (
            SLICE,
            "st.shared.u32 [%b0+2], %i;",
            "st.shared.u32 [%b0], %i;",
            misaligned(Space::Shared, 4 * THREAD as u64 + 2, 4),
        ),
        (
            SLICE,
            "st.u32 [%b2+1], %i;",
            "st.u32 [%b2], %i;",
            misaligned(Space::Shared, 4 * THREAD as u64 + 1, 4),
        ),
        (
            "",
            "st.local.u64 [local+4], 1;",
            "st.local.u64 [local+8], 1;",
            misaligned(Space::Local, 4, 8),
        ),
        (
            "",
            "ld.const.u32 %a0, [table+2];",
            "ld.const.u16 %a0, [table+2];",
            misaligned(Space::Constant, TABLE + 2, 4),
        ),
        (
            "",
            "ld.param.u64 %b0, [k_bytes+4];",
            "ld.param.u32 %a0, [k_bytes+4];",
            misaligned(Space::Parameter, 20, 8),
        ),
    ];
    planted.into_iter().for_each(check);
}

#[test]
fn what_nothing_has_written_is_caught_in_every_space() {
    let local = "st.local.u32 [local], %i;";
    let passed = ".param .align 8 .b8 passed[8];\nst.param.b32 [passed], %i;";
    let half = "st.global.u16 [%word], %i;";
    let planted: [Planted; 6] = [
        (
            local,
            "ld.local.u32 %a0, [local+4];",
            "ld.local.u32 %a0, [local];",
            unwritten(Space::Local, 4, 4),
        ),
        // Not even a part of what is read.
        (
            local,
            "ld.local.u64 %b0, [local];",
            "ld.local.u16 %a0, [local+2];",
            unwritten(Space::Local, 0, 8),
        ),
        (
            "mov.u64 %b0, shared;\nmul.wide.u32 %b1, %i, 4;\nadd.s64 %b0, %b0, %b1;
    st.shared.u16 [%b0], %i;",
            "ld.shared.u32 %a0, [%b0];",
            "ld.shared.u16 %a0, [%b0];",
            unwritten(Space::Shared, 4 * THREAD as u64, 4),
        ),
        // What the block before has left is not there.
        (
            "add.s32 %a0, %block, %i;\nsetp.eq.u32 %p1, %a0, 0;\n@%p1 st.shared.u8 [shared+200], 1;\nbar.sync 0;",
            "ld.shared.u8 %a0, [shared+200];",
            "bar.sync 0;",
            unwritten(Space::Shared, 200, 1),
        ),
        (
            half,
            "ld.global.u32 %a0, [%word];",
            "ld.global.u16 %a0, [%word];",
            unwritten(Space::Global, WORD, 4),
        ),
        (
            passed,
            "ld.param.u32 %a0, [passed+4];",
            "ld.param.u32 %a0, [passed];",
            unwritten(Space::Parameter, 36, 4),
        ),
    ];
    planted.into_iter().for_each(check);
}

#[test]
fn what_kernels_may_not_write_is_caught() {
    let read_only = FaultKind::ReadOnly { space: Space::Constant };
    let generic = "mov.u64 %b0, table;\ncvta.const.u64 %b0, %b0;";
    for planted in [
        ("", "st.global.u32 [table], %i;", "st.global.u32 [%word], %i;", read_only),
        (generic, "st.u32 [%b0], %i;", "ld.u32 %a0, [%b0];", read_only),
    ] {
        check(planted);
    }
}

#[test]
fn traps_and_calls_without_end_are_caught() {
    check(("", "trap;", "ret;", FaultKind::Trap));
    // 300 calls within each other in one thread, a few in the others.
    let body = "    selp.b32 %a0, 300, 3, %bad;
    .param .b32 given;
    st.param.b32 [given], %a0;
    call.uni deep, (given);";
    let Err(LaunchError::Fault(found)) = run(body) else { panic!("no fault") };
    assert_eq!((found.kind, found.block), (FaultKind::StackOverflow, BLOCK), "{found}");
    assert_eq!(found.thread, [THREAD, 0, 0], "{found}");
    assert_eq!(found.instruction, "call.uni deep, (given);");
    run(&body.replace("300", "200")).unwrap();
}

#[test]
fn barriers_that_not_all_threads_reach_are_caught() {
    // One thread stays away, then the lanes of the other warp, then one lane has ended.
    let planted = [
        ("setp.ne.u32 %p1, %i, 41;\n@!%p1 bra END;\nbar.sync 0; // here\nEND:", 32),
        ("setp.lt.u32 %p1, %i, 32;\n@%p1 bra END;\nbar.sync 0; // here\nEND:", 32),
        ("setp.ge.u32 %p1, %i, 32;\n@%p1 bra END;\nbar.sync 0; // here\nEND:", 0),
        ("setp.eq.u32 %p1, %i, 3;\n@%p1 exit;\nbar.sync 0; // here", 0),
        ("setp.ne.u32 %p1, %i, 3;\n@%p1 bar.sync 0; // here", 0),
        // Two barriers, one for each warp, and one for each side of a branch, which runs first.
        (
            "setp.ge.u32 %p1, %i, 32;\n@%p1 bra OTHER;\nbar.sync 0; // here\nbra.uni END;
            OTHER:\nbar.sync 0;\nEND:",
            0,
        ),
        (
            "setp.lt.u32 %p1, %i, 3;\n@%p1 bra FEW;\nbar.sync 0; // here\nbra.uni END;
            FEW:\nbar.sync 0;\nEND:",
            3,
        ),
    ];
    for (body, thread) in planted {
        let found = fault(body);
        assert_eq!(found.kind, FaultKind::DivergentBarrier, "{found}");
        assert_eq!((found.block, found.thread), ([0; 3], [thread, 0, 0]), "{body}");
    }
    // Lanes that have parted and met again come together; so do those that a guard lets through.
    let clean = "setp.lt.u32 %p1, %i, 7;\n@%p1 bra FEW;\nadd.s32 %a0, %i, 1;\nFEW:\nbar.sync 0;
        setp.lt.u32 %p1, %i, 1000;\n@%p1 bar.sync 0;";
    run(clean).unwrap();
}

/// On a GPU each lane goes on by itself: a side of a branch that some lanes might leave for good does
/// not keep the others from coming together.
#[test]
fn lanes_wait_for_those_that_come_another_way() {
    const VOTE: &str = "vote.sync.all.pred %p3, %p1, -1;";
    // How lanes end, which one does, and what the others wait at. A vote does without those that ended.
    let bodies = [
        ("ret;", 100, "bar.sync 0;"),
        ("exit;", 100, "bar.sync 0;"),
        ("trap;", 100, "bar.sync 0;"),
        ("ret;", 5, VOTE),
        ("exit;", 5, VOTE),
    ];
    for (end, lane, instruction) in bodies {
        for guard in ["@%p2", "@!%p2"] {
            // Both orders of the sides.
            let (taken, other) =
                if guard == "@%p2" { ("LEAVE", "MEET") } else { ("MEET", "LEAVE") };
            let body = format!(
                "setp.lt.u32 %p1, %i, 7;\n@%p1 bra FEW;\nadd.s32 %a0, %i, 1;\nbra.uni MEET;
                FEW:\nsetp.eq.u32 %p2, %i, {lane};\n{guard} bra {taken};\nbra.uni {other};
                MEET:\n{instruction}\nbra.uni END;\nLEAVE:\n{end}\nEND:"
            );
            run(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        }
    }
}

#[test]
fn votes_without_the_lanes_that_they_name_are_caught() {
    let body =
        "setp.lt.u32 %p1, %i, 5;\n@%p1 bra END;\nvote.sync.any.pred %p2, %p1, LANES; // here\nEND:";
    let found = fault(&body.replace("LANES", "-1"));
    assert_eq!((found.kind, found.thread), (FaultKind::DivergentVote, [5, 0, 0]), "{found}");
    // Of the second warp, lanes from 18 on are no threads, and do not count.
    let clean = "setp.lt.u32 %p1, %i, 32;\n@!%p1 bra SECOND;\nvote.sync.any.pred %p2, %p1, -1;
        bra.uni END;\nSECOND:\nvote.sync.all.pred %p2, %p1, 0x3ffff;\nEND:";
    run(clean).unwrap();
}

/// Each thread writes its own word of shared memory, and all wait.
const FILL: &str = "    mov.u64 %b0, shared;
    mul.wide.u32 %b1, %i, 4;
    add.s64 %b0, %b0, %b1;
    st.shared.u32 [%b0], %i;
    bar.sync 0;
";

#[test]
fn races_in_shared_memory_are_caught() {
    let race = |address, other| FaultKind::Race { address, bytes: 4, other };
    // Two threads write one word; one reads what another has written; one writes what another has read;
    // and both are in different warps.
    let planted = [
        ("    st.shared.u32 [shared], 7; // here".to_owned(), 1, race(0, 0)),
        (
            format!(
                "{FILL}    setp.eq.u32 %p1, %i, 2;\n    @%p1 st.shared.u32 [%b0], 9;\n    ld.shared.u32 %a0, [shared+8]; // here"
            ),
            0,
            race(8, 2),
        ),
        (
            format!(
                "{FILL}    ld.shared.u32 %a0, [shared+20];\n    st.shared.u32 [%b0], %a0; // here"
            ),
            5,
            race(20, 0),
        ),
        (
            format!(
                "{FILL}    setp.eq.u32 %p1, %i, 0;\n    @%p1 st.shared.u32 [shared+160], 1;\n    setp.eq.u32 %p1, %i, 40;\n    @%p1 ld.shared.u32 %a0, [%b0]; // here"
            ),
            40,
            race(160, 0),
        ),
    ];
    for (body, thread, kind) in planted {
        let found = fault(&body);
        assert_eq!((found.kind, found.thread), (kind, [thread, 0, 0]), "{found}");
    }
    // With a barrier between, or each its own word, or all reading one, there is no race.
    let clean = format!(
        "{FILL}    ld.shared.u32 %a0, [shared+20];\n    bar.sync 0;\n    st.shared.u32 [%b0], %a0;
    ld.shared.u32 %a1, [%b0];\n    bar.sync 0;\n    ld.shared.u32 %a1, [shared];"
    );
    run(&clean).unwrap();
}
