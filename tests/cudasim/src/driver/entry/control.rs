//! What CUDA does not have: tests ask for failures, and for what a kernel did wrong.

use std::ffi::c_char;

use super::{Out, give, host, unsigned};
use crate::counters::Counters;
use crate::driver::call;
use crate::driver::status::Status;

/// Lets so many more allocations succeed; the one behind them finds no memory.
#[unsafe(no_mangle)]
extern "C" fn cudasim_fail_allocation(after: u64) -> Status {
    call(|state| {
        state.planted.allocation = Some(after);
        Ok(())
    })
}

/// Lets so many more launches succeed; the kernel of the one behind them fails.
#[unsafe(no_mangle)]
extern "C" fn cudasim_fail_launch(after: u64) -> Status {
    call(|state| {
        state.planted.launch = Some(after);
        Ok(())
    })
}

/// Writes what the last kernel that failed did wrong, with a zero byte behind it; as much as there
/// is room for.
#[unsafe(no_mangle)]
unsafe extern "C" fn cudasim_last_fault(text: *mut c_char, length: i32) -> Status {
    call(|state| {
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
    call(|state| {
        // SAFETY: the program gives a text.
        let kernel = unsafe { host::text(kernel) }?;
        let kernel = str::from_utf8(kernel).map_err(|_| Status::NotFound)?;
        give(counters, state.counters.remove(kernel).ok_or(Status::NotFound)?)
    })
}

/// Gives the number of things that programs have not given back when they let their contexts go.
#[unsafe(no_mangle)]
extern "C" fn cudasim_leaks(count: Out<'_, u64>) -> Status {
    call(|state| give(count, state.leaks))
}
