//! Setting up a solver.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::Arc;

use buffer_core::{
    BufferEntry, BufferRegistry, BufferUpdate, ComputeCapability, FactoryId, Layout, Location,
    Packing, Precision, Target,
};
use indexmap::IndexMap;

use super::{CudaReport, Sanitized, SolveError, Solver};
use crate::batch::Batch;
use crate::device::{Device, Kernel, KernelSource};
use crate::factories::{
    AdaptiveLoop, BatchKernel, BoxedFactory, Gustafsson, I, IvpLoop, KernelText, Pi,
};
use crate::linear_solver_kind::LinearSolverKind;
use crate::method::{Method, methods};
use crate::schedule::{StepControl, Stepping};
use crate::system::System;
use crate::tolerance::{Tolerance, least_rtol};

/// What one launch moves where the caller does not say: little beside any GPU's memory.
const CHUNK_BYTES: usize = 1 << 30;

/// What implicit methods of fixed steps solve their stages to where the caller does not say.
const SOLVER_TOLERANCE: f64 = 1e-8;

/// Each of the two tolerances where only the other one is given.
const TOLERANCE: f64 = 1e-6;

/// The steps that a run may try where the caller does not say.
const MAX_STEPS: usize = 1_000_000;

/// Makes a controller for steps whose error grows with a power of their length.
type NewController = fn(usize) -> BoxedFactory;

/// The controllers, by name.
const CONTROLLERS: [(&str, NewController); 3] = [
    ("i", |error_power| Box::new(I { error_power })),
    ("pi", |error_power| Box::new(Pi::new(error_power))),
    ("gustafsson", |error_power| Box::new(Gustafsson::new(error_power))),
];

/// A solver that is being set up.
#[derive(Debug, Clone)]
pub struct SolverBuilder {
    system: System,
    method: String,
    precision: Precision,
    dt: Option<f64>,
    atol: Option<f64>,
    rtol: Option<f64>,
    controller: Option<String>,
    max_steps: Option<usize>,
    first_step: Option<f64>,
    max_step: Option<f64>,
    solver_tolerance: Option<f64>,
    linear_solver: Option<String>,
    save_every: Option<f64>,
    device: Option<Device>,
    other_locations: Option<Location>,
    locations: Vec<(String, Location)>,
    packing: Packing,
    chunk_bytes: Option<usize>,
}

impl SolverBuilder {
    pub(super) fn new(system: System) -> Self {
        Self {
            system,
            method: "tsit5".to_owned(),
            precision: Precision::F64,
            dt: None,
            atol: None,
            rtol: None,
            controller: None,
            max_steps: None,
            first_step: None,
            max_step: None,
            solver_tolerance: None,
            linear_solver: None,
            save_every: None,
            device: None,
            other_locations: None,
            locations: Vec::new(),
            packing: Packing::Declared,
            chunk_bytes: Some(CHUNK_BYTES),
        }
    }

    /// Sets the method, by any of the names that [`methods`](crate::methods) lists; `tsit5` is the
    /// default. Stiff systems need an implicit one, as `kvaerno5` or `rodas3p` is. Letters may be of either case.
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

    /// Has all steps be equal, and no longer than this: the time between save points is divided into as
    /// few of them as may be.
    #[must_use]
    pub fn dt(mut self, dt: f64) -> Self {
        self.dt = Some(dt);
        self
    }

    /// Has steps be as long as an error of `tolerance * (1 + |state|)` in each of them allows: sets
    /// [`atol`](Self::atol) and [`rtol`](Self::rtol). Each run has steps of its own.
    ///
    /// ```
    /// use integrators::{Batch, Solver, System};
    ///
    /// let decay = System::parse("dx = -k*x")?.states([("x", 1.0)]).parameters([("k", 1.0)]).build()?;
    /// let solver = Solver::builder(&decay).tolerance(1e-8).build()?;
    /// let solution = solver.solve(Batch::grid().parameter("k", [1.0, 10.0]), 0.0..1.0)?;
    /// assert!((solution.end_states()[[0, 1]] - (-10.0_f64).exp()).abs() < 1e-7);
    /// let steps: Vec<u64> = solution.steps().collect();
    /// assert!(steps[0] < steps[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Self {
        self.atol(tolerance).rtol(tolerance)
    }

    /// Sets what the error of a step may be where a state is near 0. A step is accepted where its error
    /// is at most `atol + rtol * |state|`, in the root mean square over the states, the larger of the
    /// states before and after it counting. 1e-6 where only `rtol` is given.
    #[must_use]
    pub fn atol(mut self, atol: f64) -> Self {
        self.atol = Some(atol);
        self
    }

    /// Sets what the error of a step may be relative to a state that is far from 0; 1e-6 where only
    /// [`atol`](Self::atol) is given.
    #[must_use]
    pub fn rtol(mut self, rtol: f64) -> Self {
        self.rtol = Some(rtol);
        self
    }

    /// Sets what chooses steps by a tolerance: `i`, `pi`, or `gustafsson`. The default is `pi` for
    /// diagonally implicit methods, and `i` for all others.
    #[must_use]
    pub fn controller(mut self, controller: impl Into<String>) -> Self {
        self.controller = Some(controller.into().to_ascii_lowercase());
        self
    }

    /// Gives up a run that has not ended after so many steps, accepted or not; 1 000 000 is the default.
    #[must_use]
    pub fn max_steps(mut self, max_steps: usize) -> Self {
        self.max_steps = Some(max_steps);
        self
    }

    /// Sets the first step that a run tries by a tolerance. Without it, it is found from the equations at
    /// the initial state.
    #[must_use]
    pub fn first_step(mut self, first_step: f64) -> Self {
        self.first_step = Some(first_step);
        self
    }

    /// Lets no step be longer, where a tolerance chooses steps: the first one included. Without it, steps
    /// are as long as an error that is estimated from a few points in each allows, so that a system at rest
    /// may step over what happens to it for a short time. No step passes a save point in any case.
    ///
    /// ```
    /// use integrators::{Batch, Solver, System};
    ///
    /// let pushed = System::parse("dx = max(0, 1 - 10*abs(t - 5))")?.states([("x", 0.0)]).build()?;
    /// let end = |solver: integrators::SolverBuilder| {
    ///     let solution = solver.tolerance(1e-6).build()?.solve(Batch::grid(), 0.0..10.0)?;
    ///     Ok::<_, integrators::SolveError>(solution.end_states()[[0, 0]])
    /// };
    /// assert_eq!(end(Solver::builder(&pushed))?, 0.0);
    /// assert!((end(Solver::builder(&pushed).max_step(0.1))? - 0.1).abs() < 1e-4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn max_step(mut self, max_step: f64) -> Self {
        self.max_step = Some(max_step);
        self
    }

    /// Sets how well the stages of implicit methods are solved: to `tolerance * (1 + |state|)`, in the
    /// root mean square over the states, or to rounding where that is more. Where a tolerance chooses
    /// steps, the default is a hundredth of what a step may err by, `(atol + rtol * |state|) / 100`; where
    /// steps are fixed, it is 1e-8. Rosenbrock methods over `lu` solve at once, and take none.
    #[must_use]
    pub fn solver_tolerance(mut self, tolerance: f64) -> Self {
        self.solver_tolerance = Some(tolerance);
        self
    }

    /// Sets what solves the linear systems of implicit methods: `lu`, elimination without the zeros of
    /// the Jacobian; or `minimal_residual`, which only multiplies with the Jacobian, and fails where rates
    /// lie too far apart. The first is the default where its text is not long: for up to 14 states, and up
    /// to 64 where the Jacobian has few entries. Letters may be of either case. Explicit methods take none.
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

    /// Places all buffers that no [`location`](Self::location) names, as in
    /// `place_all(Location::Auto)` before [`place_for`](Self::place_for).
    #[must_use]
    pub fn place_all(mut self, location: Location) -> Self {
        self.other_locations = Some(location);
        self
    }

    /// Sets how buffers share out memory; [`Packing::Declared`] is the default. Results do not depend
    /// on it.
    #[must_use]
    pub fn packing(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// Sets how many bytes of inputs and results one launch moves, about; 1 GiB is the default. Larger
    /// batches are solved in chunks, and in smaller ones where a GPU has too little free. Results do
    /// not depend on it.
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.chunk_bytes = Some(bytes);
        self
    }

    /// The kernel that the solver will run, with its buffers as declared.
    ///
    /// # Errors
    /// Where a name is unknown, a tolerance is none, or settings contradict each other.
    pub fn factory(&self) -> Result<BatchKernel, SolveError> {
        let states = self.system.state_names().len();
        let parameters = self.system.parameter_names().len();
        let method = find(&self.method)?;
        let control = self.step_control()?;
        let linear_solver = self.linear_solver_of(&method)?;
        let solver_tolerance = self.solver_tolerance_of(&method, linear_solver, control)?;
        let step = method.step(&self.system, control.is_some(), solver_tolerance, linear_solver);
        let r#loop: BoxedFactory = if let Some(control) = control {
            let power = check_adaptive(&method, &self.method)?;
            let controller = self.controller.as_deref();
            let controller = controller.unwrap_or_else(|| method.default_controller());
            let controller = find_controller(controller)?(power);
            let has_max_step = control.max_step.is_some();
            Box::new(AdaptiveLoop::new(states, parameters, power, has_max_step, step, controller))
        } else {
            Box::new(IvpLoop::new(states, parameters, step))
        };
        Ok(BatchKernel { r#loop })
    }

    /// What chooses steps, where they are not fixed.
    fn step_control(&self) -> Result<Option<StepControl>, SolveError> {
        if self.atol.is_none() && self.rtol.is_none() {
            let settings = [
                (".controller(...)", self.controller.is_some()),
                (".max_steps(...)", self.max_steps.is_some()),
                (".first_step(...)", self.first_step.is_some()),
                (".max_step(...)", self.max_step.is_some()),
            ];
            return match settings.into_iter().find(|(_, given)| *given) {
                Some((setting, _)) => Err(SolveError::NeedsTolerance { setting }),
                None => Ok(None),
            };
        }
        if self.dt.is_some() {
            return Err(SolveError::StepAndTolerance);
        }
        let control = StepControl {
            tolerance: Tolerance {
                atol: self.atol.unwrap_or(TOLERANCE),
                rtol: self.rtol.unwrap_or(TOLERANCE),
            },
            first_step: self.first_step,
            max_step: self.max_step,
            max_steps: self.max_steps.unwrap_or(MAX_STEPS),
        };
        check_tolerance("atol", control.tolerance.atol, self.precision)?;
        check_tolerance("rtol", control.tolerance.rtol, self.precision)?;
        check_first_step(control.first_step)?;
        check_max_step(control.max_step)?;
        check_max_steps(control.max_steps)?;
        Ok(Some(control))
    }

    /// What the equations of steps are solved to.
    fn solver_tolerance_of(
        &self,
        method: &Method,
        linear_solver: Option<LinearSolverKind>,
        control: Option<StepControl>,
    ) -> Result<Tolerance, SolveError> {
        if let Some(tolerance) = self.solver_tolerance {
            check_implicit(method, &self.method, ".solver_tolerance(...)")?;
            let default = || LinearSolverKind::default_for(&self.system);
            check_iterates(method, &self.method, linear_solver.unwrap_or_else(default))?;
            check_tolerance("solver_tolerance", tolerance, self.precision)?;
            return Ok(Tolerance::of_number(tolerance, self.precision));
        }
        Ok(match control {
            Some(control) => control.tolerance.of_solver(self.precision),
            None => Tolerance::of_number(SOLVER_TOLERANCE, self.precision),
        })
    }

    /// What solves linear systems, where the caller says so.
    fn linear_solver_of(&self, method: &Method) -> Result<Option<LinearSolverKind>, SolveError> {
        let Some(name) = &self.linear_solver else { return Ok(None) };
        check_implicit(method, &self.method, ".linear_solver(...)")?;
        find_linear_solver(name).map(Some)
    }

    /// How long steps are.
    fn stepping(&self) -> Result<Stepping, SolveError> {
        match (self.step_control()?, self.dt) {
            (Some(control), _) => Ok(Stepping::Adaptive(control)),
            (None, Some(dt)) => Ok(Stepping::Fixed(dt)),
            (None, None) => Err(SolveError::NoStep {
                method: self.method.clone(),
                adapts: find(&self.method)?.is_adaptive(),
            }),
        }
    }

    /// Where the kernel's buffers lie on a target, which need not be of this machine.
    ///
    /// # Errors
    /// As [`factory`](Self::factory); and [`SolveError::UnknownPath`] or [`SolveError::Buffers`] where a
    /// buffer cannot lie where it was placed.
    pub fn layout(&self, target: &Target) -> Result<Arc<Layout>, SolveError> {
        self.layout_of(&self.factory()?, target)
    }

    fn layout_of(&self, kernel: &BatchKernel, target: &Target) -> Result<Arc<Layout>, SolveError> {
        let (registry, root) = self.registry(kernel)?;
        Ok(registry.layout(root, target)?)
    }

    /// The kernel's buffers where they were placed.
    fn registry(&self, kernel: &BatchKernel) -> Result<(BufferRegistry, FactoryId), SolveError> {
        let mut registry = BufferRegistry::new();
        registry.set_packing(self.packing);
        let root = registry.add(kernel)?;
        if let Some(location) = self.other_locations {
            for path in roots(&registry, root, |_| true) {
                place(&mut registry, root, &path, location)?;
            }
        }
        for (path, location) in &self.locations {
            place(&mut registry, root, path, *location)?;
        }
        Ok((registry, root))
    }

    /// A GPU, in the solver's precision.
    pub(super) fn cuda_target(&self, capability: ComputeCapability) -> Target {
        Target::cuda(capability, self.precision)
    }

    /// The paths of the buffers whose place is for the layout to choose; aliases lie where these do.
    pub(super) fn unplaced(&self) -> Result<Vec<String>, SolveError> {
        let (registry, root) = self.registry(&self.factory()?)?;
        let is_auto = |entry: &BufferEntry| entry.declared_location() == Some(Location::Auto);
        Ok(roots(&registry, root, is_auto))
    }

    /// The text of the kernel in a [`layout`](Self::layout).
    ///
    /// # Errors
    /// As [`factory`](Self::factory); [`SolveError::System`] where the layout's precision does not hold
    /// the numbers of the equations; and [`SolveError::Buffers`] where the layout is of another kernel.
    pub fn source(&self, layout: &Layout) -> Result<KernelSource, SolveError> {
        self.source_of(&self.factory()?, KernelText::new(layout))
    }

    fn source_of(
        &self,
        kernel: &BatchKernel,
        text: KernelText<'_>,
    ) -> Result<KernelSource, SolveError> {
        self.system.check_numbers(text.precision(), &kernel.r#loop.system_functions())?;
        Ok(kernel.source(&self.system, text)?)
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
        let kernel = self.factory()?;
        let layout = self.layout_of(&kernel, &self.cuda_target(capability))?;
        let source = self.source_of(&kernel, KernelText::new(&layout))?;
        CudaReport::new(layout, &source, capability)
    }

    /// Solves a batch by the sanitizer build of the kernel, which checks every use of a buffer: its
    /// bounds, that it is live, that its data was written and is its own. For kernels in the making: it
    /// runs in one thread of the host, which takes it a hundred to a thousand times as long as a release
    /// there, or in one warp of the GPU that [`device`](Self::device) names. All runs are one launch, for
    /// which a GPU needs memory, and time: one that also drives a display ends long launches.
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
    /// As [`build`](Self::build) and [`Solver::solve`]; and [`SolveError::Device`] where the host has no
    /// C++ compiler.
    pub fn sanitize(
        mut self,
        batch: impl Borrow<Batch>,
        span: Range<f64>,
    ) -> Result<Sanitized, SolveError> {
        let device = match &self.device {
            Some(device) => device.clone(),
            None => Device::host()?,
        };
        let factory = self.factory()?;
        let layout = self.layout_of(&factory, &device.target(self.precision)?)?;
        let source = self.source_of(&factory, KernelText::sanitizer(&layout))?;
        let stepping = self.stepping()?;
        let kernel = device.compile(&source)?;
        // In one launch, so that runs are numbered as in the batch.
        self.chunk_bytes = None;
        let solver = self.solver(device, layout, source, kernel, stepping);
        let solution = solver.solve(batch, span)?;
        let faults = solver.kernel.faults(&solver.layout)?.unwrap_or_default();
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
        let factory = self.factory()?;
        let layout = self.layout_of(&factory, &device.target(self.precision)?)?;
        let source = self.source_of(&factory, KernelText::new(&layout))?;
        let stepping = self.stepping()?;
        let kernel = device.compile(&source)?;
        Ok(self.solver(device, layout, source, kernel, stepping))
    }

    /// The solver around a kernel.
    fn solver(
        self,
        device: Device,
        layout: Arc<Layout>,
        source: KernelSource,
        kernel: Kernel,
        stepping: Stepping,
    ) -> Solver {
        let Self { system, save_every, chunk_bytes, .. } = self;
        Solver { system, device, layout, source, kernel, stepping, save_every, chunk_bytes }
    }
}

/// A tolerance is a number that the precision can hold and, relative to a state, keep.
fn check_tolerance(what: &'static str, value: f64, precision: Precision) -> Result<(), SolveError> {
    let (least, most) = match (what, precision) {
        ("rtol", _) => (least_rtol(precision), 1.0),
        (_, Precision::F32) => (1e-30, 1e30),
        (_, Precision::F64) => (1e-300, 1e300),
    };
    if value >= least && value <= most {
        Ok(())
    } else {
        Err(SolveError::Tolerance { what, value, least, most, precision })
    }
}

/// A first step is a length of time.
fn check_first_step(first_step: Option<f64>) -> Result<(), SolveError> {
    match first_step {
        Some(first_step) if !(first_step > 0.0 && first_step.is_finite()) => {
            Err(SolveError::FirstStep { first_step })
        }
        _ => Ok(()),
    }
}

/// A longest step is a length of time.
fn check_max_step(max_step: Option<f64>) -> Result<(), SolveError> {
    match max_step {
        Some(max_step) if !(max_step > 0.0 && max_step.is_finite()) => {
            Err(SolveError::MaxStep { max_step })
        }
        _ => Ok(()),
    }
}

/// Kernels can count the steps that a run may try.
fn check_max_steps(max_steps: usize) -> Result<(), SolveError> {
    if max_steps > 0 && i32::try_from(max_steps).is_ok() {
        Ok(())
    } else {
        Err(SolveError::MaxSteps { max_steps })
    }
}

/// A tolerance chooses the steps of methods that estimate their error.
fn check_adaptive(method: &Method, name: &str) -> Result<usize, SolveError> {
    method.error_power().ok_or_else(|| SolveError::NotAdaptive {
        method: name.to_owned(),
        adaptive: methods().filter(Method::is_adaptive).map(|method| method.name()).collect(),
    })
}

/// Implicit methods have equations to solve.
fn check_implicit(method: &Method, name: &str, setting: &'static str) -> Result<(), SolveError> {
    if method.is_implicit() {
        Ok(())
    } else {
        Err(SolveError::NotImplicit {
            setting,
            method: name.to_owned(),
            implicit: methods().filter(Method::is_implicit).map(|method| method.name()).collect(),
        })
    }
}

/// What solves in iterations ends them by a tolerance.
fn check_iterates(
    method: &Method,
    name: &str,
    linear_solver: LinearSolverKind,
) -> Result<(), SolveError> {
    if method.iterates_over(linear_solver) {
        Ok(())
    } else {
        let linear_solver = linear_solver.name();
        Err(SolveError::NothingIterates { method: name.to_owned(), linear_solver })
    }
}

/// What makes the controller of a name.
fn find_controller(name: &str) -> Result<NewController, SolveError> {
    let found = CONTROLLERS.iter().find(|(known, _)| *known == name);
    found.map(|(_, new)| *new).ok_or_else(|| SolveError::UnknownController {
        given: name.to_owned(),
        known: CONTROLLERS.map(|(known, _)| known).to_vec(),
    })
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

/// The paths of some buffers of a tree of factories, of those that alias no other one.
fn roots(
    registry: &BufferRegistry,
    root: FactoryId,
    chosen: impl Fn(&BufferEntry) -> bool,
) -> Vec<String> {
    let is_chosen = |(factory, name): &(FactoryId, String)| {
        let entry = registry.context(*factory).and_then(|context| context.entry(name));
        entry.is_some_and(|entry| entry.parent().is_none() && chosen(entry))
    };
    let buffers = buffers(registry, root).into_iter();
    buffers.filter(|(_, buffer)| is_chosen(buffer)).map(|(path, _)| path).collect()
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
