//! Conversions between types.

use super::{Tested, doubles, flush, single, singles, values};
use crate::kind::Kind;

const INTEGERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x8000,
    0xffff_8001,
    0x0100_0001,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x0020_0000_0000_0001,
    0x8000_0000_0000_0000,
    u64::MAX,
];

const NAMES: [&str; 8] = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"];

pub(super) fn hold(tested: &mut Tested) {
    for from in NAMES {
        for to in NAMES {
            hold_integers(tested, to, from);
        }
        hold_to_floats(tested, from);
    }
    for to in NAMES {
        hold_to_integers(tested, to);
    }
    hold_integral(tested);
    hold_precisions(tested);
}

fn kind(name: &str) -> Kind {
    Kind::parse(name).unwrap_or_else(|| panic!("{name} is no type"))
}

/// The value of a type's bits.
fn value(name: &str, bits: u64) -> i128 {
    match name {
        "u8" => (bits as u8).into(),
        "u16" => (bits as u16).into(),
        "u32" => (bits as u32).into(),
        "u64" => bits.into(),
        "s8" => (bits as i8).into(),
        "s16" => (bits as i16).into(),
        "s32" => (bits as i32).into(),
        "s64" => (bits as i64).into(),
        _ => panic!("{name} is no type of integers"),
    }
}

fn hold_integers(tested: &mut Tested, to: &str, from: &str) {
    let given = [values(kind(from), &INTEGERS)];
    tested.hold(&format!("cvt.{to}.{from}"), kind(to), &given, |[bits, ..]| {
        Some((value(from, bits) & ((1 << (8 * kind(to).bytes())) - 1)) as u64)
    });
}

fn hold_to_floats(tested: &mut Tested, from: &str) {
    let given = [values(kind(from), &INTEGERS)];
    // From the widest of Rust's own that has the sign.
    let nearest = |bits: u64| match from.starts_with('s') {
        true => (value(from, bits) as i64 as f32, value(from, bits) as i64 as f64),
        false => (bits as f32, bits as f64),
    };
    for flush in ["", ".ftz"] {
        // No integer is subnormal.
        tested.hold(&format!("cvt.rn{flush}.f32.{from}"), Kind::F32, &given, |[bits, ..]| {
            Some(single(nearest(bits).0))
        });
    }
    tested.hold(&format!("cvt.rn.f64.{from}"), Kind::F64, &given, |[bits, ..]| {
        Some(nearest(bits).1.to_bits())
    });
}

fn integral(rounding: &str, value: f64) -> f64 {
    match rounding {
        "rni" => value.round_ties_even(),
        "rzi" => value.trunc(),
        "rmi" => value.floor(),
        "rpi" => value.ceil(),
        _ => panic!("{rounding} is no rounding"),
    }
}

/// The nearest value in range, as Rust's `as` has it, which makes zero of what is no number.
fn saturated(to: &str, value: f64) -> u64 {
    match to {
        "u8" => (value as u8).into(),
        "u16" => (value as u16).into(),
        "u32" => (value as u32).into(),
        "u64" => value as u64,
        "s8" => (value as i8 as u8).into(),
        "s16" => (value as i16 as u16).into(),
        "s32" => (value as i32 as u32).into(),
        "s64" => value as i64 as u64,
        _ => panic!("{to} is no type of integers"),
    }
}

fn hold_to_integers(tested: &mut Tested, to: &str) {
    let bits = 8 * kind(to).bytes();
    for rounding in ["rni", "rzi", "rmi", "rpi"] {
        let given = singles();
        let given = [values(Kind::F32, &given)];
        // What is no number is zero, but where one of the types is long.
        let of_nan = if bits == 64 { 1 << 63 } else { 0 };
        for flushing in [false, true] {
            let ftz = if flushing { ".ftz" } else { "" };
            let opcode = format!("cvt.{rounding}{ftz}.{to}.f32");
            tested.hold(&opcode, kind(to), &given, |[bits, ..]| {
                let value = f32::from_bits(bits as u32);
                let value = if flushing { flush(value) } else { value };
                let value = integral(rounding, f64::from(value));
                Some(if value.is_nan() { of_nan } else { saturated(to, value) })
            });
        }
        let given = doubles();
        let given = [values(Kind::F64, &given)];
        let opcode = format!("cvt.{rounding}.{to}.f64");
        tested.hold(&opcode, kind(to), &given, |[given, ..]| {
            let value = integral(rounding, f64::from_bits(given));
            Some(if value.is_nan() { 1 << (bits - 1) } else { saturated(to, value) })
        });
    }
}

/// The end of the range from 0 to 1 that is nearest; zero for what is no number.
fn unit(value: f64) -> f64 {
    if value >= 1.0 {
        1.0
    } else if value > 0.0 {
        value
    } else {
        0.0
    }
}

/// Conversions within one precision.
fn hold_integral(tested: &mut Tested) {
    for rounding in ["", "rni", "rzi", "rmi", "rpi"] {
        let round = |value| if rounding.is_empty() { value } else { integral(rounding, value) };
        let mode = if rounding.is_empty() { String::new() } else { format!(".{rounding}") };
        for saturating in [false, true] {
            let sat = if saturating { ".sat" } else { "" };
            let finish = |value| if saturating { unit(value) } else { value };
            for flushing in [false, true] {
                let given = singles();
                let given = [values(Kind::F32, &given)];
                let ftz = if flushing { ".ftz" } else { "" };
                let opcode = format!("cvt{mode}{ftz}{sat}.f32.f32");
                tested.hold(&opcode, Kind::F32, &given, |[bits, ..]| {
                    let value = f32::from_bits(bits as u32);
                    let value = if flushing { flush(value) } else { value };
                    Some(single(finish(round(f64::from(value))) as f32))
                });
            }
            let given = doubles();
            let given = [values(Kind::F64, &given)];
            let opcode = format!("cvt{mode}{sat}.f64.f64");
            tested.hold(&opcode, Kind::F64, &given, |[bits, ..]| {
                Some(finish(round(f64::from_bits(bits))).to_bits())
            });
        }
    }
}

/// The `f32` on one side of a value, or nearest to it.
fn narrowed(rounding: &str, value: f64) -> f32 {
    let nearest = value as f32;
    if value.is_infinite() || value.is_nan() {
        return nearest;
    }
    let below = if f64::from(nearest) > value { nearest.next_down() } else { nearest };
    let above = if f64::from(nearest) < value { nearest.next_up() } else { nearest };
    let (below, above) = (
        if below == 0.0 { below.copysign(value as f32) } else { below },
        if above == 0.0 { above.copysign(value as f32) } else { above },
    );
    match rounding {
        "rn" => nearest,
        "rm" => below,
        "rp" => above,
        "rz" if value.is_sign_negative() => above,
        "rz" => below,
        _ => panic!("{rounding} is no rounding"),
    }
}

fn hold_precisions(tested: &mut Tested) {
    for saturating in [false, true] {
        let sat = if saturating { ".sat" } else { "" };
        let finish = |value| if saturating { unit(value) } else { value };
        for flushing in [false, true] {
            let ftz = if flushing { ".ftz" } else { "" };
            let flushed = |value| if flushing { flush(value) } else { value };
            let given = doubles();
            let given = [values(Kind::F64, &given)];
            for rounding in ["rn", "rm", "rp", "rz"] {
                let opcode = format!("cvt.{rounding}{ftz}{sat}.f32.f64");
                tested.hold(&opcode, Kind::F32, &given, |[bits, ..]| {
                    let value = finish(f64::from_bits(bits));
                    Some(single(flushed(narrowed(rounding, value))))
                });
            }
            let given = singles();
            let given = [values(Kind::F32, &given)];
            let opcode = format!("cvt{ftz}{sat}.f64.f32");
            tested.hold(&opcode, Kind::F64, &given, |[bits, ..]| {
                let value = flushed(f32::from_bits(bits as u32));
                Some(finish(f64::from(value)).to_bits())
            });
        }
    }
}
