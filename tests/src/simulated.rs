//! A GPU where there is none: the driver of `tests/cudasim`, under the real one's name.

use libloading::Library;
use std::sync::LazyLock;

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
