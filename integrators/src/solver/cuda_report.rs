//! What a GPU will make of a kernel, told without the GPU.

use std::fmt;
use std::sync::Arc;

use buffer_core::{ComputeCapability, Layout, Occupancy, Width};

use super::SolveError;
use crate::device::cache::KernelCache;
use crate::device::cuda::CudaError;
use crate::device::nvrtc::{Nvrtc, NvrtcError, Resources, Traffic};
use crate::device::{DeviceError, KernelSource};

/// What a GPU will make of a kernel: what the compiler says that it takes, and what follows from
/// that. Nothing of it is measured; its `Display` says so.
#[derive(Debug, Clone)]
pub struct CudaReport {
    layout: Arc<Layout>,
    resources: Resources,
    traffic: Traffic,
    occupancy: Occupancy,
    largest_block: usize,
}

impl CudaReport {
    /// Compiles a kernel, or takes it from the cache.
    pub(super) fn new(
        layout: Arc<Layout>,
        source: &KernelSource,
        capability: ComputeCapability,
    ) -> Result<Self, SolveError> {
        let (resources, traffic) = compile(source, capability)
            .map_err(|error| DeviceError::from(CudaError::from(error)))?;
        let registers = resources.registers as usize;
        let occupancy = layout.fullest_block(registers)?;
        let largest_block = layout.largest_block(registers)?.block().threads;
        Ok(Self { layout, resources, traffic, occupancy, largest_block })
    }

    /// Where the kernel's buffers lie.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// What one thread takes, as the compiler says.
    pub fn resources(&self) -> Resources {
        self.resources
    }

    /// What one thread does, as far as the text tells.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// The occupancy by blocks of the size that keeps the most runs on a multiprocessor.
    pub fn occupancy(&self) -> &Occupancy {
        &self.occupancy
    }

    /// Runs of the largest block that fits.
    pub fn largest_block(&self) -> usize {
        self.largest_block
    }
}

fn compile(
    source: &KernelSource,
    capability: ComputeCapability,
) -> Result<(Resources, Traffic), NvrtcError> {
    let (cache, nvrtc) = (KernelCache::from_environment(), Nvrtc::load()?);
    let (compiled, _) = nvrtc.compile_cached(&cache, &source.text, capability, source.precision)?;
    let resources = compiled.resources(&source.entry);
    let resources = resources.ok_or_else(|| NvrtcError::NoResources {
        version: nvrtc.version(),
        entry: source.entry.clone(),
    })?;
    Ok((resources, compiled.traffic()))
}

impl fmt::Display for CudaReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Resources { registers, stack_bytes, spill_store_bytes, spill_load_bytes, .. } =
            self.resources;
        let ways = Width::ALL.map(|width| self.layout.bank_conflict_ways(width));
        writeln!(f, "{}", self.layout)?;
        writeln!(
            f,
            "a thread: {registers} registers, {stack_bytes} bytes of stack, spills of \
             {spill_store_bytes} bytes written and {spill_load_bytes} bytes read"
        )?;
        writeln!(f, "{}", self.occupancy)?;
        writeln!(f, "the largest block that fits: {} threads", self.largest_block)?;
        match ways.into_iter().max() {
            None | Some(1) => writeln!(f, "bank conflicts: none")?,
            Some(ways) => writeln!(f, "bank conflicts: up to {ways} ways")?,
        }
        write!(f, "unmeasured: computed from what the compiler says, not timed on a GPU")
    }
}
