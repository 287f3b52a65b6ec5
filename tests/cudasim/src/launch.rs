//! A launch: all blocks of a grid, one after another.

use thiserror::Error;

use crate::counters::Counters;
use crate::fault::Fault;
use crate::load::{LoadedModule, Placement};
use crate::memory::DeviceMemory;
use crate::module::LANES;
use crate::shared::Shared;
use crate::warp::{Pause, Warp};

/// Threads of a block.
pub(crate) const MAX_THREADS: usize = 1024;
/// The same in each direction.
pub(crate) const MAX_BLOCK: [u32; 3] = [1024, 1024, 64];
/// Blocks of a grid in each direction.
pub(crate) const MAX_GRID: [u32; 3] = [i32::MAX as u32, 65_535, 65_535];

/// A kernel with its grid and its arguments.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    /// The module.
    pub module: &'a LoadedModule,
    /// The kernel's name.
    pub kernel: &'a str,
    /// Blocks in each direction.
    pub grid: [u32; 3],
    /// Threads of a block in each direction.
    pub block: [u32; 3],
    /// Bytes of shared memory beside what the text takes.
    pub dynamic_shared: usize,
    /// The parameters, laid out as the kernel declares them.
    pub arguments: &'a [u8],
}

/// What keeps a kernel from running to its end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no such kernel.
    #[error("the module has no kernel `{name}`")]
    UnknownKernel {
        /// The name.
        name: String,
    },
    /// The arguments are not the kernel's.
    #[error("kernel `{kernel}` takes {needed} bytes of arguments, but {given} are given")]
    Arguments {
        /// The kernel.
        kernel: String,
        /// Bytes that it takes.
        needed: usize,
        /// Bytes that are given.
        given: usize,
    },
    /// The grid or a block is empty or too large, or a block is larger than the kernel's text allows.
    #[error("kernel `{kernel}` cannot run blocks of {block:?} threads in a grid of {grid:?}")]
    Shape {
        /// The kernel.
        kernel: String,
        /// Blocks in each direction.
        grid: [u32; 3],
        /// Threads of a block in each direction.
        block: [u32; 3],
    },
    /// The kernel does something wrong.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
}

/// A block while it runs, and what its threads share.
pub(crate) struct Machine<'a> {
    pub(crate) launch: &'a Launch<'a>,
    pub(crate) placement: Placement,
    pub(crate) device: &'a mut DeviceMemory,
    pub(crate) shared: Shared,
    pub(crate) block: [u32; 3],
    pub(crate) counters: Counters,
}

impl Launch<'_> {
    /// Runs the kernel, and says what it took.
    ///
    /// # Errors
    /// [`LaunchError::Fault`] at the first thing that a thread does wrong; the others before any
    /// thread runs.
    pub fn run(&self, device: &mut DeviceMemory) -> Result<Counters, LaunchError> {
        let name = || self.kernel.to_owned();
        let (index, function) = self
            .module
            .kernel(self.kernel)
            .ok_or_else(|| LaunchError::UnknownKernel { name: name() })?;
        let (needed, given) = (function.argument_bytes(), self.arguments.len());
        if needed != given {
            return Err(LaunchError::Arguments { kernel: name(), needed, given });
        }
        let threads = self.threads();
        let most = function.max_threads.unwrap_or(MAX_THREADS).min(MAX_THREADS);
        let fits = |sizes: [u32; 3], most: [u32; 3]| {
            sizes.iter().zip(most).all(|(&size, most)| (1..=most).contains(&size))
        };
        if threads > most || !fits(self.block, MAX_BLOCK) || !fits(self.grid, MAX_GRID) {
            let (grid, block) = (self.grid, self.block);
            return Err(LaunchError::Shape { kernel: name(), grid, block });
        }
        let placement = self.module.place(index);
        let shared_bytes = placement.shared_bytes + self.dynamic_shared;
        let mut machine = Machine {
            launch: self,
            placement,
            device,
            shared: Shared::default(),
            block: [0; 3],
            counters: Counters::default(),
        };
        for z in 0..self.grid[2] {
            for y in 0..self.grid[1] {
                for x in 0..self.grid[0] {
                    machine.block = [x, y, z];
                    machine.shared = Shared::new(shared_bytes);
                    machine.run_block(index, threads)?;
                }
            }
        }
        Ok(machine.counters)
    }

    /// Threads of a block.
    pub(crate) fn threads(&self) -> usize {
        self.block.iter().fold(1, |product: usize, &n| product.saturating_mul(n as usize))
    }
}

impl Machine<'_> {
    /// Each warp runs to the next barrier before any runs past it.
    fn run_block(&mut self, kernel: usize, threads: usize) -> Result<(), Box<Fault>> {
        let firsts = (0..threads).step_by(LANES);
        let mut warps: Vec<_> = firsts
            .map(|first| Warp::new(self, kernel, first, (threads - first).min(LANES)))
            .collect();
        loop {
            let pauses = warps.iter_mut().map(|warp| warp.run(self));
            let pauses = pauses.collect::<Result<Vec<_>, _>>()?;
            let Some(first) = pauses.first() else { return Ok(()) };
            if let Some(other) = pauses.iter().position(|pause| pause != first) {
                // Some have ended, or wait elsewhere.
                let waits = if *first == Pause::Finished { other } else { 0 };
                if let Some(warp) = warps.get(waits) {
                    return Err(warp.abandoned_barrier(self));
                }
            }
            if *first == Pause::Finished {
                return Ok(());
            }
            self.shared.pass_barrier();
        }
    }
}
