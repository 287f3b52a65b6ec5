//! Solving problems on the devices of this machine.

use std::error::Error;
use std::fmt;
use std::sync::LazyLock;

use integrators::device::Device;
use integrators::device::host::{HostDevice, HostError};
use integrators::device::nvrtc::Nvrtc;
use integrators::{Precision, Solver, SolverBuilder, System, SystemError};

use crate::problems::Problem;
use crate::simulated;

/// What a helper of a test returns: any error fails the test.
pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// A device under the name that messages use.
#[derive(Debug, Clone)]
pub struct NamedDevice {
    /// The device.
    pub device: Device,
    name: &'static str,
}

impl fmt::Display for NamedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The host in scalar code, in vectors shorter than its registers, and in its widest ones; and a GPU
/// with a compiler for it, simulated where there is none.
///
/// # Panics
/// Where the host has no C compiler.
#[expect(clippy::expect_used, reason = "fails the test that calls it")]
pub fn devices() -> &'static [NamedDevice] {
    static DEVICES: LazyLock<Vec<NamedDevice>> = LazyLock::new(|| {
        let mut devices = hosts().expect("tests need a C compiler");
        devices.extend(gpu_or_skip());
        devices
    });
    &DEVICES
}

fn hosts() -> Result<Vec<NamedDevice>, HostError> {
    let named = |host: HostDevice, name| NamedDevice { device: host.into(), name };
    Ok(vec![
        named(HostDevice::new()?.lanes(1)?, "one lane of the host"),
        named(HostDevice::new()?.lanes(2)?, "two lanes of the host"),
        named(HostDevice::new()?, "all lanes of the host"),
    ])
}

/// The first GPU, simulated where there is none; or what is missing for one, in a line.
fn gpu() -> Result<NamedDevice, String> {
    let line = |error: &dyn Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    Nvrtc::load().map_err(|error| line(&error))?;
    if let Ok(device) = Device::cuda(0) {
        return Ok(NamedDevice { device, name: "a GPU" });
    }
    simulated::driver()?;
    let device = Device::cuda(0).map_err(|error| line(&error))?;
    Ok(NamedDevice { device, name: "a simulated GPU" })
}

/// The first GPU, simulated where there is none; none without a compiler for it, which is then said.
pub fn gpu_or_skip() -> Option<NamedDevice> {
    gpu().inspect_err(|reason| println!("skipped: no GPU: {reason}")).ok()
}

impl Problem {
    /// The problem as a solver takes it.
    ///
    /// # Errors
    /// Where its equations are wrong.
    pub fn system(&self) -> Result<System, SystemError> {
        System::parse(&self.equations)?
            .states(self.states.clone())
            .constants(self.constants.clone())
            .parameters(self.parameters.clone())
            .build()
    }

    /// A solver that reaches the end of the problem's span in so many steps.
    ///
    /// # Errors
    /// Where the problem's equations are wrong.
    pub fn solver(
        &self,
        method: &str,
        precision: Precision,
        steps: usize,
    ) -> Result<SolverBuilder, SystemError> {
        let dt = (self.span.end - self.span.start) / steps as f64;
        Ok(Solver::builder(&self.system()?).method(method).precision(precision).dt(dt))
    }
}
