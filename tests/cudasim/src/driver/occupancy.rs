//! How many blocks a multiprocessor holds. PTX does not say how many registers its code will take,
//! so they set no limit here.

use super::properties::Properties;

/// Threads come in warps.
pub(super) const WARP: usize = 32;

/// Blocks of one kernel that a multiprocessor holds.
pub(super) fn resident_blocks(properties: &Properties, threads: usize, shared: usize) -> usize {
    let of_threads =
        properties.threads_of_multiprocessor / threads.next_multiple_of(WARP).max(WARP);
    let of_shared = properties
        .shared_of_multiprocessor
        .checked_div(shared + properties.reserved_shared)
        .unwrap_or(usize::MAX);
    of_threads.min(of_shared).min(properties.blocks_of_multiprocessor)
}

/// Bytes of shared memory that each of so many blocks can have.
pub(super) fn shared_of_each(properties: &Properties, blocks: usize) -> usize {
    let share = properties.shared_of_multiprocessor / blocks.max(1);
    share.saturating_sub(properties.reserved_shared).min(properties.shared_of_block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_shared_memory_and_blocks_each_set_a_limit() {
        let properties = Properties::parse("9.0").unwrap();
        assert_eq!(resident_blocks(&properties, 1024, 0), 2);
        assert_eq!(resident_blocks(&properties, 33, 0), 32);
        assert_eq!(resident_blocks(&properties, 32, 0), 32);
        assert_eq!(resident_blocks(&properties, 32, 227 * 1024), 1);
        assert_eq!(resident_blocks(&properties, 256, 37 * 1024), 6);
        assert_eq!(shared_of_each(&properties, 1), 227 * 1024);
        assert_eq!(shared_of_each(&properties, 4), 56 * 1024);
        let turing = Properties::parse("7.5").unwrap();
        assert_eq!(resident_blocks(&turing, 64, 0), 16);
    }
}
