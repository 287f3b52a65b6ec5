//! Modules, functions and their launches.

use std::ffi::{c_char, c_void};

use super::{Out, give, host, int, unsigned};
use crate::driver::occupancy::{WARP, resident_blocks, shared_of_each};
use crate::driver::state::{Shape, State};
use crate::driver::status::Status;
use crate::driver::{Handle, call};

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadData(module: Out<'_, Handle>, image: *const c_void) -> Status {
    call(|state| {
        state.synchronize()?;
        // SAFETY: a text ends with a zero byte, and the header of machine code holds one.
        let image = unsafe { host::text(image.cast()) }?;
        if image.starts_with(b"\x7fELF") {
            return give(module, state.load_machine_code()?);
        }
        let text = str::from_utf8(image).map_err(|_| Status::InvalidPtx)?;
        give(module, state.load_module(text)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuModuleUnload(module: Handle) -> Status {
    call(|state| state.unload_module(module))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetFunction(
    function: Out<'_, Handle>,
    module: Handle,
    name: *const c_char,
) -> Status {
    call(|state| {
        // SAFETY: the program gives a text.
        let name = unsafe { host::text(name) }?;
        let name = str::from_utf8(name).map_err(|_| Status::NotFound)?;
        give(function, state.find_function(module, name)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetGlobal_v2(
    address: Out<'_, u64>,
    bytes: Out<'_, usize>,
    module: Handle,
    name: *const c_char,
) -> Status {
    call(|state| {
        // SAFETY: the program gives a text.
        let name = unsafe { host::text(name) }?;
        let name = str::from_utf8(name).map_err(|_| Status::NotFound)?;
        let variable = state.variable(module, name)?;
        // Either may be left out.
        if address.is_some() {
            give(address, variable.0)?;
        }
        if bytes.is_some() {
            give(bytes, variable.1)?;
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuFuncGetAttribute(value: Out<'_, i32>, attribute: u32, function: Handle) -> Status {
    call(|state| {
        let function = state.function(function)?;
        let found = match attribute {
            0 => function.max_threads,
            1 => function.shared_bytes,
            3 => function.local_bytes,
            8 => function.max_dynamic_shared,
            // Among others registers, which PTX does not tell.
            _ => return Err(Status::NotSupported),
        };
        give(value, int(found)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuFuncSetAttribute(function: Handle, attribute: u32, value: i32) -> Status {
    call(|state| match attribute {
        8 => state.allow_dynamic_shared(function, unsigned(value)?),
        _ => Err(Status::NotSupported),
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
    blocks: Out<'_, i32>,
    function: Handle,
    threads: i32,
    dynamic_shared: usize,
) -> Status {
    cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        blocks,
        function,
        threads,
        dynamic_shared,
        0,
    )
}

#[unsafe(no_mangle)]
extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    blocks: Out<'_, i32>,
    function: Handle,
    threads: i32,
    dynamic_shared: usize,
    _flags: u32,
) -> Status {
    call(|state| {
        let resident = resident(state, function, unsigned(threads)?, dynamic_shared)?;
        give(blocks, int(resident)?)
    })
}

/// Blocks of a kernel that a multiprocessor of the current device holds.
fn resident(
    state: &mut State,
    function: Handle,
    threads: usize,
    dynamic_shared: usize,
) -> Result<usize, Status> {
    let properties = state.current_properties()?;
    let function = state.function(function)?;
    if threads == 0 || threads > function.max_threads {
        return Err(Status::InvalidValue);
    }
    let shared = function.shared_bytes + dynamic_shared;
    // A block that cannot be launched is in no multiprocessor.
    let fits = shared <= properties.shared_of_block;
    Ok(if fits { resident_blocks(&properties, threads, shared) } else { 0 })
}

/// The dynamic shared memory of a block of so many threads.
type SharedOfBlock = Option<extern "C" fn(i32) -> usize>;

#[unsafe(no_mangle)]
extern "C" fn cuOccupancyMaxPotentialBlockSize(
    grid: Out<'_, i32>,
    block: Out<'_, i32>,
    function: Handle,
    shared_of_block: SharedOfBlock,
    dynamic_shared: usize,
    limit: i32,
) -> Status {
    cuOccupancyMaxPotentialBlockSizeWithFlags(
        grid,
        block,
        function,
        shared_of_block,
        dynamic_shared,
        limit,
        0,
    )
}

/// Gives the block that fills a multiprocessor best, and the blocks that fill the device.
#[unsafe(no_mangle)]
extern "C" fn cuOccupancyMaxPotentialBlockSizeWithFlags(
    grid: Out<'_, i32>,
    block: Out<'_, i32>,
    function: Handle,
    shared_of_block: SharedOfBlock,
    dynamic_shared: usize,
    limit: i32,
    _flags: u32,
) -> Status {
    call(|state| {
        let most = state.function(function)?.max_threads;
        let limit = unsigned(limit)?;
        let limit = if limit == 0 { most } else { limit.min(most) };
        let (mut best, mut blocks) = (0, 0);
        for threads in (WARP..=limit).step_by(WARP).chain((limit < WARP).then_some(limit)) {
            let shared = match shared_of_block {
                Some(bytes) => bytes(int(threads)?),
                None => dynamic_shared,
            };
            let resident = resident(state, function, threads, shared)?;
            if resident * threads >= blocks * best {
                (best, blocks) = (threads, resident);
            }
        }
        let multiprocessors = state.current_properties()?.attribute(16)?;
        give(grid, int(blocks * multiprocessors)?)?;
        give(block, int(best)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuOccupancyAvailableDynamicSMemPerBlock(
    bytes: Out<'_, usize>,
    function: Handle,
    blocks: i32,
    _threads: i32,
) -> Status {
    call(|state| {
        let properties = state.current_properties()?;
        let own = state.function(function)?.shared_bytes;
        give(bytes, shared_of_each(&properties, unsigned(blocks)?).saturating_sub(own))
    })
}

#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "they are CUDA's")]
unsafe extern "C" fn cuLaunchKernel(
    function: Handle,
    grid_x: u32,
    grid_y: u32,
    grid_z: u32,
    block_x: u32,
    block_y: u32,
    block_z: u32,
    dynamic_shared: u32,
    stream: Handle,
    parameters: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        let arguments = if extra.is_null() {
            let fields = state.parameters(function)?;
            host::parameters(parameters, &fields)?
        } else if parameters.is_null() {
            // SAFETY: the program gives a list that ends, and a buffer of the length that it says.
            unsafe { host::parameter_buffer(extra) }?.to_vec()
        } else {
            return Err(Status::InvalidValue);
        };
        let shape = Shape {
            grid: [grid_x, grid_y, grid_z],
            block: [block_x, block_y, block_z],
            dynamic_shared: dynamic_shared as usize,
        };
        state.launch(function, &shape, &arguments)
    })
}
