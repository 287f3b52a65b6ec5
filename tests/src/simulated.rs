//! A GPU where there is none: the driver of `tests/cudasim`, under the real one's name.

#![allow(clippy::panic, clippy::unwrap_used, reason = "fails the test that calls it")]

use std::ffi::{CStr, CString, c_char};
use std::sync::LazyLock;

use cudasim::Counters;
use libloading::Library;

/// The driver, or why it does not load. It lies beside the tests, where Cargo puts it.
///
/// Once it is loaded, whatever in this process asks for NVIDIA's driver gets it.
pub fn driver() -> Result<&'static Library, &'static str> {
    static DRIVER: LazyLock<Result<Library, String>> =
        LazyLock::new(|| load().map_err(|error| format!("no simulated GPU ({error})")));
    DRIVER.as_ref().map_err(String::as_str)
}

#[cfg(target_os = "linux")]
fn load() -> Result<Library, Box<dyn std::error::Error>> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    let path = std::env::current_exe()?.with_file_name("libcudasim.so");
    // SAFETY: the library's initialisers are those of Rust's standard library.
    Ok(unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }?.into())
}

#[cfg(not(target_os = "linux"))]
fn load() -> Result<Library, Box<dyn std::error::Error>> {
    Err("it takes the driver's name on Linux alone".into())
}

/// A function that the driver has and CUDA has not.
///
/// # Safety
/// The type must be that of the function in `tests/cudasim/src/driver/entry/control.rs`.
unsafe fn function<T: Copy>(name: &str) -> T {
    // SAFETY: the caller vouches for the type.
    *unsafe { driver().unwrap().get::<T>(name) }.unwrap()
}

/// Asks for a failure after so many calls.
fn plant(name: &str, after: u64) {
    // SAFETY: the functions that are planted with take one number.
    let plant: unsafe extern "C" fn(u64) -> u32 = unsafe { function(name) };
    // SAFETY: as above.
    assert_eq!(unsafe { plant(after) }, 0);
}

/// Lets so many more allocations succeed; the one behind them finds no memory.
///
/// # Panics
/// Where there is no driver, as the others here.
pub fn fail_allocation(after: u64) {
    plant("cudasim_fail_allocation", after);
}

/// Lets so many more launches succeed; the kernel of the one behind them fails.
///
/// # Panics
/// Where there is no driver.
pub fn fail_launch(after: u64) {
    plant("cudasim_fail_launch", after);
}

/// Lets so many more calls on a device succeed; before the one behind them the device is lost.
///
/// # Panics
/// Where there is no driver.
pub fn lose_device(after: u64) {
    plant("cudasim_lose_device", after);
}

/// Takes back what was asked for and has not failed.
///
/// # Panics
/// Where there is no driver.
pub fn fail_nothing() {
    // SAFETY: the function takes nothing.
    let function: unsafe extern "C" fn() -> u32 = unsafe { function("cudasim_fail_nothing") };
    // SAFETY: as above.
    assert_eq!(unsafe { function() }, 0);
}

/// What the last kernel that failed did wrong.
///
/// # Panics
/// Where there is no driver.
pub fn last_fault() -> String {
    let mut text = vec![0_u8; 1024];
    // SAFETY: the function takes a place for a text, and its length.
    let fault: unsafe extern "C" fn(*mut c_char, i32) -> u32 =
        unsafe { function("cudasim_last_fault") };
    // SAFETY: the place has as many bytes.
    assert_eq!(unsafe { fault(text.as_mut_ptr().cast(), 1024) }, 0);
    CStr::from_bytes_until_nul(&text).unwrap().to_str().unwrap().to_owned()
}

/// What a kernel's launches took since the last call; none where there were none.
///
/// # Panics
/// Where there is no driver.
pub fn take_counters(kernel: &str) -> Option<Counters> {
    let (kernel, mut counters) = (CString::new(kernel).unwrap(), Counters::default());
    // SAFETY: the function takes a name, and a place for counters.
    let take: unsafe extern "C" fn(*const c_char, *mut Counters) -> u32 =
        unsafe { function("cudasim_take_counters") };
    // SAFETY: as above.
    (unsafe { take(kernel.as_ptr(), &mut counters) } == 0).then_some(counters)
}

/// What programs have not given back when they let their contexts go.
///
/// # Panics
/// Where there is no driver.
pub fn leaks() -> u64 {
    let mut leaks = u64::MAX;
    // SAFETY: the function takes a place for a number.
    let count: unsafe extern "C" fn(*mut u64) -> u32 = unsafe { function("cudasim_leaks") };
    // SAFETY: as above.
    assert_eq!(unsafe { count(&mut leaks) }, 0);
    leaks
}
