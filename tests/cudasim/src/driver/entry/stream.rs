//! Streams and events. All work is done when it is given, so that nothing has to be waited for.

use super::{Out, give};
use crate::driver::status::Status;
use crate::driver::{Handle, call};

#[unsafe(no_mangle)]
extern "C" fn cuStreamCreate(stream: Out<'_, Handle>, _flags: u32) -> Status {
    call(|state| give(stream, state.create_stream()?))
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamCreateWithPriority(
    stream: Out<'_, Handle>,
    flags: u32,
    _priority: i32,
) -> Status {
    cuStreamCreate(stream, flags)
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamDestroy_v2(stream: Handle) -> Status {
    call(|state| state.destroy(stream))
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamSynchronize(stream: Handle) -> Status {
    call(|state| state.check_stream(stream))
}

#[unsafe(no_mangle)]
extern "C" fn cuStreamWaitEvent(stream: Handle, event: Handle, _flags: u32) -> Status {
    call(|state| {
        state.check_stream(stream)?;
        state.check_event(event)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuEventCreate(event: Out<'_, Handle>, _flags: u32) -> Status {
    call(|state| give(event, state.create_event()?))
}

#[unsafe(no_mangle)]
extern "C" fn cuEventDestroy_v2(event: Handle) -> Status {
    call(|state| state.destroy(event))
}

#[unsafe(no_mangle)]
extern "C" fn cuEventRecord(event: Handle, stream: Handle) -> Status {
    cuStreamWaitEvent(stream, event, 0)
}

#[unsafe(no_mangle)]
extern "C" fn cuEventQuery(event: Handle) -> Status {
    cuEventSynchronize(event)
}

#[unsafe(no_mangle)]
extern "C" fn cuEventSynchronize(event: Handle) -> Status {
    call(|state| {
        state.synchronize()?;
        state.check_event(event)
    })
}

/// No time passes where nothing is timed.
#[unsafe(no_mangle)]
extern "C" fn cuEventElapsedTime(milliseconds: Out<'_, f32>, start: Handle, end: Handle) -> Status {
    call(|state| {
        state.synchronize()?;
        state.check_event(start)?;
        state.check_event(end)?;
        give(milliseconds, 0.0)
    })
}

#[unsafe(no_mangle)]
extern "C" fn cuEventElapsedTime_v2(
    milliseconds: Out<'_, f32>,
    start: Handle,
    end: Handle,
) -> Status {
    cuEventElapsedTime(milliseconds, start, end)
}
