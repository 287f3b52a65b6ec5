//! What devices of each compute capability have.

use super::status::Status;
use crate::launch::{MAX_BLOCK, MAX_GRID, MAX_THREADS};

/// A device's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) major: u32,
    pub(super) minor: u32,
    /// Bytes of shared memory of a multiprocessor.
    pub(super) shared_of_multiprocessor: usize,
    /// Bytes of shared memory that a block can opt into.
    pub(super) shared_of_block: usize,
    /// Bytes of shared memory that each block takes beside its own.
    pub(super) reserved_shared: usize,
    pub(super) threads_of_multiprocessor: usize,
    pub(super) blocks_of_multiprocessor: usize,
    /// Whether memory is allocated in the order of a stream.
    pub(super) has_pools: bool,
}

/// Bytes of shared memory that a block can have without opting in.
pub(super) const DEFAULT_SHARED: usize = 48 * 1024;

impl Properties {
    /// Compute capability, KiB of shared memory of a multiprocessor and of a block, KiB reserved for
    /// each block, threads and blocks of a multiprocessor. From the CUDA programming guide.
    const TABLE: [(u32, u32, usize, usize, usize, usize, usize); 12] = [
        (7, 0, 96, 96, 0, 2048, 32),
        (7, 5, 64, 64, 0, 1024, 16),
        (8, 0, 164, 163, 1, 2048, 32),
        (8, 6, 100, 99, 1, 1536, 16),
        (8, 7, 164, 163, 1, 1536, 16),
        (8, 9, 100, 99, 1, 1536, 24),
        (9, 0, 228, 227, 1, 2048, 32),
        (10, 0, 228, 227, 1, 2048, 32),
        (10, 3, 228, 227, 1, 2048, 32),
        (12, 0, 100, 99, 1, 1536, 24),
        (12, 1, 100, 99, 1, 1536, 24),
        // One that no program knows yet.
        (99, 0, 100, 99, 1, 1536, 24),
    ];

    /// Of a compute capability such as `9.0`; none where it is not known.
    pub(super) fn parse(capability: &str) -> Option<Self> {
        let (major, minor) = capability.split_once('.')?;
        let (major, minor) = (major.parse().ok()?, minor.parse().ok()?);
        let row = Self::TABLE.iter().find(|row| (row.0, row.1) == (major, minor))?;
        let &(_, _, of_multiprocessor, of_block, reserved, threads, blocks) = row;
        Some(Self {
            major,
            minor,
            shared_of_multiprocessor: of_multiprocessor * 1024,
            shared_of_block: of_block * 1024,
            reserved_shared: reserved * 1024,
            threads_of_multiprocessor: threads,
            blocks_of_multiprocessor: blocks,
            has_pools: true,
        })
    }

    /// The value of a device's attribute, by CUDA's number.
    pub(super) fn attribute(&self, number: u32) -> Result<usize, Status> {
        let ([block_x, block_y, block_z], [grid_x, grid_y, grid_z]) = (MAX_BLOCK, MAX_GRID);
        Ok(match number {
            // The most threads of a block: in all, and in x, y and z.
            1 => MAX_THREADS,
            2 => block_x as usize,
            3 => block_y as usize,
            4 => block_z as usize,
            // The most blocks of a grid in x, y and z.
            5 => grid_x as usize,
            6 => grid_y as usize,
            7 => grid_z as usize,
            8 => DEFAULT_SHARED,
            // Bytes of constant memory.
            9 => 64 * 1024,
            // Threads of a warp.
            10 => 32,
            // Registers of a block, and of a multiprocessor.
            12 | 82 => 65_536,
            // Multiprocessors.
            16 => 1,
            39 => self.threads_of_multiprocessor,
            // Whether host and device share their addresses.
            41 => 0,
            75 => self.major as usize,
            76 => self.minor as usize,
            81 => self.shared_of_multiprocessor,
            97 => self.shared_of_block,
            106 => self.blocks_of_multiprocessor,
            111 => self.reserved_shared,
            115 => usize::from(self.has_pools),
            _ => return Err(Status::NotSupported),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_those_of_the_capability() {
        let hopper = Properties::parse("9.0").unwrap();
        assert_eq!((hopper.attribute(75), hopper.attribute(76)), (Ok(9), Ok(0)));
        assert_eq!(hopper.attribute(97), Ok(232_448));
        assert_eq!(Properties::parse("8.6").unwrap().attribute(39), Ok(1536));
        assert_eq!(hopper.attribute(9999), Err(Status::NotSupported));
        for unknown in ["9.5", "9", "", "x.0"] {
            assert_eq!(Properties::parse(unknown), None, "{unknown}");
        }
    }
}
