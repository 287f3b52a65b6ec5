//! Kernels written in PTX: what they compute, and what is said about those that are wrong.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use cudasim::{
    DeviceMemory, Fault, FaultKind, Launch, LaunchError, LoadedModule, Module, Reason, Space,
};

/// A kernel of one output pointer, whose address is in `%out`. Each thread has its number in `%i`,
/// the address of its own word of the output in `%word`, and registers `%a`, `%b`, `%p`.
fn kernel(body: &str) -> String {
    format!(
        ".version 8.8
.target sm_80
.address_size 64
.visible .entry k(.param .u64 k_param_0)
{{
    .reg .pred %p<4>;
    .reg .b32 %i, %a<8>, %n;
    .reg .b64 %out, %word, %b<8>;
    ld.param.u64 %out, [k_param_0];
    mov.u32 %i, %tid.x;
    mov.u32 %n, %ntid.x;
    mul.wide.u32 %word, %i, 4;
    add.s64 %word, %word, %out;
{body}
    ret;
}}
"
    )
}

/// Runs one block of a text's kernel `k`, and gives one word per thread.
fn run(text: &str, threads: u32) -> Result<Vec<u32>, LaunchError> {
    let mut memory = DeviceMemory::new(1 << 20);
    let module = Module::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let module = LoadedModule::new(module, &mut memory).unwrap();
    let out = memory.allocate(4 * threads as usize).unwrap();
    let launch = Launch {
        module: &module,
        kernel: "k",
        grid: [1, 1, 1],
        block: [threads, 1, 1],
        dynamic_shared: 256,
        arguments: &out.to_le_bytes(),
    };
    launch.run(&mut memory)?;
    let bytes = memory.read(out, 4 * threads as usize).unwrap();
    Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect())
}

fn fault(body: &str, threads: u32) -> Fault {
    match run(&kernel(body), threads) {
        Err(LaunchError::Fault(fault)) => *fault,
        other => panic!("{other:?}"),
    }
}

fn parse_error(text: &str) -> (usize, Reason) {
    let error = Module::parse(text).unwrap_err();
    (error.line, error.reason)
}

#[test]
fn each_lane_takes_its_own_side_of_a_branch() {
    let body = "
    and.b32 %a0, %i, 1;
    setp.eq.s32 %p0, %a0, 0;
    @%p0 bra EVEN;
    mul.lo.s32 %a1, %i, 100;
    bra.uni JOIN;
EVEN:
    neg.s32 %a1, %i;
JOIN:
    vote.sync.ballot.b32 %a2, %p0, -1;
    popc.b32 %a2, %a2;
    add.s32 %a1, %a1, %a2;
    st.global.u32 [%word], %a1;";
    // The vote needs all lanes: they are together again.
    let expected = (0..32_i32).map(|i| if i % 2 == 0 { 16 - i } else { 100 * i + 16 });
    assert_eq!(run(&kernel(body), 32).unwrap(), expected.map(|x| x as u32).collect::<Vec<_>>());
}

#[test]
fn lanes_leave_a_loop_one_by_one() {
    let body = "
    mov.u32 %a0, 0;
    mov.u32 %a1, 0;
LOOP:
    setp.ge.u32 %p0, %a0, %i;
    @%p0 bra DONE;
    add.s32 %a0, %a0, 1;
    add.s32 %a1, %a1, %a0;
    setp.gt.u32 %p1, %a1, 60;
    @%p1 bra DONE;
    bra.uni LOOP;
DONE:
    st.global.u32 [%word], %a1;";
    let sum = |i: u32| (1..=i).scan(0, |sum, k| (*sum <= 60).then(|| (*sum += k, *sum).1)).last();
    let expected: Vec<_> = (0..40).map(|i| sum(i).unwrap_or(0)).collect();
    assert_eq!(run(&kernel(body), 40).unwrap(), expected);
}

#[test]
fn lanes_that_return_early_are_gone() {
    let body = "
    st.global.u32 [%word], 7;
    setp.lt.u32 %p0, %i, 5;
    @%p0 ret;
    setp.lt.u32 %p0, %i, 9;
    @!%p0 bra REST;
    exit;
REST:
    st.global.u32 [%word], %i;";
    let expected: Vec<_> = (0..20).map(|i| if i < 9 { 7 } else { i }).collect();
    assert_eq!(run(&kernel(body), 20).unwrap(), expected);
}

#[test]
fn functions_take_parameters_and_give_results() {
    // The factorial, which calls itself on fewer and fewer lanes.
    let function = "
.func (.param .b32 func_retval0) factorial(.param .b32 factorial_param_0)
{
    .reg .pred %p;
    .reg .b32 %r<4>;
    .local .align 4 .b8 keep[4];
    .reg .b64 %rd;
    ld.param.u32 %r0, [factorial_param_0];
    mov.u64 %rd, keep;
    st.local.u32 [%rd], %r0;
    mov.u32 %r2, 1;
    setp.lt.u32 %p, %r0, 2;
    @%p bra END;
    sub.s32 %r1, %r0, 1;
    { // callseq 0
    .param .b32 param0;
    st.param.b32 [param0+0], %r1;
    .param .b32 retval0;
    call.uni (retval0),
    factorial,
    (
    param0
    );
    ld.param.b32 %r2, [retval0+0];
    } // callseq 0
    ld.local.u32 %r0, [%rd];
    mul.lo.s32 %r2, %r2, %r0;
END:
    st.param.b32 [func_retval0+0], %r2;
    ret;
}
";
    let body = "
    {
    .reg .b32 %i;
    .param .b32 param0;
    mov.u32 %i, %laneid;
    st.param.b32 [param0+0], %i;
    .param .b32 retval0;
    call.uni (retval0), factorial, (param0);
    ld.param.b32 %a0, [retval0+0];
    }
    st.global.u32 [%word], %a0;";
    let text = kernel(body).replace(".visible", &format!("{function}\n.visible"));
    let expected: Vec<_> = (0..12).map(|n| (1..=n).product()).collect();
    assert_eq!(run(&text, 12).unwrap(), expected);
}

#[test]
fn warps_exchange_through_shared_memory() {
    let body = "
    .shared .align 4 .b8 row[400];
    mul.lo.s32 %a0, %i, 4;
    mov.u32 %a1, row;
    add.s32 %a1, %a1, %a0;
    st.shared.u32 [%a1], %i;
    bar.sync 0;
    sub.s32 %a2, 99, %i;
    mul.wide.u32 %b0, %a2, 4;
    mov.u64 %b1, row;
    add.s64 %b1, %b1, %b0;
    cvta.shared.u64 %b1, %b1;
    ld.u32 %a3, [%b1];
    st.global.u32 [%word], %a3;";
    assert_eq!(run(&kernel(body), 100).unwrap(), (0..100).rev().collect::<Vec<_>>());
}

#[test]
fn dynamic_shared_memory_lies_behind_the_texts_own() {
    let text = kernel(
        "
    .shared .align 4 .b8 own[20];
    mov.u32 %a0, own;
    mov.u32 %a1, dynamic;
    sub.s32 %a1, %a1, %a0;
    st.shared.u32 [dynamic+252], %a1;
    ld.shared.u32 %a1, [dynamic+252];
    st.global.u32 [%word], %a1;",
    );
    let text = text.replace(".visible", ".extern .shared .align 16 .b8 dynamic[];\n.visible");
    assert_eq!(run(&text, 1).unwrap(), [32]);
    let outside = text.replace("dynamic+252", "dynamic+256");
    let Err(LaunchError::Fault(fault)) = run(&outside, 1) else { panic!("no fault") };
    let kind = FaultKind::OutOfBounds { space: Space::Shared, address: 288, bytes: 4 };
    assert_eq!(fault.kind, kind);
}

#[test]
fn variables_of_the_module_keep_their_initial_values() {
    let text = kernel(
        "
    ld.const.u32 %a0, [table+4];
    ld.global.u32 %a1, [counter];
    add.s32 %a0, %a0, %a1;
    st.global.u32 [counter], %a0;
    st.global.u32 [%word], %a0;",
    );
    let variables = ".const .align 8 .b8 table[16] = {1, 0, 0, 0, 2, 1};\n.global .u32 counter;";
    let text = text.replace(".visible", &format!("{variables}\n.visible"));
    assert_eq!(run(&text, 1).unwrap(), [258]);
    let write = text.replace("st.global.u32 [counter]", "st.global.u32 [table]");
    let Err(LaunchError::Fault(fault)) = run(&write, 1) else { panic!("no fault") };
    assert_eq!(fault.kind, FaultKind::ReadOnly { space: Space::Constant });
}

#[test]
fn traps_and_endless_calls_are_faults() {
    assert_eq!(fault("trap;", 1).kind, FaultKind::Trap);
    let function = ".func f()\n{\ncall.uni f;\nret;\n}\n.visible";
    let text = kernel("call.uni f;").replace(".visible", function);
    let Err(LaunchError::Fault(fault)) = run(&text, 1) else { panic!("no fault") };
    assert_eq!(fault.kind, FaultKind::StackOverflow);
}

#[test]
fn what_is_not_known_is_named_with_its_line() {
    let text = kernel("    atom.global.add.u32 %a0, [%out], 1;");
    let opcode = "atom.global.add.u32".to_owned();
    assert_eq!(parse_error(&text), (14, Reason::UnknownInstruction { opcode }));
    let text = kernel("    add.s32 %a0, %a1;");
    assert_eq!(parse_error(&text), (14, Reason::Operands { opcode: "add.s32".to_owned() }));
    let text = kernel("    add.s32 %a0, %a1, %a8;");
    assert_eq!(parse_error(&text), (14, Reason::Undeclared { name: "%a8".to_owned() }));
    let text = kernel("    bra NOWHERE;");
    assert_eq!(parse_error(&text), (14, Reason::Undeclared { name: "NOWHERE".to_owned() }));
    let directive = ".branchtargets".to_owned();
    assert_eq!(parse_error(".branchtargets a;"), (1, Reason::UnknownDirective { directive }));
    let (line, reason) = parse_error(".version 8.8\n.target sm_80\n?");
    assert_eq!((line, reason.to_string().as_str()), (3, "found `?`, expected PTX"));
}

#[test]
fn a_launch_fits_its_kernel() {
    let mut memory = DeviceMemory::new(1 << 20);
    let text = kernel("").replace("\n{", "\n.maxntid 64, 1, 1\n{");
    let module = Module::parse(&text).unwrap();
    let module = LoadedModule::new(module, &mut memory).unwrap();
    let out = memory.allocate(4096).unwrap().to_le_bytes();
    let launch = Launch {
        module: &module,
        kernel: "k",
        grid: [2, 3, 1],
        block: [32, 2, 1],
        dynamic_shared: 0,
        arguments: &out,
    };
    launch.run(&mut memory).unwrap();
    let wrong = Launch { kernel: "other", ..launch };
    assert!(matches!(wrong.run(&mut memory), Err(LaunchError::UnknownKernel { .. })));
    let wrong = Launch { arguments: &[0; 12], ..launch };
    let error = wrong.run(&mut memory).unwrap_err().to_string();
    assert_eq!(error, "kernel `k` takes 8 bytes of arguments, but 12 are given");
    let (one, wide, deep) = ([1, 1, 1], [1, 65_536, 1], [1, 1, 65]);
    for (grid, block) in
        [(one, [65, 1, 1]), ([0, 1, 1], one), (one, [0, 1, 1]), (wide, one), (one, deep)]
    {
        let wrong = Launch { grid, block, ..launch };
        assert!(matches!(wrong.run(&mut memory), Err(LaunchError::Shape { .. })), "{block:?}");
    }
}
