//! Initialisation, devices and contexts.

use std::ffi::{c_char, c_void};

use super::{Out, give, host, int, unsigned};
use crate::driver::status::Status;
use crate::driver::{CURRENT, Handle, call, state};

#[unsafe(no_mangle)]
extern "C" fn cuInit(flags: u32) -> Status {
    call(|state| if flags == 0 { state.initialize() } else { Err(Status::InvalidValue) })
}

#[unsafe(no_mangle)]
extern "C" fn cuDriverGetVersion(version: Out<'_, i32>) -> Status {
    call(|_| give(version, int(state::version()?)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorName(status: u32, name: Out<'_, *const c_char>) -> Status {
    let described = Status::describe(status).ok_or(Status::InvalidValue);
    call(|_| give(name, described?.0.as_ptr()))
}

#[unsafe(no_mangle)]
extern "C" fn cuGetErrorString(status: u32, text: Out<'_, *const c_char>) -> Status {
    let described = Status::describe(status).ok_or(Status::InvalidValue);
    call(|_| give(text, described?.1.as_ptr()))
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceGetCount(count: Out<'_, i32>) -> Status {
    call(|state| give(count, int(state.device_count()?)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceGet(device: Out<'_, i32>, ordinal: i32) -> Status {
    call(|state| {
        state.properties(unsigned(ordinal)?)?;
        give(device, ordinal)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetName(name: *mut c_char, length: i32, device: i32) -> Status {
    call(|state| {
        let properties = state.properties(unsigned(device)?)?;
        let mut text = format!("cudasim {}.{}", properties.major, properties.minor).into_bytes();
        text.truncate(unsigned(length)?.checked_sub(1).ok_or(Status::InvalidValue)?);
        text.push(0);
        // SAFETY: the program gives `length` bytes, which is no less.
        unsafe { host::write(name.cast(), &text) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid(uuid: *mut c_void, device: i32) -> Status {
    // SAFETY: the same promise.
    unsafe { cuDeviceGetUuid_v2(uuid, device) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid_v2(uuid: *mut c_void, device: i32) -> Status {
    call(|state| {
        state.properties(unsigned(device)?)?;
        let mut bytes = *b"cudasim device 0";
        if let Some(last) = bytes.last_mut() {
            *last = device as u8;
        }
        // SAFETY: the program gives the 16 bytes of an identifier.
        unsafe { host::write(uuid, &bytes) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceGetAttribute(value: Out<'_, i32>, attribute: u32, device: i32) -> Status {
    call(|state| give(value, int(state.properties(unsigned(device)?)?.attribute(attribute)?)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuDeviceTotalMem_v2(bytes: Out<'_, usize>, device: i32) -> Status {
    call(|state| give(bytes, state.capacity(unsigned(device)?)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuDevicePrimaryCtxRetain(context: Out<'_, Handle>, device: i32) -> Status {
    call(|state| give(context, state.retain_context(unsigned(device)?)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuDevicePrimaryCtxRelease_v2(device: i32) -> Status {
    call(|state| state.release_context(unsigned(device)?))
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxGetCurrent(context: Out<'_, Handle>) -> Status {
    call(|state| {
        state.device_count()?;
        give(context, CURRENT.get())
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetCurrent(context: Handle) -> Status {
    call(|state| state.set_current(context))
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSynchronize() -> Status {
    call(|state| state.synchronize())
}

#[unsafe(no_mangle)]
extern "C" fn cuCtxSetFlags(_flags: u32) -> Status {
    call(|state| state.synchronize())
}

/// Of streams: all wait alike.
#[unsafe(no_mangle)]
extern "C" fn cuCtxGetStreamPriorityRange(least: Out<'_, i32>, greatest: Out<'_, i32>) -> Status {
    call(|state| {
        state.synchronize()?;
        give(least, 0)?;
        give(greatest, 0)
    })
}
