//! The simulated driver under a plain program of cudarc: streams, events, copies, several devices, and
//! what it says of wrong launches and of things that are not given back.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::ffi::c_void;
use std::process::Command;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use buffer_tests::simulated;
use cudarc::driver::sys::{self, CUdevice_attribute, CUresult};
use cudarc::driver::{
    CudaContext, CudaFunction, CudaStream, DriverError, LaunchConfig, PushKernelArg, result,
};
use cudarc::nvrtc::Ptx;

/// Says what a test's child process is to leave behind.
const LEAK: &str = "BUFFERS_TEST_LEAK";

/// `out[i] = in[i] + step`, one thread for each element of a block.
const ADD: &str = ".version 8.8
.target sm_75
.address_size 64
.global .u32 launches = 0;
.visible .entry add(.param .u64 add_param_0, .param .u64 add_param_1, .param .u32 add_param_2)
.maxntid 256, 1, 1
{
    .reg .b32 %r<5>;
    .reg .b64 %rd<6>;
    ld.param.u64 %rd0, [add_param_0];
    ld.param.u64 %rd1, [add_param_1];
    ld.param.u32 %r0, [add_param_2];
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd0, %rd2;
    ld.global.u32 %r2, [%rd3];
    add.s32 %r2, %r2, %r0;
    add.s64 %rd4, %rd1, %rd2;
    st.global.u32 [%rd4], %r2;
    ret;
}
";

/// The driver, while no other test uses it.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    simulated::driver().unwrap();
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add_function(context: &Arc<CudaContext>) -> CudaFunction {
    context.load_module(Ptx::from_src(ADD)).unwrap().load_function("add").unwrap()
}

fn block(threads: u32) -> LaunchConfig {
    LaunchConfig { grid_dim: (1, 1, 1), block_dim: (threads, 1, 1), shared_mem_bytes: 0 }
}

#[test]
fn streams_and_events_order_copies_fills_and_launches() {
    let _alone = alone();
    let context = CudaContext::new(0).unwrap();
    let streams = [context.default_stream(), context.new_stream().unwrap()];
    let function = add_function(&context);
    let input: Vec<u32> = (0..200).collect();
    let mut between = streams[0].alloc_zeros::<u32>(200).unwrap();
    let uploaded = streams[0].clone_htod(&input).unwrap();
    let timed = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
    let begin = streams[0].record_event(timed).unwrap();
    // SAFETY: the kernel takes these, and has an element for each of its threads.
    unsafe {
        let mut launch = streams[0].launch_builder(&function);
        launch.arg(&uploaded).arg(&mut between).arg(&5_u32).launch(block(200))
    }
    .unwrap();
    let done = streams[0].record_event(timed).unwrap();
    streams[1].wait(&done).unwrap();
    let mut result = streams[1].alloc_zeros::<u32>(200).unwrap();
    let copied = streams[1].clone_dtod(&between).unwrap();
    // SAFETY: as above.
    unsafe {
        let mut launch = streams[1].launch_builder(&function);
        launch.arg(&copied).arg(&mut result).arg(&2_u32).launch(block(200))
    }
    .unwrap();
    let found = streams[1].clone_dtoh(&result).unwrap();
    assert_eq!(found, input.iter().map(|value| value + 7).collect::<Vec<_>>());
    streams[1].memset_zeros(&mut result).unwrap();
    assert_eq!(streams[1].clone_dtoh(&result).unwrap(), [0; 200]);
    assert!(done.is_complete());
    done.synchronize().unwrap();
    assert_eq!(begin.elapsed_ms(&done).unwrap(), 0.0);
    // SAFETY: nothing reads it before it is written.
    let mut pinned = unsafe { context.alloc_pinned::<u32>(200) }.unwrap();
    streams[1].memcpy_dtoh(&between, &mut pinned).unwrap();
    assert_eq!(pinned.as_slice().unwrap()[199], 204);
    context.synchronize().unwrap();
}

#[test]
fn functions_tell_their_limits_and_their_occupancy() {
    extern "C" fn a_quarter_of_shared_memory(_threads: i32) -> usize {
        56 << 10
    }
    extern "C" fn no_shared_memory(_threads: i32) -> usize {
        0
    }
    let _alone = alone();
    let context = CudaContext::new(0).unwrap();
    let function = add_function(&context);
    assert_eq!(function.max_threads_per_block().unwrap(), 256);
    assert_eq!(function.local_size_bytes().unwrap(), 0);
    let resident = |threads, shared| {
        function.occupancy_max_active_blocks_per_multiprocessor(threads, shared, None).unwrap()
    };
    assert_eq!((resident(256, 0), resident(256, 56 << 10), resident(256, 300 << 10)), (8, 4, 0));
    assert_eq!(function.occupancy_available_dynamic_smem_per_block(4, 256).unwrap(), 56 << 10);
    let best = |shared| function.occupancy_max_potential_block_size(shared, 0, 0, None).unwrap();
    assert_eq!(best(no_shared_memory), (8, 256));
    assert_eq!(best(a_quarter_of_shared_memory), (4, 256));
    let of_device = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR;
    assert_eq!(context.attribute(of_device).unwrap(), 2048);
}

/// Launches `add` by its parameters' pointers, or by a buffer.
fn launch(
    function: &CudaFunction,
    stream: &CudaStream,
    threads: u32,
    parameters: &mut [*mut c_void],
    extra: &mut [*mut c_void],
) -> CUresult {
    let or_null = |list: &mut [*mut c_void]| {
        if list.is_empty() { ptr::null_mut() } else { list.as_mut_ptr() }
    };
    let (function, stream) = (function.cu_function(), stream.cu_stream());
    let (parameters, extra) = (or_null(parameters), or_null(extra));
    // SAFETY: the lists end with a null pointer, and point to live values.
    unsafe { sys::cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, stream, parameters, extra) }
}

#[test]
fn a_launch_has_the_arguments_that_its_kernel_takes() {
    let _alone = alone();
    let context = CudaContext::new(0).unwrap();
    let stream = context.default_stream();
    let function = add_function(&context);
    let input = stream.clone_htod(&[1_u32; 32]).unwrap();
    let output = stream.alloc_zeros::<u32>(32).unwrap();
    let address = |slice| cudarc::driver::DevicePtr::device_ptr(slice, &stream).0;
    let mut arguments = [address(&input), address(&output), 3];
    let value = |at: usize, arguments: &mut [u64; 3]| ptr::from_mut(&mut arguments[at]).cast();
    let null = ptr::null_mut();
    let wrong = CUresult::CUDA_ERROR_INVALID_VALUE;

    let [x, y, step]: [*mut c_void; 3] = [0, 1, 2].map(|at| value(at, &mut arguments));
    let by_pointers =
        |pointers: &mut [_], threads| launch(&function, &stream, threads, pointers, &mut []);
    assert_eq!(by_pointers(&mut [x, y, step], 32), CUresult::CUDA_SUCCESS);
    assert_eq!(stream.clone_dtoh(&output).unwrap(), [4; 32]);
    assert_eq!(by_pointers(&mut [x, y, null], 32), wrong);
    assert_eq!(by_pointers(&mut [x, null], 32), wrong);
    // Behind the end of a list that is too short may lie anything.
    let nowhere = ptr::without_provenance_mut(0x10);
    assert_eq!(by_pointers(&mut [x, y, nowhere], 32), wrong);
    assert_eq!(by_pointers(&mut [], 32), wrong);
    // More threads than the kernel's text allows.
    assert_eq!(by_pointers(&mut [x, y, step], 257), wrong);

    let [start, length, end]: [*mut c_void; 3] = [1, 2, 0].map(ptr::without_provenance_mut);
    let whole = arguments.as_mut_ptr().cast();
    for (mut bytes, expected) in
        [(20_usize, CUresult::CUDA_SUCCESS), (16, wrong), (19, wrong), (24, wrong)]
    {
        let bytes = ptr::from_mut(&mut bytes).cast();
        let mut list = [start, whole, length, bytes, end];
        assert_eq!(launch(&function, &stream, 32, &mut [], &mut list), expected);
    }
    let mut bytes = 20_usize;
    let bytes = ptr::from_mut(&mut bytes).cast();
    let other_name = ptr::without_provenance_mut(7);
    for list in [&mut [end][..], &mut [start, whole, end], &mut [other_name, whole, end]] {
        assert_eq!(launch(&function, &stream, 32, &mut [], list), wrong);
    }
    let both =
        launch(&function, &stream, 32, &mut [x, y, step], &mut [start, whole, length, bytes, end]);
    assert_eq!(both, wrong);
    // None of this has hurt the context.
    context.synchronize().unwrap();
}

#[test]
fn what_is_not_given_back_is_counted_when_the_context_goes() {
    let _alone = alone();
    let before = simulated::leaks();
    result::init().unwrap();
    let device = result::device::get(0).unwrap();
    // SAFETY: the handles are used in the context that is current, and not after it.
    unsafe {
        let context = result::primary_ctx::retain(device).unwrap();
        result::ctx::set_current(context).unwrap();
        let ptx = std::ffi::CString::new(ADD).unwrap();
        result::module::load_data(ptx.as_ptr().cast()).unwrap();
        let stream = result::stream::create(result::stream::StreamKind::NonBlocking).unwrap();
        result::event::create(sys::CUevent_flags::CU_EVENT_DEFAULT).unwrap();
        result::malloc_async(stream, 100).unwrap();
        result::primary_ctx::release(device).unwrap();
    }
    // A module, a stream, an event and some memory.
    assert_eq!(simulated::leaks() - before, 4);
}

/// Runs a test of this file in a process of its own, and gives what it says on the standard error.
fn run_alone(test: &str, settings: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--include-ignored", "--exact", "--nocapture", test])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{said}");
    said.into_owned()
}

#[test]
fn what_is_not_given_back_is_told_when_the_program_ends() {
    for (leak, expected) in [
        ("nothing", None),
        ("context", Some("without letting go of device 0")),
        ("module", Some("with a module in it")),
        ("memory", Some("with 400 bytes at 0x")),
        ("stream", Some("with a stream in it")),
        ("event", Some("with an event in it")),
        ("host", Some("with 64 bytes of the host's memory")),
    ] {
        let said = run_alone("leaking_worker", &[(LEAK, leak)]);
        let told: Vec<_> = said.lines().filter(|line| line.starts_with("cudasim: ")).collect();
        match expected {
            None => assert!(told.is_empty(), "{said}"),
            Some(expected) => {
                assert!(told.iter().any(|line| line.contains(expected)), "{leak}: {said}");
            }
        }
    }
}

#[test]
#[ignore = "started by another test, to leave something behind"]
fn leaking_worker() {
    let Ok(leak) = std::env::var(LEAK) else { return };
    let _alone = alone();
    let context = CudaContext::new(0).unwrap();
    match leak.as_str() {
        "nothing" => {
            drop(context.new_stream().unwrap().clone_htod(&[1.0; 100]).unwrap());
            drop(add_function(&context));
        }
        "context" => std::mem::forget(context.clone()),
        "module" => std::mem::forget(context.load_module(Ptx::from_src(ADD)).unwrap()),
        "memory" => {
            std::mem::forget(context.default_stream().alloc_zeros::<f32>(100).unwrap());
        }
        "stream" => std::mem::forget(context.new_stream().unwrap()),
        "event" => std::mem::forget(context.new_event(None).unwrap()),
        "host" => {
            // SAFETY: nothing reads it.
            std::mem::forget(unsafe { context.alloc_pinned::<u64>(8) }.unwrap());
        }
        _ => panic!("{leak}"),
    }
}

#[test]
fn devices_of_several_capabilities_stand_side_by_side() {
    run_alone("two_devices_worker", &[("CUDASIM_CAPABILITY", "9.0, 7.5")]);
}

#[test]
#[ignore = "started by another test, with two devices"]
fn two_devices_worker() {
    if std::env::var_os("CUDASIM_CAPABILITY").is_none() {
        return;
    }
    let _alone = alone();
    assert_eq!(CudaContext::device_count().unwrap(), 2);
    let contexts = [0, 1].map(|ordinal| CudaContext::new(ordinal).unwrap());
    let shared = CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
    let told = contexts
        .each_ref()
        .map(|context| (context.compute_capability().unwrap(), context.attribute(shared).unwrap()));
    assert_eq!(told, [((9, 0), 227 << 10), ((7, 5), 64 << 10)]);
    assert_ne!(contexts[0].uuid().unwrap().bytes, contexts[1].uuid().unwrap().bytes);

    // From one device to the other.
    let streams = contexts.each_ref().map(|context| context.default_stream());
    let first = streams[0].clone_htod(&[1_u32, 2, 3]).unwrap();
    let second = streams[1].clone_dtod(&first).unwrap();
    assert_eq!(streams[1].clone_dtoh(&second).unwrap(), [1, 2, 3]);

    // Neither knows the other's memory, streams or functions.
    let function = add_function(&contexts[1]);
    let out = streams[1].alloc_zeros::<u32>(3).unwrap();
    let address = |slice, stream: &_| cudarc::driver::DevicePtr::device_ptr(slice, stream).0;
    contexts[1].bind_to_thread().unwrap();
    let (mut x, mut y, mut step) =
        (address(&first, &streams[0]), address(&out, &streams[1]), 1_u32);
    let mut arguments: [*mut c_void; 3] = [
        ptr::from_mut(&mut x).cast(),
        ptr::from_mut(&mut y).cast(),
        ptr::from_mut(&mut step).cast(),
    ];
    let foreign = contexts[0].new_stream().unwrap();
    contexts[1].bind_to_thread().unwrap();
    let refused = launch(&function, &foreign, 3, &mut arguments, &mut []);
    assert_eq!(refused, CUresult::CUDA_ERROR_INVALID_HANDLE);
    let accepted = launch(&function, &streams[1], 3, &mut arguments, &mut []);
    assert_eq!(accepted, CUresult::CUDA_SUCCESS);
    let failed = contexts[1].synchronize().unwrap_err();
    assert_eq!(failed, DriverError(CUresult::CUDA_ERROR_ILLEGAL_ADDRESS));
    contexts[0].synchronize().unwrap();
    let fault = simulated::last_fault();
    assert!(
        fault.contains("kernel `add`, block [0, 0, 0], thread [0, 0, 0], PTX line 16"),
        "{fault}"
    );
}
