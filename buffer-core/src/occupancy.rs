//! How many blocks of a kernel a multiprocessor holds at a time, and what keeps it from more.

use std::cmp::Reverse;
use std::fmt;
use std::iter;

use thiserror::Error;

use crate::layout::Layout;
use crate::multiprocessor::Multiprocessor;
use crate::target::ComputeCapability;

/// What one block of a kernel takes of a multiprocessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadBlock {
    /// Threads.
    pub threads: usize,
    /// Registers of each thread.
    pub registers: usize,
    /// Bytes of shared memory: those that the kernel's text declares and those that a launch adds.
    pub shared_bytes: usize,
}

impl ThreadBlock {
    fn warps(&self) -> usize {
        self.threads.div_ceil(Multiprocessor::WARP)
    }
}

/// Why a block cannot run on an architecture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OccupancyError {
    /// A block has no such number of threads.
    #[error(
        "a block cannot have {threads} threads\nhelp: use 1 to {}",
        Multiprocessor::BLOCK_THREADS
    )]
    Threads {
        /// The number given.
        threads: usize,
    },
    /// A thread has no such number of registers.
    #[error(
        "a thread cannot have {registers} registers\nhelp: use the number that the compiler reports, which is 1 to {}",
        Multiprocessor::THREAD_REGISTERS
    )]
    ThreadRegisters {
        /// The number given.
        registers: usize,
    },
    /// The registers of a block are more than there are.
    #[error(
        "{threads} threads of {registers} registers are more than a multiprocessor has registers for\nhelp: use at most {most} threads"
    )]
    BlockRegisters {
        /// Threads of the block.
        threads: usize,
        /// Registers of each.
        registers: usize,
        /// The most threads of a block with so many registers.
        most: usize,
    },
    /// SB014: the shared memory of a block is more than the architecture can give it.
    #[error(
        "a block of {needed} bytes of shared memory exceeds the {limit} bytes that {} can give [SB014]\nhelp: use fewer threads, or place some buffers in local memory",
        capability.sm()
    )]
    SharedMemory {
        /// Bytes that the block needs.
        needed: usize,
        /// Bytes that a block can have.
        limit: usize,
        /// The architecture.
        capability: ComputeCapability,
    },
    /// The layout is one for the host.
    #[error(
        "a layout for {target} has no occupancy\nhelp: make the layout for a `Target::cuda(...)`"
    )]
    NotCuda {
        /// What the layout was made for.
        target: String,
    },
}

/// What a multiprocessor runs out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OccupancyLimit {
    /// Threads, in whole warps.
    Threads,
    /// Registers.
    Registers,
    /// Shared memory.
    SharedMemory,
    /// Blocks.
    Blocks,
}

impl fmt::Display for OccupancyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Threads => "threads",
            Self::Registers => "registers",
            Self::SharedMemory => "shared memory",
            Self::Blocks => "blocks",
        })
    }
}

/// How many equal blocks a multiprocessor holds at a time. There is always at least one.
///
/// ```
/// use buffer_core::{Occupancy, OccupancyLimit, ThreadBlock};
///
/// let block = ThreadBlock { threads: 128, registers: 96, shared_bytes: 128 * 164 };
/// let occupancy = Occupancy::new("9.0".parse()?, block)?;
/// assert_eq!((occupancy.blocks(), occupancy.warps()), (5, 20));
/// assert!(occupancy.limits().eq([OccupancyLimit::Registers]));
/// assert_eq!(occupancy.free_shared_bytes(), 356 - 164);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    capability: ComputeCapability,
    block: ThreadBlock,
    /// The blocks that there would be if one of them were the only limit, in the order of
    /// [`OccupancyLimit`].
    blocks_by: [(OccupancyLimit, usize); 4],
}

impl Occupancy {
    /// The occupancy of an architecture by a block, where as much of the L1 cache as can be is
    /// shared memory, and the kernel has opted in to more than 48 KiB where it needs them.
    ///
    /// # Errors
    /// [`OccupancyError`] where not one block fits.
    pub fn new(capability: ComputeCapability, block: ThreadBlock) -> Result<Self, OccupancyError> {
        check_threads(&block)?;
        check_registers(&block)?;
        check_shared_memory(capability, &block)?;
        let multiprocessor = capability.multiprocessor();
        let shared_bytes = (block.shared_bytes + multiprocessor.reserved_shared_bytes)
            .next_multiple_of(multiprocessor.shared_granule);
        let by_shared_memory = multiprocessor.shared_bytes.checked_div(shared_bytes);
        let blocks_by = [
            (OccupancyLimit::Threads, multiprocessor.warps() / block.warps()),
            (OccupancyLimit::Registers, warps_by_registers(block.registers) / block.warps()),
            (OccupancyLimit::SharedMemory, by_shared_memory.unwrap_or(usize::MAX)),
            (OccupancyLimit::Blocks, multiprocessor.blocks),
        ];
        Ok(Self { capability, block, blocks_by })
    }

    /// The architecture.
    pub fn capability(&self) -> ComputeCapability {
        self.capability
    }

    /// What each block takes.
    pub fn block(&self) -> &ThreadBlock {
        &self.block
    }

    /// Blocks that the multiprocessor holds.
    pub fn blocks(&self) -> usize {
        self.blocks_by.iter().fold(usize::MAX, |least, &(_, blocks)| least.min(blocks))
    }

    /// Threads of these blocks.
    pub fn threads(&self) -> usize {
        self.blocks() * self.block.threads
    }

    /// Warps of these blocks, of the [`warps`](Multiprocessor::warps) that there can be.
    pub fn warps(&self) -> usize {
        self.blocks() * self.block.warps()
    }

    /// What keeps the multiprocessor from holding more: all that run out at once.
    pub fn limits(&self) -> impl Iterator<Item = OccupancyLimit> {
        let least = self.blocks();
        let binding = self.blocks_by.into_iter().filter(move |&(_, blocks)| blocks == least);
        binding.map(|(limit, _)| limit)
    }

    /// Bytes of shared memory that each thread could take more without a block being lost. They
    /// come out of the L1 cache, which serves local memory.
    pub fn free_shared_bytes(&self) -> usize {
        let multiprocessor = self.capability.multiprocessor();
        let share = multiprocessor.shared_bytes / self.blocks();
        let most = share - share % multiprocessor.shared_granule;
        // The block's own bytes are part of its share.
        let free = most - multiprocessor.reserved_shared_bytes - self.block.shared_bytes;
        free / self.block.threads
    }
}

impl fmt::Display for Occupancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ThreadBlock { threads, registers, shared_bytes } = self.block;
        let (warps, most) = (self.warps(), self.capability.multiprocessor().warps());
        let limits: Vec<_> = self.limits().map(|limit| limit.to_string()).collect();
        writeln!(
            f,
            "a block on {}: {threads} threads of {registers} registers, {shared_bytes} bytes of \
             shared memory",
            self.capability.sm()
        )?;
        writeln!(
            f,
            "a multiprocessor: {} blocks = {warps} of {most} warps ({:.2} %), limited by {}",
            self.blocks(),
            100.0 * warps as f64 / most as f64,
            limits.join(" and ")
        )?;
        write!(f, "free without losing a block: {} bytes a thread", self.free_shared_bytes())
    }
}

/// Warps whose registers fit into a multiprocessor. All that a warp has lie in one partition.
fn warps_by_registers(registers: usize) -> usize {
    let of_warp =
        (registers * Multiprocessor::WARP).next_multiple_of(Multiprocessor::REGISTER_GRANULE);
    Multiprocessor::PARTITION_REGISTERS / of_warp * Multiprocessor::PARTITIONS
}

fn check_threads(block: &ThreadBlock) -> Result<(), OccupancyError> {
    match block.threads {
        1..=Multiprocessor::BLOCK_THREADS => Ok(()),
        threads => Err(OccupancyError::Threads { threads }),
    }
}

fn check_registers(block: &ThreadBlock) -> Result<(), OccupancyError> {
    let &ThreadBlock { threads, registers, .. } = block;
    if !(1..=Multiprocessor::THREAD_REGISTERS).contains(&registers) {
        return Err(OccupancyError::ThreadRegisters { registers });
    }
    let warps = warps_by_registers(registers);
    if block.warps() > warps {
        let most = warps * Multiprocessor::WARP;
        return Err(OccupancyError::BlockRegisters { threads, registers, most });
    }
    Ok(())
}

/// SB014: a block has its shared memory.
fn check_shared_memory(
    capability: ComputeCapability,
    block: &ThreadBlock,
) -> Result<(), OccupancyError> {
    let (needed, limit) = (block.shared_bytes, capability.multiprocessor().block_shared_bytes());
    if needed > limit {
        return Err(OccupancyError::SharedMemory { needed, limit, capability });
    }
    Ok(())
}

impl Layout {
    /// The occupancy by blocks of so many threads, one run each, whose only shared memory is that
    /// of the layout. How many registers a thread has is for the compiler to say.
    ///
    /// # Errors
    /// [`OccupancyError`] where not one block fits, or where the layout is for the host.
    pub fn occupancy(&self, threads: usize, registers: usize) -> Result<Occupancy, OccupancyError> {
        let capability = self.target.compute_capability();
        let capability = capability
            .ok_or_else(|| OccupancyError::NotCuda { target: self.target.to_string() })?;
        let shared_bytes = self.shared_bytes().saturating_mul(threads);
        Occupancy::new(capability, ThreadBlock { threads, registers, shared_bytes })
    }

    /// The largest block that fits: in whole warps, where the runs of one warp do.
    ///
    /// # Errors
    /// As [`occupancy`](Self::occupancy).
    pub fn largest_block(&self, registers: usize) -> Result<Occupancy, OccupancyError> {
        let sizes = whole_warps().rev().chain((2..Multiprocessor::WARP).rev());
        let mut fitting = sizes.filter_map(|threads| self.occupancy(threads, registers).ok());
        fitting.next().map_or_else(|| self.occupancy(1, registers), Ok)
    }

    /// The block of which a multiprocessor holds the most threads at a time; of several, the
    /// smallest, since small blocks share a batch out more evenly. It is of whole warps, where the
    /// runs of one warp fit.
    ///
    /// # Errors
    /// As [`occupancy`](Self::occupancy).
    pub fn fullest_block(&self, registers: usize) -> Result<Occupancy, OccupancyError> {
        let fitting = |threads| self.occupancy(threads, registers).ok();
        let order = |occupancy: &Occupancy| (occupancy.threads(), Reverse(occupancy.block.threads));
        let halves = iter::successors(Some(Multiprocessor::WARP / 2), |size| Some(size / 2));
        whole_warps()
            .filter_map(fitting)
            .max_by_key(order)
            .or_else(|| halves.take_while(|&size| size > 1).find_map(fitting))
            .map_or_else(|| self.occupancy(1, registers), Ok)
    }
}

/// The sizes of blocks without idle threads.
fn whole_warps() -> impl DoubleEndedIterator<Item = usize> {
    (1..=Multiprocessor::BLOCK_THREADS / Multiprocessor::WARP)
        .map(|warps| warps * Multiprocessor::WARP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_takes_what_the_system_reserves() {
        let blocks = |shared_bytes| {
            let block = ThreadBlock { threads: 128, registers: 32, shared_bytes };
            Occupancy::new("9.0".parse().unwrap(), block).unwrap().blocks()
        };
        // An eighth of a multiprocessor's 228 KiB, less 1 KiB.
        assert_eq!((blocks(28_160), blocks(28_161)), (8, 7));
    }
}
