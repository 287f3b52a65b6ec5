//! A block's shared memory, and who has touched it since the last barrier.

use crate::fault::FaultKind;
use crate::memory::{Memory, Place};

/// Shared memory that finds races: a byte that one thread writes, and another reads or writes, with
/// no barrier between. That the threads of a warp happen to run in lock step makes no order.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    memory: Memory,
    touched: Vec<Touched>,
    /// Barriers passed.
    barriers: u32,
}

/// The threads that have touched a byte, by their numbers in the block.
#[derive(Debug, Clone, Copy, Default)]
struct Touched {
    /// Barriers that were passed then.
    barriers: u32,
    writer: Option<u16>,
    /// The first two: one of them is another than any thread that writes.
    readers: [Option<u16>; 2],
}

impl Touched {
    /// A thread other than this one among some.
    fn other(thread: u16, threads: &[Option<u16>]) -> Option<u16> {
        threads.iter().copied().flatten().find(|&other| other != thread)
    }

    fn read(&mut self, thread: u16) -> Option<u16> {
        match self.readers {
            [None, _] => self.readers[0] = Some(thread),
            [Some(first), None] if first != thread => self.readers[1] = Some(thread),
            _ => {}
        }
        Self::other(thread, &[self.writer])
    }

    fn write(&mut self, thread: u16) -> Option<u16> {
        let [first, second] = self.readers;
        let other = Self::other(thread, &[self.writer, first, second]);
        self.writer = Some(thread);
        other
    }
}

impl Shared {
    /// Memory that nothing has written.
    pub(crate) fn new(bytes: usize) -> Self {
        let touched = vec![Touched::default(); bytes];
        Self { memory: Memory::new(bytes), touched, barriers: 0 }
    }

    /// All threads of the block have come to a barrier.
    pub(crate) fn pass_barrier(&mut self) {
        self.barriers += 1;
    }

    pub(crate) fn load(&mut self, place: Place, thread: u16) -> Result<u64, FaultKind> {
        let value = self.memory.load(place)?;
        self.touch(place, |touched| touched.read(thread))?;
        Ok(value)
    }

    pub(crate) fn store(&mut self, place: Place, value: u64, thread: u16) -> Result<(), FaultKind> {
        self.memory.store(place, value)?;
        self.touch(place, |touched| touched.write(thread))
    }

    fn touch(
        &mut self,
        place: Place,
        mut touch: impl FnMut(&mut Touched) -> Option<u16>,
    ) -> Result<(), FaultKind> {
        let barriers = self.barriers;
        let bytes = self.touched.iter_mut().skip(place.offset).take(place.bytes);
        for touched in bytes {
            if touched.barriers != barriers {
                *touched = Touched { barriers, ..Touched::default() };
            }
            if let Some(other) = touch(touched) {
                let Place { address, bytes, .. } = place;
                return Err(FaultKind::Race { address, bytes, other });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Space;

    fn place(offset: usize) -> Place {
        Place { space: Space::Shared, address: offset as u64, offset, bytes: 4 }
    }

    fn race(other: u16) -> FaultKind {
        FaultKind::Race { address: 0, bytes: 4, other }
    }

    #[test]
    fn reads_of_one_byte_by_many_threads_do_not_race() {
        let mut shared = Shared::new(8);
        shared.store(place(0), 7, 1).unwrap();
        assert_eq!(shared.load(place(0), 1), Ok(7));
        shared.pass_barrier();
        for thread in 0..4 {
            assert_eq!(shared.load(place(0), thread), Ok(7));
        }
        shared.store(place(4), 1, 0).unwrap();
        shared.pass_barrier();
        shared.store(place(0), 8, 2).unwrap();
        shared.store(place(0), 9, 2).unwrap();
    }

    #[test]
    fn a_write_races_with_anothers_read_and_write() {
        let written = || {
            let mut shared = Shared::new(8);
            shared.store(place(0), 7, 1).unwrap();
            shared
        };
        assert_eq!(written().load(place(0), 2), Err(race(1)));
        assert_eq!(written().store(place(0), 7, 2), Err(race(1)));
        let mut shared = written();
        shared.pass_barrier();
        for thread in [3, 4, 5] {
            shared.load(place(0), thread).unwrap();
        }
        assert_eq!(shared.store(place(0), 7, 3), Err(race(4)));
    }
}
