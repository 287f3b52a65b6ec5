//! Small kernels of factories that are declared value by value, for texts with planted mistakes.

use std::fmt;

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, Buffers, Child, Layout, LiveRange, Phases, Precision,
    SanitizerFault, Target,
};
use integrators::device::arguments::Arguments;
use integrators::device::host::HostDevice;
use integrators::device::{Device, DeviceError, Kernel, KernelSource};
use integrators::factories::KernelText;

use crate::solve::{Fallible, gpu_or_skip};

/// The steps of each run.
pub const STEPS: usize = 3;

/// A factory with its kernel text.
#[derive(Debug, Clone, Default)]
pub struct Planted {
    prefix: &'static str,
    phases: Phases,
    entries: Vec<BufferEntry>,
    children: Vec<(&'static str, Self, Vec<LiveRange>)>,
    text: String,
}

impl Planted {
    /// A factory without anything.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// A root whose every step is a body, with the values `m`, `k`, the number of the step, `run` and
    /// `x`, a real that is 2. It returns a real.
    pub fn step(body: &str) -> Self {
        Self::new("probe").text(&format!(
            "INLINE real SELF(step)(memory m, int k, integer run, real x)\n{{\n{body}\n}}\n"
        ))
    }

    /// Sets the phases.
    #[must_use]
    pub fn phases(mut self, phases: Phases) -> Self {
        self.phases = phases;
        self
    }

    /// Adds a buffer.
    #[must_use]
    pub fn buffer(mut self, entry: BufferEntry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a child that is called in some phases; empty for all.
    #[must_use]
    pub fn child<const N: usize>(
        mut self,
        name: &'static str,
        child: Self,
        calls: [&str; N],
    ) -> Self {
        self.children.push((name, child, calls.map(LiveRange::from).into()));
        self
    }

    /// Sets the text of the factory's functions.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.text);
        self
    }

    /// Where the buffers lie.
    ///
    /// # Errors
    /// Where the declaration breaks rules.
    pub fn layout(&self, target: &Target) -> Result<Layout, BufferError> {
        let mut registry = BufferRegistry::new();
        let root = registry.add(self)?;
        Ok((*registry.layout(root, target)?).clone())
    }

    /// A text to which the factories have added theirs, and a kernel that makes [`STEPS`] steps of each
    /// run and writes the real of the last one.
    ///
    /// # Errors
    /// Where the layout is of something else.
    pub fn kernel(&self, mut text: KernelText<'_>) -> Fallible<KernelSource> {
        text.push("typedef struct { real_scalar *results; long long runs; } arguments;\n");
        self.write(&mut text, self.prefix)?;
        text.push(&format!(
            "
INLINE void SELF(runs)(memory m, const arguments *a, queue runs)
{{
    integer run = INTEGER(0);
    for (;;) {{
        const mask busy = TAKE(&runs, ALL_LANES, &run);
        real result = REAL(0.0);
        if (!ANY(busy))
            return;
        buffers_reset(m, busy);
        for (int k = 0; k < {STEPS}; k++) {{
            AT(busy, run, INTEGER(k));
            result = SELF(step)(m, k, run, REAL(2.0));
        }}
        SCATTER(busy, a->results, INTEGER(0), a->runs, run, result);
    }}
}}

KERNEL({})
",
            self.prefix
        ));
        Ok(text.finish(self.prefix))
    }

    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        for (name, child, _) in &self.children {
            child.write(text, &text.child(path, name))?;
        }
        text.header(path)?;
        text.push(&self.text);
        Ok(())
    }

    /// The faults and the results of runs in the sanitizer build.
    ///
    /// # Errors
    /// Where the declaration breaks rules, or its text does not compile.
    pub fn sanitize(
        &self,
        build: &Build,
        runs: usize,
    ) -> Fallible<(Vec<SanitizerFault>, Vec<f64>)> {
        let layout = self.layout(&build.target()?)?;
        let source = self.kernel(KernelText::sanitizer(&layout))?;
        let kernel = build.device.compile(&source)?;
        let results = launch(&kernel, build.precision, runs)?;
        Ok((kernel.faults(&layout)?.unwrap_or_default(), results))
    }

    /// The results of runs in a release.
    ///
    /// # Errors
    /// Where the declaration breaks rules, or its text does not compile.
    pub fn release(&self, build: &Build, runs: usize) -> Fallible<Vec<f64>> {
        Ok(launch(&self.compile(build)??, build.precision, runs)?)
    }

    /// The release kernel, or what the compiler says.
    ///
    /// # Errors
    /// Where the declaration breaks rules.
    pub fn compile(&self, build: &Build) -> Fallible<Result<Kernel, DeviceError>> {
        let layout = self.layout(&build.target()?)?;
        let source = self.kernel(KernelText::new(&layout))?;
        Ok(build.device.compile(&source))
    }
}

/// What kernels are built for.
#[derive(Debug, Clone)]
pub struct Build {
    device: Device,
    precision: Precision,
}

impl Build {
    /// The host with so many lanes.
    ///
    /// # Errors
    /// Where it has no compiler, or not as many.
    pub fn host(precision: Precision, lanes: usize) -> Fallible<Self> {
        Ok(Self { device: HostDevice::new()?.lanes(lanes)?.into(), precision })
    }

    /// The host with each of some numbers of lanes, and the first GPU, simulated where there is none.
    /// What is missing for that is said.
    ///
    /// # Errors
    /// As [`host`](Self::host).
    pub fn all<const N: usize>(hosts: [(Precision, usize); N]) -> Fallible<Vec<Self>> {
        let hosts = hosts.into_iter().map(|(precision, lanes)| Self::host(precision, lanes));
        let mut builds = hosts.collect::<Result<Vec<_>, _>>()?;
        if let Some(gpu) = gpu_or_skip() {
            builds.extend([Precision::F64, Precision::F32].map(|precision| {
                let device = gpu.device.clone();
                Self { device, precision }
            }));
        }
        Ok(builds)
    }

    fn target(&self) -> Result<Target, BufferError> {
        self.device.target(self.precision)
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.precision, self.device)
    }
}

fn launch(kernel: &Kernel, precision: Precision, runs: usize) -> Result<Vec<f64>, DeviceError> {
    let (mut wide, mut narrow) = (vec![0.0_f64; runs], vec![0.0_f32; runs]);
    let arguments = match precision {
        Precision::F32 => Arguments::new().output(&mut narrow),
        Precision::F64 => Arguments::new().output(&mut wide),
    };
    let mut arguments = arguments.integer(runs as i64);
    // SAFETY: the arguments are the fields of the struct in `Planted::kernel`, which writes one real
    // per run. Steps touch buffers alone; those of a release that is launched do so within bounds.
    unsafe { kernel.launch(&mut arguments, runs, &|_| {})? };
    drop(arguments);
    Ok(match precision {
        Precision::F32 => narrow.into_iter().map(f64::from).collect(),
        Precision::F64 => wide,
    })
}

impl Buffers for Planted {
    fn prefix(&self) -> &str {
        self.prefix
    }

    fn phases(&self) -> &Phases {
        &self.phases
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        Ok(self.entries.clone())
    }

    fn children(&self) -> Vec<Child<'_>> {
        self.children
            .iter()
            .map(|(name, factory, calls)| Child { name, factory, calls: calls.clone() })
            .collect()
    }
}
