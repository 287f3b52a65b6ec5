//! What the tests of CUDA share.

use integrators::device::nvrtc::{Nvrtc, NvrtcError};

/// The compiler; none where it is missing, which is then said.
///
/// # Panics
/// Where it is there and broken, or missing in CI.
#[expect(clippy::panic, reason = "fails the test that calls it")]
pub fn nvrtc() -> Option<&'static Nvrtc> {
    let in_ci = std::env::var("CI").as_deref() == Ok("true");
    match Nvrtc::load() {
        Ok(nvrtc) => Some(nvrtc),
        Err(error @ NvrtcError::Missing { .. }) if !in_ci => {
            println!("skipped: no NVRTC ({error})");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
