//! Memory that knows what of it was written.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::fault::{FaultKind, Space};

/// The longest element of one lane.
const WORD: usize = 8;

/// Bytes from 0, each written or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    bytes: Vec<u8>,
    written: Vec<bool>,
}

/// One access of a thread, as it is reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) space: Space,
    /// In the space's own addresses.
    pub(crate) address: u64,
    /// From the start of the memory.
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

impl Place {
    fn out_of_bounds(self) -> FaultKind {
        let Self { space, address, bytes, .. } = self;
        FaultKind::OutOfBounds { space, address, bytes }
    }

    fn uninitialized(self) -> FaultKind {
        let Self { space, address, bytes, .. } = self;
        FaultKind::Uninitialized { space, address, bytes }
    }
}

impl Memory {
    /// Memory that nothing has written.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes: vec![0; bytes], written: vec![false; bytes] }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Makes it longer or shorter; what comes anew is not written.
    pub(crate) fn resize(&mut self, bytes: usize) {
        self.bytes.resize(bytes, 0);
        self.written.resize(bytes, false);
    }

    /// The little-endian value at a place.
    pub(crate) fn load(&self, place: Place) -> Result<u64, FaultKind> {
        let range = place.offset..place.offset.saturating_add(place.bytes);
        let bytes = self.bytes.get(range.clone()).ok_or_else(|| place.out_of_bounds())?;
        let written = self.written.get(range).ok_or_else(|| place.out_of_bounds())?;
        if written.contains(&false) {
            return Err(place.uninitialized());
        }
        let mut word = [0; WORD];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(u64::from_le_bytes(word))
    }

    pub(crate) fn store(&mut self, place: Place, value: u64) -> Result<(), FaultKind> {
        let range = place.offset..place.offset.saturating_add(place.bytes);
        let value = value.to_le_bytes();
        match value.get(..place.bytes).map(|value| self.write(range.start, value)) {
            Some(true) => Ok(()),
            _ => Err(place.out_of_bounds()),
        }
    }

    /// Copies a range of another memory, where both have it, with what of it is not written.
    pub(crate) fn copy(&mut self, from: &Self, source: usize, target: usize, bytes: usize) {
        let (source, target) = (source..source + bytes, target..target + bytes);
        if let (Some(from), Some(to)) =
            (from.bytes.get(source.clone()), self.bytes.get_mut(target.clone()))
        {
            to.copy_from_slice(from);
        }
        if let (Some(from), Some(to)) = (from.written.get(source), self.written.get_mut(target)) {
            to.copy_from_slice(from);
        }
    }

    /// Writes bytes where they fit, and says whether they did.
    pub(crate) fn write(&mut self, offset: usize, from: &[u8]) -> bool {
        let range = offset..offset.saturating_add(from.len());
        match (self.bytes.get_mut(range.clone()), self.written.get_mut(range)) {
            (Some(bytes), Some(written)) => {
                bytes.copy_from_slice(from);
                written.fill(true);
                true
            }
            _ => false,
        }
    }
}

/// What keeps the device's memory from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// There is not enough left.
    #[error("{needed} bytes of device memory are needed, but {free} are free")]
    OutOfMemory {
        /// Bytes asked for.
        needed: usize,
        /// Bytes left.
        free: usize,
    },
    /// An allocation of nothing.
    #[error("an allocation holds at least one byte")]
    Empty,
    /// An address at which no allocation begins.
    #[error("no allocation begins at {address:#x}")]
    NotAllocated {
        /// The address.
        address: u64,
    },
    /// A range that is not within one allocation.
    #[error("the {bytes} bytes at {address:#x} are not within one allocation")]
    OutOfBounds {
        /// Where the range begins.
        address: u64,
        /// Its length.
        bytes: usize,
    },
}

/// Allocations, by address. No address is given twice, so that the use of freed memory shows.
#[derive(Debug)]
pub struct DeviceMemory {
    allocations: BTreeMap<u64, Allocation>,
    capacity: usize,
    used: usize,
    next: u64,
}

#[derive(Debug)]
struct Allocation {
    memory: Memory,
    read_only: bool,
}

impl DeviceMemory {
    /// The first address: above all windows of other spaces.
    const START: u64 = 0x7f00_0000_0000;
    /// More than a device gives in any test.
    const BETWEEN_DEVICES: u64 = 1 << 44;
    /// As cudaMalloc aligns.
    const ALIGNMENT: u64 = 256;
    /// Between allocations, so that an access far past the end of one is in no other.
    const GAP: u64 = 1 << 24;

    /// Memory of `capacity` bytes, all free.
    pub fn new(capacity: usize) -> Self {
        Self::of_device(0, capacity)
    }

    /// The same of one of several devices, none of which knows an address of another.
    pub(crate) fn of_device(ordinal: usize, capacity: usize) -> Self {
        let next = Self::START + Self::BETWEEN_DEVICES * ordinal as u64;
        Self { allocations: BTreeMap::new(), capacity, used: 0, next }
    }

    /// Frees all.
    pub(crate) fn clear(&mut self) {
        self.allocations.clear();
        self.used = 0;
    }

    /// Bytes in all.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes that are free.
    pub fn free_bytes(&self) -> usize {
        self.capacity - self.used
    }

    /// The allocations that were not freed: address and bytes of each, by address.
    pub fn allocations(&self) -> impl Iterator<Item = (u64, usize)> {
        self.allocations.iter().map(|(&address, allocation)| (address, allocation.memory.len()))
    }

    /// Makes an allocation, and gives its address.
    ///
    /// # Errors
    /// [`MemoryError::Empty`] for no bytes, [`MemoryError::OutOfMemory`] for more than are free.
    pub fn allocate(&mut self, bytes: usize) -> Result<u64, MemoryError> {
        if bytes == 0 {
            return Err(MemoryError::Empty);
        }
        let free = self.free_bytes();
        if bytes > free {
            return Err(MemoryError::OutOfMemory { needed: bytes, free });
        }
        let address = self.next;
        self.next += (bytes as u64).next_multiple_of(Self::ALIGNMENT) + Self::GAP;
        self.used += bytes;
        let memory = Memory::new(bytes);
        self.allocations.insert(address, Allocation { memory, read_only: false });
        Ok(address)
    }

    /// Forbids kernels to write to an allocation.
    pub(crate) fn protect(&mut self, address: u64) {
        if let Some(allocation) = self.allocations.get_mut(&address) {
            allocation.read_only = true;
        }
    }

    /// Frees an allocation.
    ///
    /// # Errors
    /// [`MemoryError::NotAllocated`] where none begins at the address.
    pub fn free(&mut self, address: u64) -> Result<(), MemoryError> {
        let freed =
            self.allocations.remove(&address).ok_or(MemoryError::NotAllocated { address })?;
        self.used -= freed.memory.len();
        Ok(())
    }

    /// The bytes of a range, whether written or not.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBounds`] where the range is not within one allocation.
    pub fn read(&self, address: u64, bytes: usize) -> Result<&[u8], MemoryError> {
        self.find(address)
            .and_then(|(allocation, offset)| {
                allocation.memory.bytes.get(offset..offset.checked_add(bytes)?)
            })
            .ok_or(MemoryError::OutOfBounds { address, bytes })
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// [`MemoryError::OutOfBounds`] where the range is not within one allocation.
    pub fn write(&mut self, address: u64, from: &[u8]) -> Result<(), MemoryError> {
        let found = self.find_mut(address);
        let fits = found.is_some_and(|(allocation, offset)| allocation.memory.write(offset, from));
        fits.then_some(()).ok_or(MemoryError::OutOfBounds { address, bytes: from.len() })
    }

    /// A kernel's load. Constant memory is what kernels may not write.
    pub(crate) fn load(&self, space: Space, address: u64, bytes: usize) -> Result<u64, FaultKind> {
        let (allocation, offset) = self
            .find(address)
            .filter(|(allocation, _)| allocation.read_only || space != Space::Constant)
            .ok_or(FaultKind::OutOfBounds { space, address, bytes })?;
        allocation.memory.load(Place { space, address, offset, bytes })
    }

    /// A kernel's store.
    pub(crate) fn store(
        &mut self,
        address: u64,
        bytes: usize,
        value: u64,
    ) -> Result<(), FaultKind> {
        let space = Space::Global;
        let (allocation, offset) =
            self.find_mut(address).ok_or(FaultKind::OutOfBounds { space, address, bytes })?;
        if allocation.read_only && offset < allocation.memory.len() {
            return Err(FaultKind::ReadOnly { space: Space::Constant });
        }
        allocation.memory.store(Place { space, address, offset, bytes }, value)
    }

    fn find(&self, address: u64) -> Option<(&Allocation, usize)> {
        let (start, allocation) = self.allocations.range(..=address).next_back()?;
        Some((allocation, usize::try_from(address - start).ok()?))
    }

    fn find_mut(&mut self, address: u64) -> Option<(&mut Allocation, usize)> {
        let (start, allocation) = self.allocations.range_mut(..=address).next_back()?;
        Some((allocation, usize::try_from(address - start).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_come_and_go_within_the_capacity() {
        let mut memory = DeviceMemory::new(1000);
        let first = memory.allocate(600).unwrap();
        assert_eq!(memory.allocate(401), Err(MemoryError::OutOfMemory { needed: 401, free: 400 }));
        assert_eq!(memory.allocate(0), Err(MemoryError::Empty));
        let second = memory.allocate(400).unwrap();
        assert_eq!((first % 256, second % 256, memory.free_bytes()), (0, 0, 0));
        memory.free(first).unwrap();
        assert_eq!(memory.free(first), Err(MemoryError::NotAllocated { address: first }));
        assert_eq!(memory.free_bytes(), 600);
        assert_eq!(memory.allocations().collect::<Vec<_>>(), [(second, 400)]);
        assert_ne!(memory.allocate(600).unwrap(), first, "a freed address stays unused");
    }

    #[test]
    fn ranges_stay_within_one_allocation() {
        let mut memory = DeviceMemory::new(1000);
        let address = memory.allocate(8).unwrap();
        memory.write(address + 2, &[1, 2]).unwrap();
        assert_eq!(memory.read(address, 8).unwrap(), [0, 0, 1, 2, 0, 0, 0, 0]);
        let outside = MemoryError::OutOfBounds { address: address + 7, bytes: 2 };
        assert_eq!(memory.write(address + 7, &[1, 2]), Err(outside));
        assert_eq!(memory.read(address + 7, 2), Err(outside));
        assert!(memory.read(address - 1, 1).is_err());
        assert!(memory.read(address, usize::MAX).is_err());
    }

    #[test]
    fn only_what_was_written_is_loaded() {
        let mut memory = DeviceMemory::new(1000);
        let address = memory.allocate(8).unwrap();
        memory.store(address, 4, 0x8765_4321).unwrap();
        assert_eq!(memory.load(Space::Global, address, 4), Ok(0x8765_4321));
        assert_eq!(memory.load(Space::Global, address, 2), Ok(0x4321));
        let fault = memory.load(Space::Global, address, 8).unwrap_err();
        assert!(matches!(fault, FaultKind::Uninitialized { bytes: 8, .. }), "{fault}");
        let fault = memory.load(Space::Global, address + 8, 4).unwrap_err();
        assert!(matches!(fault, FaultKind::OutOfBounds { .. }), "{fault}");
        memory.protect(address);
        let fault = memory.store(address, 4, 0).unwrap_err();
        assert!(matches!(fault, FaultKind::ReadOnly { .. }), "{fault}");
    }
}
