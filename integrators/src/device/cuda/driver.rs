//! The driver's calls that cudarc leaves unsafe.

use std::ffi::c_void;

use cudarc::driver::{CudaFunction, CudaStream, DriverError, LaunchConfig, result, sys};

/// Whether the machine has a driver. cudarc panics at any call without one.
pub(super) fn is_present() -> bool {
    // SAFETY: the driver's initialisers only set up its own state.
    if !unsafe { sys::is_culib_present() } {
        return false;
    }
    // SAFETY: the library is there, and is never unloaded; the symbol is not called.
    let version = unsafe { sys::culib().get::<unsafe extern "C" fn()>("cuDriverGetVersion") };
    // Another library of that name is no driver.
    version.is_ok()
}

/// The latest CUDA version that the driver serves, as 1000 times the major number and 10 times the
/// minor one.
pub(super) fn version() -> Result<i32, DriverError> {
    let mut version = 0;
    // SAFETY: the pointer is to a live integer; the call needs no initialised driver.
    unsafe { sys::cuDriverGetVersion(&mut version) }.result()?;
    Ok(version)
}

/// Starts a kernel that takes one struct by value.
///
/// # Safety
/// The kernel must take a struct of the block's fields, and access no memory but what their
/// addresses name, which must live until it has run.
pub(super) unsafe fn launch(
    function: &CudaFunction,
    stream: &CudaStream,
    config: LaunchConfig,
    block: &[u64],
) -> Result<(), DriverError> {
    stream.context().bind_to_thread()?;
    let mut parameters = [block.as_ptr().cast::<c_void>().cast_mut()];
    // SAFETY: function and stream are alive, and of the context just bound. The driver reads the
    // block before the call returns, and never writes it. The caller vouches for the rest.
    unsafe {
        result::launch_kernel(
            function.cu_function(),
            config.grid_dim,
            config.block_dim,
            config.shared_mem_bytes,
            stream.cu_stream(),
            &mut parameters,
        )
    }
}
