//! What instructions compute: functions of bits, one per instruction and type.
//!
//! A register holds its value in its low bits; what lies above has no meaning, and every function
//! takes from an operand only the bits of its type.

mod approximate;
mod carry;
mod compare;
mod convert;
mod directed;
mod float;
mod integer;

pub(crate) use carry::Carry;

use crate::kind::Kind;
use compare::Comparison;
use convert::Conversion;

/// The bits of up to four operands; zeros where an instruction has fewer.
pub(crate) type Operands = [u64; 4];

/// What an instruction makes of its operands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Compute {
    Function(fn(Operands) -> u64),
    Comparison(Comparison),
    Conversion(Conversion),
}

impl Compute {
    /// The result, as bits.
    pub(crate) fn apply(&self, operands: Operands) -> u64 {
        match self {
            Self::Function(function) => function(operands),
            Self::Comparison(comparison) => comparison.apply(operands),
            Self::Conversion(conversion) => conversion.apply(operands),
        }
    }
}

/// An instruction's arithmetic, and how many operands it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arithmetic {
    pub(crate) compute: Compute,
    pub(crate) operands: usize,
}

fn unary(function: fn(Operands) -> u64) -> Arithmetic {
    Arithmetic { compute: Compute::Function(function), operands: 1 }
}

fn binary(function: fn(Operands) -> u64) -> Arithmetic {
    Arithmetic { compute: Compute::Function(function), operands: 2 }
}

fn ternary(function: fn(Operands) -> u64) -> Arithmetic {
    Arithmetic { compute: Compute::Function(function), operands: 3 }
}

fn quaternary(function: fn(Operands) -> u64) -> Arithmetic {
    Arithmetic { compute: Compute::Function(function), operands: 4 }
}

/// The arithmetic of an opcode such as `fma.rn.ftz.f32`; none where it has none or is not known.
pub(crate) fn find(opcode: &str) -> Option<Arithmetic> {
    let parts: Vec<_> = opcode.split('.').collect();
    let (&name, suffixes) = parts.split_first()?;
    let (&kind, modifiers) = suffixes.split_last()?;
    let kind = Kind::parse(kind)?;
    match (name, modifiers) {
        ("mov", []) if kind == Kind::Predicate || kind.bytes() > 1 => {
            return Some(unary(|[a, ..]| a));
        }
        ("selp", []) if kind.bytes() > 1 => {
            return Some(ternary(|[a, b, p, _]| if p & 1 == 1 { a } else { b }));
        }
        ("setp", modifiers) => return compare::find(modifiers, kind),
        ("cvt", modifiers) => return convert::find(modifiers, kind),
        _ => {}
    }
    match kind {
        Kind::F32 | Kind::F64 => float::find(name, modifiers, kind),
        _ => integer::find(name, modifiers, kind),
    }
}

/// The arithmetic of an opcode that reads or writes the carry flag, such as `madc.hi.cc.u32`.
pub(crate) fn find_carry(opcode: &str) -> Option<(Carry, usize)> {
    carry::find(opcode)
}
