//! Setting up a solver.

use std::sync::Arc;

use buffer_core::{
    BufferRegistry, BufferUpdate, ComputeCapability, FactoryId, Layout, Location, Precision, Target,
};
use indexmap::IndexMap;

use super::{CudaReport, SolveError, Solver};
use crate::device::{Device, KernelSource};
use crate::factories::{BatchKernel, IvpLoop};
use crate::linear_solver_kind::LinearSolverKind;
use crate::method::{Method, methods};
use crate::system::System;

/// What one launch moves where the caller does not say: little beside any GPU's memory.
const CHUNK_BYTES: usize = 1 << 30;

/// What implicit methods solve their stages to where the caller does not say.
const SOLVER_TOLERANCE: f64 = 1e-8;

/// A solver that is being set up.
#[derive(Debug, Clone)]
pub struct SolverBuilder {
    system: System,
    method: String,
    precision: Precision,
    dt: Option<f64>,
    solver_tolerance: f64,
    linear_solver: Option<String>,
    save_every: Option<f64>,
    device: Option<Device>,
    locations: Vec<(String, Location)>,
    chunk_bytes: usize,
}

impl SolverBuilder {
    pub(super) fn new(system: System) -> Self {
        Self {
            system,
            method: "tsit5".to_owned(),
            precision: Precision::F64,
            dt: None,
            solver_tolerance: SOLVER_TOLERANCE,
            linear_solver: None,
            save_every: None,
            device: None,
            locations: Vec::new(),
            chunk_bytes: CHUNK_BYTES,
        }
    }

    /// Sets the method: `euler`, `rk4` (`classical-rk4`) or `tsit5`, which is the default; for stiff
    /// systems `implicit_midpoint`, `trapezoidal_dirk` (`ode23t`), `sdirk_2_2`, `l_stable_dirk_3`,
    /// `kvaerno3` or `l_stable_sdirk_4`. Letters may be of either case.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into().to_ascii_lowercase();
        self
    }

    /// Sets the precision; `f64` is the default.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Sets the longest step. The time between save points is divided into equal steps, as few as
    /// make them no longer than this.
    #[must_use]
    pub fn dt(mut self, dt: f64) -> Self {
        self.dt = Some(dt);
        self
    }

    /// Sets how well the stages of implicit methods are solved: to `tolerance * (1 + |state|)`, in the
    /// root mean square over the states; 1e-8 is the default. Rounding limits it.
    #[must_use]
    pub fn solver_tolerance(mut self, tolerance: f64) -> Self {
        self.solver_tolerance = tolerance;
        self
    }

    /// Sets what solves the linear systems of implicit methods: `lu`, elimination without the zeros of
    /// the Jacobian, which is the default for up to 32 states; or `minimal_residual`, which only
    /// multiplies with the Jacobian. Letters may be of either case.
    #[must_use]
    pub fn linear_solver(mut self, linear_solver: impl Into<String>) -> Self {
        self.linear_solver = Some(linear_solver.into().to_ascii_lowercase());
        self
    }

    /// Saves the initial state and the state after each such time, as long as it is within the span.
    /// Without it the state at the end of the span is saved, and no other.
    #[must_use]
    pub fn save_every(mut self, interval: f64) -> Self {
        self.save_every = Some(interval);
        self
    }

    /// Sets what runs the kernel; [`Device::best`] is the default.
    #[must_use]
    pub fn device(mut self, device: impl Into<Device>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// Places a buffer, named by its path from the kernel, as in `loop.step.stage_rhs`. Results do
    /// not depend on it, speed does.
    #[must_use]
    pub fn location(mut self, path: impl Into<String>, location: Location) -> Self {
        self.locations.push((path.into(), location));
        self
    }

    /// Sets how many bytes of inputs and results one launch moves, about; 1 GiB is the default. Larger
    /// batches are solved in chunks, and in smaller ones where a GPU has too little free. Results do
    /// not depend on it.
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.chunk_bytes = bytes;
        self
    }

    /// The kernel that the solver will run, with its buffers as declared.
    ///
    /// # Errors
    /// [`SolveError::UnknownMethod`], [`SolveError::UnknownLinearSolver`], and
    /// [`SolveError::SolverTolerance`].
    pub fn factory(&self) -> Result<BatchKernel, SolveError> {
        let states = self.system.state_names().len();
        let parameters = self.system.parameter_names().len();
        check_solver_tolerance(self.solver_tolerance)?;
        let linear_solver = match &self.linear_solver {
            Some(name) => find_linear_solver(name)?,
            None => LinearSolverKind::default_for(&self.system),
        };
        let method = find(&self.method)?;
        let step = method.step(&self.system, false, self.solver_tolerance, linear_solver);
        Ok(BatchKernel { r#loop: IvpLoop::new(states, parameters, step) })
    }

    /// Where the kernel's buffers lie on a target, which need not be of this machine.
    ///
    /// # Errors
    /// [`SolveError::UnknownMethod`], and [`SolveError::UnknownPath`] or [`SolveError::Buffers`]
    /// where a buffer cannot lie where it was placed.
    pub fn layout(&self, target: &Target) -> Result<Arc<Layout>, SolveError> {
        let mut registry = BufferRegistry::new();
        let root = registry.add(&self.factory()?)?;
        for (path, location) in &self.locations {
            place(&mut registry, root, path, *location)?;
        }
        Ok(registry.layout(root, target)?)
    }

    /// The text of the kernel in a [`layout`](Self::layout).
    ///
    /// # Errors
    /// [`SolveError::UnknownMethod`]; [`SolveError::System`] where the layout's precision does not
    /// hold the numbers of the equations; and [`SolveError::Buffers`] where the layout is of another
    /// kernel.
    pub fn source(&self, layout: &Layout) -> Result<KernelSource, SolveError> {
        self.system.check_numbers(layout.target().precision())?;
        Ok(self.factory()?.source(&self.system, layout)?)
    }

    /// What a GPU will make of the kernel: its registers, stack and spills as NVRTC reports them, and
    /// how many runs a multiprocessor then holds at a time. Needs neither the GPU nor a driver.
    ///
    /// ```no_run
    /// use integrators::{Solver, System};
    ///
    /// let decay = System::parse("dx = -x")?.states([("x", 1.0)]).build()?;
    /// println!("{}", Solver::builder(&decay).inspect("9.0".parse()?)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`layout`](Self::layout); [`SolveError::Device`] where NVRTC is missing or does not know
    /// the GPU; and [`SolveError::Occupancy`] where not one run fits.
    pub fn inspect(&self, capability: ComputeCapability) -> Result<CudaReport, SolveError> {
        let layout = self.layout(&Target::cuda(capability, self.precision))?;
        let source = self.source(&layout)?;
        CudaReport::new(layout, &source, capability)
    }

    /// Lays out the buffers and compiles the kernel.
    ///
    /// # Errors
    /// As [`layout`](Self::layout); [`SolveError::NoStep`]; and those of the device.
    pub fn build(self) -> Result<Solver, SolveError> {
        let device = match &self.device {
            Some(device) => device.clone(),
            None => Device::best()?,
        };
        let layout = self.layout(&device.target(self.precision)?)?;
        let source = self.source(&layout)?;
        let dt = self.dt.ok_or(SolveError::NoStep { method: self.method })?;
        let kernel = device.compile(&source)?;
        let Self { system, save_every, chunk_bytes, .. } = self;
        Ok(Solver { system, device, layout, source, kernel, dt, save_every, chunk_bytes })
    }
}

/// The tolerance of a solver is a positive number.
fn check_solver_tolerance(tolerance: f64) -> Result<(), SolveError> {
    if tolerance.is_finite() && tolerance > 0.0 {
        Ok(())
    } else {
        Err(SolveError::SolverTolerance { tolerance })
    }
}

/// The method of a name.
fn find(name: &str) -> Result<Method, SolveError> {
    methods().find(|method| method.names().contains(&name)).ok_or_else(|| {
        let known = methods().flat_map(|method| method.names()).copied().collect();
        SolveError::UnknownMethod { given: name.to_owned(), known }
    })
}

/// The linear solver of a name.
fn find_linear_solver(name: &str) -> Result<LinearSolverKind, SolveError> {
    LinearSolverKind::ALL.into_iter().find(|solver| solver.name() == name).ok_or_else(|| {
        let known = LinearSolverKind::ALL.into_iter().map(LinearSolverKind::name).collect();
        SolveError::UnknownLinearSolver { given: name.to_owned(), known }
    })
}

/// Moves the buffer at `path` inside the factory `root`.
fn place(
    registry: &mut BufferRegistry,
    root: FactoryId,
    path: &str,
    location: Location,
) -> Result<(), SolveError> {
    let buffers = buffers(registry, root);
    let Some((factory, name)) = buffers.get(path) else {
        let known = buffers.into_keys().collect();
        return Err(SolveError::UnknownPath { path: path.to_owned(), known });
    };
    registry.update_buffer(*factory, name, BufferUpdate::new().location(location))?;
    Ok(())
}

/// The buffers of a tree of factories, by their paths from its root.
fn buffers(registry: &BufferRegistry, root: FactoryId) -> IndexMap<String, (FactoryId, String)> {
    let mut found = IndexMap::new();
    let mut open = vec![(String::new(), root)];
    while let Some((path, factory)) = open.pop() {
        let Some(context) = registry.context(factory) else { continue };
        let names = context.entries().map(|entry| entry.name().to_owned());
        found.extend(names.map(|name| (format!("{path}{name}"), (factory, name))));
        let children = context.children().rev();
        open.extend(children.map(|(name, child)| (format!("{path}{name}."), child)));
    }
    found
}
