//! The driver's calls that cudarc leaves unsafe.

use std::ffi::c_void;
use std::ptr;

use cudarc::driver::{CudaFunction, CudaStream, DriverError, LaunchConfig, sys};

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

/// Starts a kernel that takes one struct by value. The driver checks that it has the block's length.
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
    // CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE and CU_LAUNCH_PARAM_END, which are
    // small numbers in the place of pointers.
    let [pointer, size, end] = [1, 2, 0].map(ptr::without_provenance_mut);
    stream.context().bind_to_thread()?;
    let mut bytes = size_of_val(block);
    let block = block.as_ptr().cast::<c_void>().cast_mut();
    let mut extra = [pointer, block, size, ptr::from_mut(&mut bytes).cast(), end];
    let (grid, threads) = (config.grid_dim, config.block_dim);
    // SAFETY: function and stream are alive, and of the context just bound. The driver reads the
    // block before the call returns, and never writes it. The caller vouches for the rest.
    unsafe {
        sys::cuLaunchKernel(
            function.cu_function(),
            grid.0,
            grid.1,
            grid.2,
            threads.0,
            threads.1,
            threads.2,
            config.shared_mem_bytes,
            stream.cu_stream(),
            ptr::null_mut(),
            extra.as_mut_ptr(),
        )
    }
    .result()
}
