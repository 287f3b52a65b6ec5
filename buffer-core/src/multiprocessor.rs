//! What one multiprocessor of each CUDA architecture holds.

const KIB: usize = 1024;

/// What one multiprocessor of a CUDA architecture holds at a time.
///
/// What all architectures have in common are the constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Multiprocessor {
    /// Threads.
    pub threads: usize,
    /// Blocks.
    pub blocks: usize,
    /// Bytes of the L1 cache, shared memory included, which is taken from it.
    pub cache_bytes: usize,
    /// Bytes of shared memory, where as much as can be is taken from the L1 cache.
    pub shared_bytes: usize,
    /// Bytes of shared memory that the system takes for each block.
    pub reserved_shared_bytes: usize,
    /// A block's shared memory, with what is reserved, is rounded up to a multiple of this.
    pub shared_granule: usize,
}

impl Multiprocessor {
    /// Threads of a warp.
    pub const WARP: usize = 32;

    /// The most threads of a block.
    pub const BLOCK_THREADS: usize = 1024;

    /// The most registers of a thread.
    pub const THREAD_REGISTERS: usize = 255;

    /// A multiprocessor consists of so many partitions, and all registers of a warp lie in one.
    pub const PARTITIONS: usize = 4;

    /// 32-bit registers of a partition.
    pub const PARTITION_REGISTERS: usize = 16 * KIB;

    /// A warp's registers are rounded up to a multiple of this.
    pub const REGISTER_GRANULE: usize = 256;

    /// The known architectures, by their major and minor number.
    ///
    /// From `cuda_occupancy.h` of CUDA 13 and `arch_traits.h` of CCCL; the caches from the CUDA C++
    /// Programming Guide 13.0, "Compute Capabilities".
    pub(crate) const TABLE: &[(u32, u32, Self)] = &[
        // Threads, blocks, cache KiB, shared KiB, reserved bytes, granule.
        (7, 0, Self::new(2048, 32, 128, 96, 0, 256)),
        (7, 5, Self::new(1024, 16, 96, 64, 0, 256)),
        (8, 0, Self::new(2048, 32, 192, 164, KIB, 128)),
        (8, 6, Self::new(1536, 16, 128, 100, KIB, 128)),
        (8, 7, Self::new(1536, 16, 192, 164, KIB, 128)),
        (8, 9, Self::new(1536, 24, 128, 100, KIB, 128)),
        (9, 0, Self::new(2048, 32, 256, 228, KIB, 128)),
        (10, 0, Self::new(2048, 32, 256, 228, KIB, 128)),
        (10, 3, Self::new(2048, 32, 256, 228, KIB, 128)),
        (11, 0, Self::new(1536, 24, 256, 228, KIB, 128)),
        (12, 0, Self::new(1536, 24, 128, 100, KIB, 128)),
        (12, 1, Self::new(1536, 24, 128, 100, KIB, 128)),
    ];

    const fn new(
        threads: usize,
        blocks: usize,
        cache_kib: usize,
        shared_kib: usize,
        reserved_shared_bytes: usize,
        shared_granule: usize,
    ) -> Self {
        let (cache_bytes, shared_bytes) = (cache_kib * KIB, shared_kib * KIB);
        Self { threads, blocks, cache_bytes, shared_bytes, reserved_shared_bytes, shared_granule }
    }

    /// Warps.
    pub fn warps(&self) -> usize {
        self.threads / Self::WARP
    }

    /// Bytes of shared memory that one block can have, by opting in where they exceed 48 KiB.
    pub fn block_shared_bytes(&self) -> usize {
        self.shared_bytes - self.reserved_shared_bytes
    }
}
