//! What one lane does alone: arithmetic and memory.

use super::{Lanes, Warp, lanes};
use crate::arithmetic::Compute;
use crate::fault::{FaultKind, Space};
use crate::launch::Machine;
use crate::memory::Place;
use crate::module::{Address, LANES, Operation, Register, Source, Special};

/// Where generic addresses of shared memory begin.
const SHARED_WINDOW: u64 = 1 << 32;
/// Where generic addresses of local memory begin.
const LOCAL_WINDOW: u64 = 2 << 32;
/// Where they end.
const LOCAL_END: u64 = 3 << 32;

impl Warp {
    /// What an operand holds.
    pub(super) fn value(&self, machine: &Machine<'_>, source: Source, lane: usize) -> u64 {
        let frame = &self.frames[self.frames.len() - 1];
        match source {
            Source::Register(register) => frame.registers[register][lane],
            Source::Immediate(value) => value,
            Source::Variable(variable) => machine.placement.addresses[variable],
            Source::Local(offset) => frame.local_start + offset,
            Source::Special(special) => u64::from(match special {
                Special::Thread(axis) => self.thread(machine, lane)[axis],
                Special::ThreadCount(axis) => machine.launch.block[axis],
                Special::Block(axis) => machine.block[axis],
                Special::BlockCount(axis) => machine.launch.grid[axis],
                Special::Lane => lane as u32,
                Special::Warp => (self.first / LANES) as u32,
            }),
        }
    }

    pub(super) fn set(&mut self, register: Register, lane: usize, value: u64) {
        let frames = self.frames.len();
        self.frames[frames - 1].registers[register][lane] = value;
    }

    /// Computes each active lane's result. Of all instructions these are the most.
    pub(super) fn compute(
        &mut self,
        machine: &Machine<'_>,
        function: &Compute,
        sources: &[Source; 4],
        destination: Register,
        active: Lanes,
    ) {
        let top = self.frames.len() - 1;
        for lane in lanes(active) {
            let registers = &self.frames[top].registers;
            let operands = sources.map(|source| match source {
                Source::Register(register) => registers[register][lane],
                Source::Immediate(value) => value,
                source => self.value(machine, source, lane),
            });
            self.frames[top].registers[destination][lane] = function.apply(operands);
        }
    }

    /// Executes what lanes do each for itself.
    pub(super) fn step_lane(
        &mut self,
        machine: &mut Machine<'_>,
        operation: &Operation,
        lane: usize,
    ) -> Result<(), FaultKind> {
        let value = |source: Source| self.value(machine, source, lane);
        match operation {
            Operation::Carry { function, writes, sources, destination } => {
                let [a, b, c, _] = sources.map(value);
                let frames = self.frames.len();
                let carry = &mut self.frames[frames - 1].carry[lane];
                let (result, carried) = function(a, b, c, *carry);
                if *writes {
                    *carry = carried;
                }
                self.set(*destination, lane, result);
            }
            Operation::Unpack { source, bytes, destinations } => {
                let whole = value(*source);
                for (part, destination) in destinations.iter().enumerate() {
                    if let Some(destination) = *destination {
                        self.set(destination, lane, whole >> (8 * bytes * part) & ones(*bytes));
                    }
                }
            }
            Operation::Pack { sources, bytes, destination } => {
                let parts = sources.iter().enumerate();
                let whole = parts.fold(0, |whole, (part, &source)| {
                    whole | (value(source) & ones(*bytes)) << (8 * bytes * part)
                });
                self.set(*destination, lane, whole);
            }
            Operation::Convert { space, to_space, source, destination } => {
                let window = match space {
                    Space::Shared => SHARED_WINDOW,
                    Space::Local => LOCAL_WINDOW,
                    Space::Global | Space::Constant | Space::Parameter => 0,
                };
                let address = value(*source);
                let address = if *to_space {
                    address.wrapping_sub(window)
                } else {
                    address.wrapping_add(window)
                };
                self.set(*destination, lane, address);
            }
            Operation::Load { access, address, destinations } => {
                let count = destinations.len();
                let address = self.address(machine, *address, lane);
                let (space, address) = locate(access.space, address, access.bytes * count)?;
                for (destination, address) in
                    destinations.iter().zip((address..).step_by(access.bytes))
                {
                    let bits = self.load(machine, space, address, access.bytes, lane)?;
                    let above = 64 - 8 * access.bytes as u32;
                    let bits = if access.signed {
                        (((bits << above) as i64) >> above).cast_unsigned()
                    } else {
                        bits
                    };
                    self.set(*destination, lane, bits);
                }
            }
            Operation::Store { access, address, sources } => {
                let address = self.address(machine, *address, lane);
                let (space, address) = locate(access.space, address, access.bytes * sources.len())?;
                for (&source, address) in sources.iter().zip((address..).step_by(access.bytes)) {
                    let bits = self.value(machine, source, lane);
                    self.store(machine, space, address, access.bytes, lane, bits)?;
                }
            }
            // The others are done for the whole warp.
            Operation::Compute { .. }
            | Operation::Vote { .. }
            | Operation::Barrier
            | Operation::Branch { .. }
            | Operation::Call { .. }
            | Operation::Return
            | Operation::Exit
            | Operation::Trap => {}
        }
        Ok(())
    }

    /// Counts an access to memory by the active lanes; other operations are none.
    pub(super) fn count_access(
        &self,
        machine: &mut Machine<'_>,
        operation: &Operation,
        active: Lanes,
    ) {
        let (access, address, count) = match operation {
            Operation::Load { access, address, destinations } => {
                (access, *address, destinations.len())
            }
            Operation::Store { access, address, sources } => (access, *address, sources.len()),
            _ => return,
        };
        let is_load = matches!(operation, Operation::Load { .. });
        let bytes = (access.bytes * count) as u64;
        let places = lanes(active).map(|lane| {
            let (space, address) = find_space(access.space, self.address(machine, address, lane));
            (space, lane, address)
        });
        let (mut global, mut shared, mut local) = (Vec::new(), Vec::new(), 0);
        for (space, lane, address) in places {
            match space {
                Space::Global | Space::Constant => global.push(address),
                Space::Shared => shared.push((lane, address)),
                Space::Local => local += bytes,
                Space::Parameter => {}
            }
        }
        let counters = &mut machine.counters;
        if !global.is_empty() {
            let traffic =
                if is_load { &mut counters.global_loads } else { &mut counters.global_stores };
            traffic.count(&global, bytes);
        }
        if !shared.is_empty() {
            counters.shared.count(&shared, bytes);
        }
        *(if is_load { &mut counters.local_loaded } else { &mut counters.local_stored }) += local;
    }

    /// The thread's number in its block, of which there are 1024 at most.
    fn number(&self, lane: usize) -> u16 {
        (self.first + lane) as u16
    }

    pub(super) fn address(&self, machine: &Machine<'_>, address: Address, lane: usize) -> u64 {
        self.value(machine, address.base, lane).wrapping_add_signed(address.offset)
    }

    fn load(
        &self,
        machine: &mut Machine<'_>,
        space: Space,
        address: u64,
        bytes: usize,
        lane: usize,
    ) -> Result<u64, FaultKind> {
        let place = place(space, address, bytes);
        match space {
            Space::Global | Space::Constant => machine.device.load(space, address, bytes),
            Space::Shared => machine.shared.load(place, self.number(lane)),
            Space::Local => self.local[lane].load(place),
            Space::Parameter => self.frames[self.frames.len() - 1].parameters[lane].load(place),
        }
    }

    fn store(
        &mut self,
        machine: &mut Machine<'_>,
        space: Space,
        address: u64,
        bytes: usize,
        lane: usize,
        bits: u64,
    ) -> Result<(), FaultKind> {
        let place = place(space, address, bytes);
        let frames = self.frames.len();
        match space {
            Space::Constant => Err(FaultKind::ReadOnly { space }),
            Space::Global => machine.device.store(address, bytes, bits),
            Space::Shared => machine.shared.store(place, bits, self.number(lane)),
            Space::Local => self.local[lane].store(place, bits),
            Space::Parameter => self.frames[frames - 1].parameters[lane].store(place, bits),
        }
    }
}

fn place(space: Space, address: u64, bytes: usize) -> Place {
    Place { space, address, offset: usize::try_from(address).unwrap_or(usize::MAX), bytes }
}

fn ones(bytes: usize) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// The memory of an address, and its place there.
pub(super) fn find_space(space: Option<Space>, address: u64) -> (Space, u64) {
    match space {
        Some(space) => (space, address),
        None if (SHARED_WINDOW..LOCAL_WINDOW).contains(&address) => {
            (Space::Shared, address - SHARED_WINDOW)
        }
        None if (LOCAL_WINDOW..LOCAL_END).contains(&address) => {
            (Space::Local, address - LOCAL_WINDOW)
        }
        None => (Space::Global, address),
    }
}

/// The same, where the address is aligned to the bytes accessed.
fn locate(space: Option<Space>, address: u64, bytes: usize) -> Result<(Space, u64), FaultKind> {
    let (space, address) = find_space(space, address);
    if address.is_multiple_of(bytes as u64) {
        Ok((space, address))
    } else {
        Err(FaultKind::Misaligned { space, address, bytes })
    }
}
