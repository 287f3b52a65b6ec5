//! Setting up a solver.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::Arc;

use buffer_core::{
    BufferRegistry, BufferUpdate, ComputeCapability, FactoryId, Layout, Location, Precision, Target,
};
use indexmap::IndexMap;

use super::{CudaReport, Sanitized, SolveError, Solver};
use crate::batch::Batch;
use crate::device::host::HostDevice;
use crate::device::{Device, DeviceError, Kernel, KernelSource};
use crate::factories::{BatchKernel, IvpLoop};
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
    /// [`SolveError::UnknownMethod`], and [`SolveError::SolverTolerance`].
    pub fn factory(&self) -> Result<BatchKernel, SolveError> {
        let states = self.system.state_names().len();
        let parameters = self.system.parameter_names().len();
        check_solver_tolerance(self.solver_tolerance)?;
        let step = find(&self.method)?.step(states, false, self.solver_tolerance);
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

    /// Solves a batch by the sanitizer build of the kernel, which checks every use of a buffer: its
    /// bounds, that it is live, that its data was written and is its own. For kernels in the making: it
    /// takes a hundred times as long, in one thread of the host.
    ///
    /// ```
    /// use integrators::{Batch, Solver, System};
    ///
    /// let decay = System::parse("dx = -x")?.states([("x", 1.0)]).build()?;
    /// let sanitized = Solver::builder(&decay).dt(0.1).sanitize(Batch::grid(), 0.0..1.0)?;
    /// assert!(sanitized.faults.is_empty(), "{sanitized}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Solver::solve`]; [`SolveError::SanitizerDevice`] where the device
    /// is a GPU; and [`SolveError::Device`] where there is no C++ compiler.
    pub fn sanitize(
        self,
        batch: impl Borrow<Batch>,
        span: Range<f64>,
    ) -> Result<Sanitized, SolveError> {
        let host = match &self.device {
            None => HostDevice::new().map_err(DeviceError::from)?,
            Some(Device::Host(host)) => host.clone(),
            Some(Device::Cuda(_)) => return Err(SolveError::SanitizerDevice),
        };
        let layout = self.layout(&host.target(self.precision)?)?;
        self.system.check_numbers(self.precision)?;
        let source = self.factory()?.sanitizer_source(&self.system, &layout)?;
        let kernel = host.compile_sanitizer(&source).map_err(DeviceError::from)?;
        // In one launch, so that runs are numbered as in the batch.
        let builder = self.chunk_bytes(usize::MAX);
        let solver = builder.solver(host.into(), layout, source, Kernel::Host(kernel))?;
        let solution = solver.solve(batch, span)?;
        let faults = match &solver.kernel {
            Kernel::Host(kernel) => kernel.faults(&solver.layout),
            Kernel::Cuda(_) => Vec::new(),
        };
        Ok(Sanitized { solution, faults })
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
        let kernel = device.compile(&source)?;
        self.solver(device, layout, source, kernel)
    }

    /// The solver around a kernel.
    fn solver(
        self,
        device: Device,
        layout: Arc<Layout>,
        source: KernelSource,
        kernel: Kernel,
    ) -> Result<Solver, SolveError> {
        let dt = self.dt.ok_or(SolveError::NoStep { method: self.method })?;
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
