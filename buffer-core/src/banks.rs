//! Bank conflicts of shared memory.

use crate::element::Width;
use crate::layout::Layout;

/// Banks that shared memory is spread over, word by word.
const BANKS: usize = 32;

/// Bytes of a word.
const WORD: usize = 4;

/// How many times longer an access to shared memory takes than one without bank conflicts, where
/// the threads of a warp access equal indices of slices that begin `stride` elements apart.
///
/// The hardware serves as many threads at once as together ask for one word of each bank, so
/// elements of four bytes are served to a whole warp and those of eight to half of one. The lanes
/// that meet on one bank are then as many as the stride and the number of those threads have
/// divisors in common: none meet where the stride is odd. Where it is zero, all threads read the
/// same element, which is no conflict.
pub fn bank_conflict_ways(width: Width, stride: usize) -> usize {
    let threads = BANKS * WORD / width.bytes();
    // The common divisor of a stride and a power of two is a power of two.
    match stride {
        0 => 1,
        _ => threads.min(1 << stride.trailing_zeros()),
    }
}

impl Layout {
    /// The [`bank_conflict_ways`] of a run's slices of one width: 1, as their stride is odd.
    pub fn bank_conflict_ways(&self, width: Width) -> usize {
        bank_conflict_ways(width, self.arenas(width).shared_stride)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Serves each group of threads by counting the different words that each bank has to give.
    fn simulated_ways(width: Width, stride: usize) -> usize {
        let words_of_element = width.bytes() / WORD;
        let threads_at_once = BANKS / words_of_element;
        let mut longest = 0;
        for first_thread in (0..32).step_by(threads_at_once) {
            let mut words = vec![BTreeSet::new(); BANKS];
            for thread in first_thread..first_thread + threads_at_once {
                for part in 0..words_of_element {
                    let word = thread * stride * words_of_element + part;
                    words[word % BANKS].insert(word);
                }
            }
            longest = longest.max(words.iter().map(BTreeSet::len).max().unwrap());
        }
        longest
    }

    #[test]
    fn the_closed_form_is_what_the_banks_do() {
        for width in Width::ALL {
            for stride in 0..=128 {
                let simulated = simulated_ways(width, stride);
                assert_eq!(bank_conflict_ways(width, stride), simulated, "{width:?}, {stride}");
            }
        }
    }

    #[test]
    fn odd_strides_alone_have_no_conflicts() {
        for width in Width::ALL {
            for stride in 1..=128 {
                assert_eq!(bank_conflict_ways(width, stride) == 1, stride % 2 == 1, "{stride}");
            }
        }
        assert_eq!(bank_conflict_ways(Width::Four, 40), 8);
        assert_eq!(bank_conflict_ways(Width::Four, 32), 32);
        assert_eq!(bank_conflict_ways(Width::Eight, 32), 16);
        assert_eq!(bank_conflict_ways(Width::Four, 1 << 40), 32);
        assert_eq!(bank_conflict_ways(Width::Eight, usize::MAX), 1);
    }
}
