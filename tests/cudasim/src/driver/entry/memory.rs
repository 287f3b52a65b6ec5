//! Memory: allocation, copies and fills.

use std::ffi::c_void;

use super::{Out, give, host};
use crate::driver::status::Status;
use crate::driver::{Handle, call};

#[unsafe(no_mangle)]
extern "C" fn cuMemGetInfo_v2(free: Out<'_, usize>, total: Out<'_, usize>) -> Status {
    call(|state| {
        let memory = state.memory()?;
        give(free, memory.free_bytes())?;
        give(total, memory.capacity())
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAlloc_v2(address: Out<'_, u64>, bytes: usize) -> Status {
    call(|state| give(address, state.allocate(bytes)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemAllocAsync(address: Out<'_, u64>, bytes: usize, stream: Handle) -> Status {
    call(|state| give(address, state.allocate_on(stream, bytes)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFree_v2(address: u64) -> Status {
    cuMemFreeAsync(address, 0)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeAsync(address: u64, stream: Handle) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        Ok(state.memory()?.free(address)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize) -> Status {
    // SAFETY: the same promise.
    unsafe { cuMemcpyHtoDAsync_v2(to, from, bytes, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyHtoDAsync_v2(
    to: u64,
    from: *const c_void,
    bytes: usize,
    stream: Handle,
) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        // SAFETY: the program lends so many bytes.
        let from = unsafe { host::bytes(from, bytes) }?;
        Ok(state.memory()?.write(to, from)?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize) -> Status {
    // SAFETY: the same promise.
    unsafe { cuMemcpyDtoHAsync_v2(to, from, bytes, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoHAsync_v2(
    to: *mut c_void,
    from: u64,
    bytes: usize,
    stream: Handle,
) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        let from = state.memory()?.read(from, bytes)?;
        // SAFETY: the program gives so many bytes of its own.
        unsafe { host::write(to, from) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoD_v2(to: u64, from: u64, bytes: usize) -> Status {
    cuMemcpyDtoDAsync_v2(to, from, bytes, 0)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: Handle) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        let memory = state.memory()?;
        let from = memory.read(from, bytes)?.to_vec();
        Ok(memory.write(to, &from)?)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8_v2(to: u64, value: u8, bytes: usize) -> Status {
    cuMemsetD8Async(to, value, bytes, 0)
}

#[unsafe(no_mangle)]
extern "C" fn cuMemsetD8Async(to: u64, value: u8, bytes: usize, stream: Handle) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        let memory = state.memory()?;
        // A range that is not there is refused before as many bytes are made.
        memory.read(to, bytes)?;
        Ok(memory.write(to, &vec![value; bytes])?)
    })
}

/// From one device to another.
#[unsafe(no_mangle)]
extern "C" fn cuMemcpyPeerAsync(
    to: u64,
    to_context: Handle,
    from: u64,
    from_context: Handle,
    bytes: usize,
    stream: Handle,
) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        let from = state.memory_of(from_context)?.read(from, bytes)?.to_vec();
        Ok(state.memory_of(to_context)?.write(to, &from)?)
    })
}

/// Memory of the host, which here is like any other.
#[unsafe(no_mangle)]
extern "C" fn cuMemHostAlloc(start: Out<'_, *mut c_void>, bytes: usize, _flags: u32) -> Status {
    call(|state| give(start, state.allocate_host(bytes)?.cast()))
}

#[unsafe(no_mangle)]
extern "C" fn cuMemFreeHost(start: *mut c_void) -> Status {
    call(|state| state.free_host(start.addr()))
}
