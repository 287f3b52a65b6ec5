//! Conversions between types.

use super::directed::{Direction, round};
use super::float::{bits_of, f32_of, f64_of, flushed};
use super::{Arithmetic, Compute, Operands};
use crate::kind::Kind;

/// A conversion.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversion {
    to: Kind,
    from: Kind,
    rounding: Rounding,
    flush: bool,
    saturate: bool,
}

/// What happens to digits that the new type has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    /// There are none, or the high bits of an integer are cut off.
    None,
    Nearest,
    Directed(Direction),
    ToInteger(ToInteger),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ToInteger {
    NearestEven,
    TowardsZero,
    Down,
    Up,
}

/// The conversion of `cvt`, whose last suffix is `from`.
pub(super) fn find(modifiers: &[&str], from: Kind) -> Option<Arithmetic> {
    let (&to, modifiers) = modifiers.split_last()?;
    let to = Kind::parse(to)?;
    let mut conversion =
        Conversion { to, from, rounding: Rounding::None, flush: false, saturate: false };
    let modifiers = match modifiers {
        [modifiers @ .., "sat"] => {
            conversion.saturate = true;
            modifiers
        }
        modifiers => modifiers,
    };
    let modifiers = match modifiers {
        [modifiers @ .., "ftz"] if [from, to].contains(&Kind::F32) => {
            conversion.flush = true;
            modifiers
        }
        modifiers => modifiers,
    };
    match *modifiers {
        [] => {}
        [name] => conversion.rounding = parse_rounding(name)?,
        _ => return None,
    }
    if [from, to].iter().any(|kind| matches!(kind, Kind::Bits(_) | Kind::Predicate)) {
        return None;
    }
    let known = match (is_float(from), is_float(to), conversion.rounding) {
        (false, false, Rounding::None) => !conversion.saturate,
        (false, true, Rounding::Nearest) => !conversion.saturate,
        (true, false, Rounding::ToInteger(_)) => !conversion.saturate,
        (true, true, Rounding::None) => from == to || (from, to) == (Kind::F32, Kind::F64),
        (true, true, Rounding::ToInteger(_)) => from == to,
        (true, true, Rounding::Nearest | Rounding::Directed(_)) => {
            (from, to) == (Kind::F64, Kind::F32)
        }
        _ => false,
    };
    known.then_some(Arithmetic { compute: Compute::Conversion(conversion), operands: 1 })
}

fn parse_rounding(name: &str) -> Option<Rounding> {
    Some(match name {
        "rn" => Rounding::Nearest,
        "rni" => Rounding::ToInteger(ToInteger::NearestEven),
        "rzi" => Rounding::ToInteger(ToInteger::TowardsZero),
        "rmi" => Rounding::ToInteger(ToInteger::Down),
        "rpi" => Rounding::ToInteger(ToInteger::Up),
        name => Rounding::Directed(Direction::parse(name)?),
    })
}

fn is_float(kind: Kind) -> bool {
    matches!(kind, Kind::F32 | Kind::F64)
}

impl Conversion {
    pub(super) fn apply(&self, [bits, ..]: Operands) -> u64 {
        match self.from {
            Kind::F32 if self.flush => self.convert_float(f64::from(flushed(f32_of(bits)))),
            Kind::F32 => self.convert_float(f64::from(f32_of(bits))),
            Kind::F64 => self.convert_float(f64_of(bits)),
            from => self.convert_integer(integer_of(bits, from)),
        }
    }

    fn convert_integer(&self, value: i128) -> u64 {
        match self.to {
            Kind::F32 => bits_of(value as f32),
            Kind::F64 => (value as f64).to_bits(),
            to => truncated(value as u64, to),
        }
    }

    fn convert_float(&self, value: f64) -> u64 {
        let value = match self.rounding {
            Rounding::ToInteger(ToInteger::NearestEven) => value.round_ties_even(),
            Rounding::ToInteger(ToInteger::TowardsZero) => value.trunc(),
            Rounding::ToInteger(ToInteger::Down) => value.floor(),
            Rounding::ToInteger(ToInteger::Up) => value.ceil(),
            Rounding::None | Rounding::Nearest | Rounding::Directed(_) => value,
        };
        let value = if !self.saturate {
            value
        } else if value.is_nan() {
            0.0
        } else {
            // A negative zero becomes a positive one.
            value.clamp(0.0, 1.0) + 0.0
        };
        match self.to {
            Kind::F32 => {
                let value = match self.rounding {
                    Rounding::Directed(direction) => round(value, 0.0, direction),
                    _ => value as f32,
                };
                bits_of(if self.flush { flushed(value) } else { value })
            }
            Kind::F64 => value.to_bits(),
            to => self.integer_bits(value, to),
        }
    }

    /// The nearest value in range. What is no number is zero, but for the longer types, where it is
    /// the highest bit.
    fn integer_bits(&self, value: f64, to: Kind) -> u64 {
        let bits = 8 * to.bytes() as u32;
        if value.is_nan() {
            let is_long = self.from == Kind::F64 || bits == 64;
            return if is_long { 1 << (bits - 1) } else { 0 };
        }
        let (least, greatest) = match to {
            Kind::Signed(_) => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            _ => (0, (1_i128 << bits) - 1),
        };
        truncated((value as i128).clamp(least, greatest) as u64, to)
    }
}

fn integer_of(bits: u64, kind: Kind) -> i128 {
    let above = 64 - 8 * kind.bytes() as u32;
    match kind {
        Kind::Signed(_) => i128::from(((bits << above) as i64) >> above),
        _ => i128::from((bits << above) >> above),
    }
}

fn truncated(bits: u64, kind: Kind) -> u64 {
    let above = 64 - 8 * kind.bytes() as u32;
    (bits << above) >> above
}
