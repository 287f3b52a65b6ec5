//! What the tests of CUDA share: the compiler, and the kernels that they compile.

#![allow(clippy::panic, clippy::unwrap_used, reason = "fails the test that calls it")]

use std::sync::Arc;

use buffer_core::{Buffer, BufferRegistry, Layout, Location, Target};
use integrators::System;
use integrators::device::KernelSource;
use integrators::device::nvrtc::{Nvrtc, NvrtcError};
use integrators::factories::{
    BatchKernel, Dirk, Erk, ExplicitEuler, Factory, IvpLoop, Lu, MinimalResidual, NewtonKrylov,
    RosenbrockW,
};
use integrators::tableau::{CLASSICAL_RK4, KVAERNO3, RODAS3P, TSIT5};

/// The methods of [`lorenz_kernel`].
pub const METHODS: [&str; 5] = ["euler", "classical-rk4", "tsit5", "kvaerno3", "rodas3p"];

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

/// A kernel for [`lorenz`] with all its buffers in one place.
///
/// # Panics
/// Where the method is none of [`METHODS`].
pub fn lorenz_kernel(method: &str, place: Location) -> BatchKernel {
    let erk = |tableau| {
        let mut erk = Erk::new(3, tableau, None);
        erk.stage_rhs = Buffer::at(place);
        erk.stage_accumulator = Buffer::at(place);
        Box::new(erk)
    };
    let step: Box<dyn Factory + Send + Sync> = match method {
        "euler" => Box::new(ExplicitEuler),
        "classical-rk4" => erk(CLASSICAL_RK4),
        "tsit5" => erk(TSIT5),
        "kvaerno3" => Box::new(kvaerno3(place)),
        "rodas3p" => Box::new(rodas3p(place)),
        _ => panic!("no method `{method}`"),
    };
    let mut ivp_loop = IvpLoop::new(3, 1, step);
    ivp_loop.state = Buffer::at(place);
    ivp_loop.proposed_state = Buffer::at(place);
    ivp_loop.parameters = Buffer::at(place);
    BatchKernel { r#loop: Box::new(ivp_loop) }
}

fn kvaerno3(place: Location) -> Dirk {
    let mut linear_solver = MinimalResidual::new(3, 1e-3);
    linear_solver.preconditioned_vec = Buffer::at(place);
    linear_solver.temp = Buffer::at(place);
    let mut solver = NewtonKrylov::new(3, 1e-6, Box::new(linear_solver));
    solver.delta = Buffer::at(place);
    solver.residual = Buffer::at(place);
    solver.prepared = Buffer::at(place);
    solver.prev_theta = Buffer::at(place);
    let mut dirk = Dirk::new(3, KVAERNO3, None, solver);
    dirk.stage_increment = Buffer::at(place);
    dirk.accumulator = Buffer::at(place);
    dirk.stage_base = Buffer::at(place);
    dirk.stage_rhs = Buffer::at(place);
    dirk
}

fn rodas3p(place: Location) -> RosenbrockW {
    let solver = Box::new(Lu::new(&lorenz().jacobian_pattern()));
    let mut step = RosenbrockW::new(3, false, RODAS3P, None, solver, 1e-6);
    step.stage_rhs = Buffer::at(place);
    step.stage_store = Buffer::at(place);
    step.prepared = Buffer::at(place);
    step.time_derivative = Buffer::at(place);
    step
}

/// The kernel's layout for a target.
///
/// # Panics
/// Where there is none.
pub fn layout(kernel: &BatchKernel, target: &Target) -> Arc<Layout> {
    let mut registry = BufferRegistry::new();
    let id = registry.add(kernel).unwrap();
    registry.layout(id, target).unwrap()
}

/// The kernel's text for [`lorenz`] and a target.
///
/// # Panics
/// Where there is no layout.
pub fn source(kernel: &BatchKernel, target: &Target) -> KernelSource {
    kernel.source(&lorenz(), &layout(kernel, target)).unwrap()
}
