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
    for &modifier in modifiers {
        match modifier {
            "ftz" => conversion.flush = true,
            "sat" => conversion.saturate = true,
            name => conversion.rounding = parse_rounding(name)?,
        }
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

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    const FLOATS: [f64; 20] = [
        0.0,
        -0.0,
        0.5,
        -0.5,
        1.5,
        2.5,
        -2.5,
        0.499_999_999_999_999_94,
        1e10,
        -1e10,
        2_147_483_647.5,
        -2_147_483_648.5,
        4_294_967_295.5,
        9.3e18,
        -9.3e18,
        1e300,
        1e-300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.1,
    ];

    fn compute(opcode: &str, bits: u64) -> u64 {
        let found = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        found.compute.apply([bits, 0, 0, 0])
    }

    #[test]
    fn integers_are_extended_and_cut_off() {
        for value in [0, 1, 0x7f, 0x80, 0xff, 0x8000, 0x8000_0000, 0xffff_ffff, u64::MAX] {
            assert_eq!(compute("cvt.s64.s32", value), i64::from(value as i32) as u64);
            assert_eq!(compute("cvt.u64.u32", value), u64::from(value as u32));
            assert_eq!(compute("cvt.u32.u64", value), u64::from(value as u32));
            assert_eq!(compute("cvt.s32.s8", value), u64::from(i32::from(value as i8) as u32));
            assert_eq!(compute("cvt.u16.u32", value), u64::from(value as u16));
            assert_eq!(compute("cvt.u32.u16", value), u64::from(value as u16));
        }
    }

    #[test]
    fn integers_become_the_nearest_float() {
        for value in [0, 1, -1, 16_777_217, -16_777_219, i32::MAX, i32::MIN] {
            let bits = u64::from(value as u32);
            assert_eq!(compute("cvt.rn.f32.s32", bits), u64::from((value as f32).to_bits()));
            assert_eq!(compute("cvt.rn.f64.s32", bits), f64::from(value).to_bits());
            let unsigned = value as u32;
            assert_eq!(compute("cvt.rn.f32.u32", bits), u64::from((unsigned as f32).to_bits()));
        }
        for value in [i64::MAX, i64::MIN, (1 << 53) + 1, -1] {
            assert_eq!(compute("cvt.rn.f64.s64", value as u64), (value as f64).to_bits());
            let single = u64::from((value as f32).to_bits());
            assert_eq!(compute("cvt.rn.f32.s64", value as u64), single);
            assert_eq!(compute("cvt.rn.f64.u64", value as u64), (value as u64 as f64).to_bits());
        }
    }

    #[test]
    fn floats_become_integers_in_range() {
        for value in FLOATS {
            let bits = value.to_bits();
            let even = value.round_ties_even();
            assert_eq!(compute("cvt.rzi.s32.f64", bits), u64::from(value as i32 as u32), "{value}");
            assert_eq!(compute("cvt.rzi.u32.f64", bits), u64::from(value as u32), "{value}");
            assert_eq!(compute("cvt.rzi.s64.f64", bits), value as i64 as u64, "{value}");
            assert_eq!(compute("cvt.rni.s32.f64", bits), u64::from(even as i32 as u32), "{value}");
            assert_eq!(compute("cvt.rmi.s64.f64", bits), value.floor() as i64 as u64, "{value}");
            assert_eq!(compute("cvt.rpi.u64.f64", bits), value.ceil() as u64, "{value}");
            let single = value as f32;
            let bits = u64::from(single.to_bits());
            assert_eq!(compute("cvt.rzi.ftz.s32.f32", bits), u64::from(single as i32 as u32));
            assert_eq!(compute("cvt.rzi.s64.f32", bits), single as i64 as u64);
        }
    }

    #[test]
    fn what_is_no_number_depends_on_the_widths() {
        let (single, double) = (u64::from(f32::NAN.to_bits()), f64::NAN.to_bits());
        assert_eq!(compute("cvt.rzi.s32.f32", single), 0);
        assert_eq!(compute("cvt.rzi.s64.f32", single), 1 << 63);
        assert_eq!(compute("cvt.rzi.s32.f64", double), 1 << 31);
        assert_eq!(compute("cvt.rn.f32.f64", double), 0x7fff_ffff);
        assert_eq!(compute("cvt.ftz.sat.f32.f32", single), 0);
    }

    #[test]
    fn floats_round_to_integral_values() {
        for value in FLOATS {
            let bits = value.to_bits();
            assert_eq!(compute("cvt.rni.f64.f64", bits), value.round_ties_even().to_bits());
            assert_eq!(compute("cvt.rzi.f64.f64", bits), value.trunc().to_bits());
            assert_eq!(compute("cvt.rmi.f64.f64", bits), value.floor().to_bits());
            assert_eq!(compute("cvt.rpi.f64.f64", bits), value.ceil().to_bits());
        }
    }

    #[test]
    fn precision_changes_with_rounding_and_flushing() {
        for value in FLOATS {
            let nearest = value as f32;
            let bits = value.to_bits();
            assert_eq!(compute("cvt.rn.f32.f64", bits), u64::from(nearest.to_bits()), "{value}");
            let down = f32::from_bits(compute("cvt.rm.f32.f64", bits) as u32);
            let up = f32::from_bits(compute("cvt.rp.f32.f64", bits) as u32);
            assert!(f64::from(down) <= value && value <= f64::from(up), "{value}: {down} {up}");
            let zero = f32::from_bits(compute("cvt.rz.f32.f64", bits) as u32);
            assert_eq!(zero, if value < 0.0 { up } else { down }, "{value}");
            let widened = compute("cvt.f64.f32", u64::from(nearest.to_bits()));
            assert_eq!(widened, f64::from(nearest).to_bits());
        }
        let tiny = f32::from_bits(0x8000_0001);
        assert_eq!(compute("cvt.ftz.f64.f32", 0x8000_0001), (-0.0_f64).to_bits());
        assert_eq!(compute("cvt.rn.ftz.f32.f64", f64::from(tiny).to_bits()), 0x8000_0000);
        assert_eq!(compute("cvt.rn.f32.f64", f64::from(tiny).to_bits()), 0x8000_0001);
    }

    #[test]
    fn saturation_ends_at_zero_and_one() {
        for (value, expected) in [(-1.0_f32, 0.0_f32), (-0.0, 0.0), (0.25, 0.25), (7.0, 1.0)] {
            let found = compute("cvt.sat.f32.f32", u64::from(value.to_bits()));
            assert_eq!(found, u64::from(expected.to_bits()), "{value}");
        }
    }

    #[test]
    fn conversions_without_a_needed_rounding_are_not_known() {
        for opcode in ["cvt.f32.s32", "cvt.s32.f32", "cvt.f32.f64", "cvt.rn.f64.f32", "cvt.u32"] {
            assert!(find(opcode).is_none(), "{opcode}");
        }
    }
}
