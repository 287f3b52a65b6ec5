//! What the tests of CUDA share: the compiler, and the kernels that they compile.

#![allow(clippy::panic, clippy::unwrap_used, reason = "fails the test that calls it")]

use std::fmt;
use std::sync::Arc;

use buffer_core::{Layout, Location, Precision, Target};
use integrators::device::KernelSource;
use integrators::device::nvrtc::{Nvrtc, NvrtcError};
use integrators::{Method, Solver, SolverBuilder, System, methods};

use crate::placement::roots;

/// The places that every buffer of a kernel can be given.
pub const PLACES: [Location; 2] = [Location::Local, Location::Shared];

/// The compiler; none where it is missing, which is then said.
///
/// # Panics
/// Where it is there and broken, or missing in CI.
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

/// The Lorenz system, with `rho` as its parameter.
///
/// # Panics
/// Where it does not parse.
pub fn lorenz() -> System {
    System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")
        .unwrap()
        .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
        .constants([("sigma", 10.0), ("beta", 8.0 / 3.0)])
        .parameters([("rho", 21.0)])
        .build()
        .unwrap()
}

/// A kernel of a method: with fixed steps, or with steps that a tolerance chooses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// The method.
    pub method: Method,
    /// Whether a tolerance chooses its steps.
    pub adapts: bool,
    /// What solves its linear systems; none for the default.
    pub linear_solver: Option<&'static str>,
}

/// Every method with fixed steps, and where it can, with a tolerance; and one of each implicit family over
/// the linear solver that is not the default here.
pub fn cases() -> impl Iterator<Item = Case> {
    methods().flat_map(|method| {
        let other = ["kvaerno3", "rodas3p"].contains(&method.name());
        let linear_solvers =
            [None, Some("minimal_residual")].into_iter().take(1 + usize::from(other));
        linear_solvers.flat_map(move |linear_solver| {
            let both = [false, true].map(|adapts| Case { method, adapts, linear_solver });
            both.into_iter().filter(move |case| !case.adapts || method.is_adaptive())
        })
    })
}

/// The kernel of a method by its name.
///
/// # Panics
/// Where there is no such method.
pub fn case(name: &str, adapts: bool) -> Case {
    let method = methods().find(|method| method.names().contains(&name));
    let method = method.unwrap_or_else(|| panic!("no method `{name}`"));
    Case { method, adapts, linear_solver: None }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = if self.adapts { "adaptive" } else { "fixed" };
        write!(f, "{} {}", steps, self.method.name())?;
        self.linear_solver.map_or(Ok(()), |solver| write!(f, " over {solver}"))
    }
}

impl Case {
    /// A solver for [`lorenz`] that saves some rows. Its steps are of some length.
    pub fn solver(&self, precision: Precision) -> SolverBuilder {
        let solver = Solver::builder(&lorenz()).method(self.method.name()).precision(precision);
        let solver = if self.adapts { solver.tolerance(1e-4) } else { solver.dt(0.05) };
        match self.linear_solver {
            Some(linear_solver) => solver.linear_solver(linear_solver),
            None => solver,
        }
    }

    /// The kernel with all its buffers in one place, laid out for a target.
    ///
    /// # Panics
    /// Where there is no layout.
    pub fn layout(&self, place: Location, target: &Target) -> Arc<Layout> {
        self.placed(place, target).layout(target).unwrap()
    }

    /// The text of that kernel.
    ///
    /// # Panics
    /// Where there is no layout.
    pub fn source(&self, place: Location, target: &Target) -> KernelSource {
        self.placed(place, target).source(&self.layout(place, target)).unwrap()
    }

    fn placed(&self, place: Location, target: &Target) -> SolverBuilder {
        placed(self.solver(target.precision()), place)
    }
}

/// A solver with all its buffers in one place.
///
/// # Panics
/// Where it has no kernel.
pub fn placed(solver: SolverBuilder, place: Location) -> SolverBuilder {
    let roots = roots(&solver.factory().unwrap()).unwrap();
    roots.into_iter().fold(solver, |solver, root| solver.location(root, place))
}
