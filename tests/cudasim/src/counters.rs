//! What a kernel's execution took: the same on every machine.

use std::ops::AddAssign;

use crate::kind::Kind;
use crate::module::LANES;

/// Bytes of a sector, the unit in which global memory moves.
const SECTOR: u64 = 32;
/// Banks of shared memory.
const BANKS: u64 = 32;
/// Bytes of a bank's words.
const BANK_WORD: u64 = 4;

/// What the executed instructions of a class are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Integer,
    F32,
    F64,
    Move,
    Conversion,
    Memory,
    Control,
}

impl Class {
    /// The class of an opcode.
    pub(crate) fn of(opcode: &str) -> Self {
        let mut parts = opcode.split('.');
        match parts.next().unwrap_or_default() {
            "ld" | "st" => Self::Memory,
            "mov" | "selp" | "cvta" => Self::Move,
            "cvt" => Self::Conversion,
            "bra" | "call" | "ret" | "exit" | "trap" | "bar" | "barrier" | "vote" => Self::Control,
            _ => match parts.next_back().and_then(Kind::parse) {
                Some(Kind::F32) => Self::F32,
                Some(Kind::F64) => Self::F64,
                _ => Self::Integer,
            },
        }
    }
}

/// Instructions that threads execute, by class: each counts once for every thread that comes
/// to it, whether or not its guard lets it through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Instructions {
    /// Integers and bits, predicates among them.
    pub integer: u64,
    /// Arithmetic and comparisons of `f32`.
    pub f32: u64,
    /// Arithmetic and comparisons of `f64`.
    pub f64: u64,
    /// Moves and selections.
    pub moves: u64,
    /// Conversions between types.
    pub conversions: u64,
    /// Loads and stores.
    pub memory: u64,
    /// Branches, calls, barriers and votes.
    pub control: u64,
}

impl Instructions {
    /// Of all classes.
    pub fn total(&self) -> u64 {
        let Self { integer, f32, f64, moves, conversions, memory, control } = self;
        integer + f32 + f64 + moves + conversions + memory + control
    }

    fn of(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Integer => &mut self.integer,
            Class::F32 => &mut self.f32,
            Class::F64 => &mut self.f64,
            Class::Move => &mut self.moves,
            Class::Conversion => &mut self.conversions,
            Class::Memory => &mut self.memory,
            Class::Control => &mut self.control,
        }
    }
}

/// Accesses of warps to global memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GlobalTraffic {
    /// Instructions of warps.
    pub requests: u64,
    /// Sectors of 32 bytes that they move.
    pub sectors: u64,
    /// The fewest sectors that hold the bytes that they ask for.
    pub least_sectors: u64,
}

/// Accesses of warps to shared memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct SharedTraffic {
    /// Instructions of warps.
    pub requests: u64,
    /// Passes that they take: one serves each bank once.
    pub transactions: u64,
    /// Passes beyond those that their bytes alone would take.
    pub conflicts: u64,
}

/// What a kernel's execution took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counters {
    /// Instructions of threads.
    pub instructions: Instructions,
    /// Instructions of warps: each counts once, however many lanes come to it.
    pub warp_instructions: u64,
    /// Loads from global and constant memory.
    pub global_loads: GlobalTraffic,
    /// Stores to global memory.
    pub global_stores: GlobalTraffic,
    /// Loads from and stores to shared memory.
    pub shared: SharedTraffic,
    /// Bytes that threads load from local memory.
    pub local_loaded: u64,
    /// Bytes that threads store to local memory.
    pub local_stored: u64,
}

impl Counters {
    /// The share of lanes that come to the instructions of warps: 1 where all always do.
    pub fn warp_efficiency(&self) -> f64 {
        let lanes = self.warp_instructions.max(1) * LANES as u64;
        self.instructions.total() as f64 / lanes as f64
    }

    pub(crate) fn count_instruction(&mut self, class: Class, lanes: u32) {
        *self.instructions.of(class) += u64::from(lanes);
        self.warp_instructions += 1;
    }
}

impl GlobalTraffic {
    /// Counts an access of a warp: `bytes` at each of its lanes' addresses.
    pub(crate) fn count(&mut self, addresses: &[u64], bytes: u64) {
        let sectors = units(addresses, bytes, SECTOR);
        self.requests += 1;
        self.sectors += sectors.len() as u64;
        self.least_sectors += (units(addresses, bytes, 1).len() as u64).div_ceil(SECTOR);
    }
}

impl SharedTraffic {
    /// Counts an access of a warp: `bytes` at each of its lanes' addresses. Elements of 8 bytes are
    /// served for half of the warp at a time, of 16 bytes for a quarter.
    pub(crate) fn count(&mut self, addresses: &[(usize, u64)], bytes: u64) {
        let lanes_at_once = LANES / (bytes / BANK_WORD).clamp(1, 4) as usize;
        self.requests += 1;
        for start in (0..LANES).step_by(lanes_at_once) {
            let served = start..start + lanes_at_once;
            let group = addresses.iter().filter(|(lane, _)| served.contains(lane));
            let group: Vec<_> = group.map(|&(_, address)| address).collect();
            let words = units(&group, bytes, BANK_WORD);
            let of_bank = |bank| words.iter().filter(|&word| word % BANKS == bank).count();
            let passes = (0..BANKS).map(of_bank).max().unwrap_or(0) as u64;
            self.transactions += passes;
            self.conflicts += passes.saturating_sub(1);
        }
    }
}

/// The units of so many bytes that accesses touch, each once.
fn units(addresses: &[u64], bytes: u64, unit: u64) -> Vec<u64> {
    let touched = |&address: &u64| address / unit..=address.saturating_add(bytes - 1) / unit;
    let mut units: Vec<_> = addresses.iter().flat_map(touched).collect();
    units.sort_unstable();
    units.dedup();
    units
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        for class in [
            Class::Integer,
            Class::F32,
            Class::F64,
            Class::Move,
            Class::Conversion,
            Class::Memory,
            Class::Control,
        ] {
            let mut of_other = other.instructions;
            *self.instructions.of(class) += *of_other.of(class);
        }
        self.warp_instructions += other.warp_instructions;
        for (mine, others) in [
            (&mut self.global_loads, other.global_loads),
            (&mut self.global_stores, other.global_stores),
        ] {
            mine.requests += others.requests;
            mine.sectors += others.sectors;
            mine.least_sectors += others.least_sectors;
        }
        self.shared.requests += other.shared.requests;
        self.shared.transactions += other.shared.transactions;
        self.shared.conflicts += other.shared.conflicts;
        self.local_loaded += other.local_loaded;
        self.local_stored += other.local_stored;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global(bytes: u64, address: impl Fn(u64) -> u64) -> (u64, u64) {
        let mut traffic = GlobalTraffic::default();
        traffic.count(&(0..32).map(address).collect::<Vec<_>>(), bytes);
        assert_eq!(traffic.requests, 1);
        (traffic.sectors, traffic.least_sectors)
    }

    fn conflicts(bytes: u64, address: impl Fn(u64) -> u64) -> (u64, u64) {
        let mut traffic = SharedTraffic::default();
        let addresses: Vec<_> = (0..32).map(|lane| (lane as usize, address(lane))).collect();
        traffic.count(&addresses, bytes);
        (traffic.transactions, traffic.conflicts)
    }

    #[test]
    fn neighbours_share_sectors() {
        assert_eq!(global(4, |lane| 4096 + 4 * lane), (4, 4));
        assert_eq!(global(8, |lane| 4096 + 8 * lane), (8, 8));
        assert_eq!(global(4, |lane| 4096 + 4 + 4 * lane), (5, 4));
        assert_eq!(global(4, |lane| 4096 + 32 * lane), (32, 4));
        assert_eq!(global(4, |_| 4096), (1, 1));
    }

    #[test]
    fn strides_that_share_a_factor_with_the_banks_conflict() {
        assert_eq!(conflicts(4, |lane| 4 * lane), (1, 0));
        assert_eq!(conflicts(4, |lane| 4 * 7 * lane), (1, 0));
        assert_eq!(conflicts(4, |lane| 4 * 8 * lane), (8, 7));
        assert_eq!(conflicts(4, |lane| 4 * 32 * lane), (32, 31));
        assert_eq!(conflicts(4, |_| 0), (1, 0), "one word is read by all at once");
        assert_eq!(conflicts(8, |lane| 8 * 5 * lane), (2, 0));
        assert_eq!(conflicts(8, |lane| 8 * 4 * lane), (8, 6));
        assert_eq!(conflicts(16, |lane| 16 * lane), (4, 0));
    }

    #[test]
    fn opcodes_have_classes() {
        for (opcode, class) in [
            ("fma.rn.ftz.f32", Class::F32),
            ("setp.lt.f64", Class::F64),
            ("and.pred", Class::Integer),
            ("mad.wide.s32", Class::Integer),
            ("ld.global.f64", Class::Memory),
            ("mov.f32", Class::Move),
            ("cvt.rn.f32.s32", Class::Conversion),
            ("bra.uni", Class::Control),
        ] {
            assert_eq!(Class::of(opcode), class, "{opcode}");
        }
    }

    #[test]
    fn counters_add_up() {
        let mut sum = Counters::default();
        let mut one = Counters { local_loaded: 3, ..Counters::default() };
        one.count_instruction(Class::F64, 16);
        one.global_stores.count(&[0, 4], 4);
        one.shared.count(&[(0, 0), (1, 128)], 4);
        sum += one;
        assert_eq!(sum, one);
        sum += one;
        assert_eq!((sum.instructions.f64, sum.warp_instructions, sum.local_loaded), (32, 2, 6));
        assert_eq!((sum.shared.transactions, sum.global_stores.sectors), (4, 2));
        assert_eq!(sum.warp_efficiency(), 0.5);
    }
}
