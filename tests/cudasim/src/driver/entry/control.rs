//! What CUDA does not have: tests ask for failures, and for what a kernel did wrong.

use std::ffi::c_char;

use super::{Out, give, host, unsigned};
use crate::counters::Counters;
use crate::driver::ask;
use crate::driver::state::Planted;
use crate::driver::status::Status;

/// Lets so many more allocations succeed; the one behind them finds no memory.
#[unsafe(no_mangle)]
extern "C" fn cudasim_fail_allocation(after: u64) -> Status {
    ask(|state| {
        state.planted.allocation = Some(after);
        Ok(())
    })
}

/// Lets so many more launches succeed; the kernel of the one behind them fails.
#[unsafe(no_mangle)]
extern "C" fn cudasim_fail_launch(after: u64) -> Status {
    ask(|state| {
        state.planted.launch = Some(after);
        Ok(())
    })
}

/// Lets so many more calls on a device succeed; before the one behind them the device is lost, and all
/// that need it fail from there on.
#[unsafe(no_mangle)]
extern "C" fn cudasim_lose_device(after: u64) -> Status {
    ask(|state| {
        state.planted.loss = Some(after);
        Ok(())
    })
}

/// Takes back all failures that were asked for and have not come.
#[unsafe(no_mangle)]
extern "C" fn cudasim_fail_nothing() -> Status {
    ask(|state| {
        state.planted = Planted::default();
        Ok(())
    })
}

/// Writes what the last kernel that failed did wrong, with a zero byte behind it; as much as there
/// is room for.
#[unsafe(no_mangle)]
unsafe extern "C" fn cudasim_last_fault(text: *mut c_char, length: i32) -> Status {
    ask(|state| {
        let mut bytes = state.last_fault.clone().into_bytes();
        bytes.truncate(unsigned(length)?.checked_sub(1).ok_or(Status::InvalidValue)?);
        bytes.push(0);
        // SAFETY: the program gives `length` bytes, which is no less.
        unsafe { host::write(text.cast(), &bytes) }
    })
}

/// Gives what all launches of a kernel took since they were last asked for.
#[unsafe(no_mangle)]
unsafe extern "C" fn cudasim_take_counters(
    kernel: *const c_char,
    counters: Out<'_, Counters>,
) -> Status {
    ask(|state| {
        // SAFETY: the program gives a text.
        let kernel = unsafe { host::text(kernel) }?;
        let kernel = str::from_utf8(kernel).map_err(|_| Status::NotFound)?;
        give(counters, state.counters.remove(kernel).ok_or(Status::NotFound)?)
    })
}

/// Gives the number of things that programs have not given back when they let their contexts go.
#[unsafe(no_mangle)]
extern "C" fn cudasim_leaks(count: Out<'_, u64>) -> Status {
    ask(|state| give(count, state.leaks))
}
