//! The driver: devices, and what programs make on them, behind CUDA's own functions.
//!
//! Work is done at once, in the order in which it is given, which is one of the orders that streams
//! allow. A kernel's fault is reported as a GPU reports it: the launch succeeds, and every later
//! call of the context fails, the first one being that which waits for the kernel.

mod entry;
mod occupancy;
mod properties;
mod state;
mod status;

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use state::State;
use status::Status;

static STATE: Mutex<State> = Mutex::new(State::new());

thread_local! {
    /// The context that this thread's calls are for; 0 where there is none.
    static CURRENT: Cell<Handle> = const { Cell::new(0) };
}

/// A name of a context, a module, a stream and so on, as programs hold it. It is no address.
type Handle = usize;

/// Does a call's work, with the driver to itself.
fn call(work: impl FnOnce(&mut State) -> Result<(), Status>) -> Status {
    ask(|state| {
        state.count_call();
        work(state)
    })
}

/// Does the work of a call that CUDA does not have, and that counts as none.
fn ask(work: impl FnOnce(&mut State) -> Result<(), Status>) -> Status {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    work(&mut state).err().unwrap_or(Status::Success)
}

/// Has the program's end report what it has not given back.
fn watch_exit() {
    unsafe extern "C" {
        safe fn atexit(function: extern "C" fn()) -> i32;
    }
    extern "C" fn at_exit() {
        // A thread that is still at work has not left anything behind yet.
        if let Ok(mut state) = STATE.try_lock() {
            state.report_exit();
        }
    }
    if atexit(at_exit) != 0 {
        report(&"leaks are not reported at the program's end");
    }
}

/// Says what CUDA's numbers leave out.
fn report(what: &dyn std::fmt::Display) {
    eprintln!("cudasim: {what}");
}
