//! Floating point, rounded to nearest unless an instruction says otherwise.
//!
//! `.ftz` makes zeros of subnormal operands and results; their signs stay. In `f32`, every result
//! that is no number is the same one.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Arithmetic, approximate, binary, directed, ternary, unary};
use crate::kind::Kind;

/// What every `f32` result that is no number looks like.
const NAN: u32 = 0x7fff_ffff;

const SIGN: u32 = 1 << 31;

pub(super) fn f32_of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

pub(super) fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

/// Tells what is no number by its bits: rustc 1.95 was seen to lose `is_nan` of a square root when
/// it optimises.
pub(super) fn bits_of(value: f32) -> u64 {
    let bits = value.to_bits();
    let is_number = bits & !SIGN <= f32::INFINITY.to_bits();
    u64::from(if is_number { bits } else { NAN })
}

/// Zero of the same sign where the value is subnormal.
pub(super) fn flushed(value: f32) -> f32 {
    if value.is_subnormal() { 0.0_f32.copysign(value) } else { value }
}

/// How values lie in registers.
pub(super) trait Format {
    type Value: Real;

    fn load(bits: u64) -> Self::Value;
    fn store(value: Self::Value) -> u64;
}

/// `f32`.
pub(super) enum Single {}

/// `f32` that flushes subnormals.
pub(super) enum Flushing {}

/// `f64`.
enum Double {}

impl Format for Single {
    type Value = f32;

    fn load(bits: u64) -> f32 {
        f32_of(bits)
    }

    fn store(value: f32) -> u64 {
        bits_of(value)
    }
}

impl Format for Flushing {
    type Value = f32;

    fn load(bits: u64) -> f32 {
        flushed(f32_of(bits))
    }

    fn store(value: f32) -> u64 {
        bits_of(flushed(value))
    }
}

impl Format for Double {
    type Value = f64;

    fn load(bits: u64) -> f64 {
        f64_of(bits)
    }

    fn store(value: f64) -> u64 {
        value.to_bits()
    }
}

/// What `f32` and `f64` have in common.
pub(super) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ONE: Self;

    fn fused(self, factor: Self, summand: Self) -> Self;
    fn root(self) -> Self;
    fn magnitude(self) -> Self;
    fn is_negative(self) -> bool;
    fn is_number(self) -> bool;
}

macro_rules! reals {
    ($($real:ty),*) => { $(
        impl Real for $real {
            const ONE: Self = 1.0;

            fn fused(self, factor: Self, summand: Self) -> Self {
                self.mul_add(factor, summand)
            }

            fn root(self) -> Self {
                self.sqrt()
            }

            fn magnitude(self) -> Self {
                self.abs()
            }

            fn is_negative(self) -> bool {
                self.is_sign_negative()
            }

            fn is_number(self) -> bool {
                !self.is_nan()
            }
        }
    )* };
}

reals!(f32, f64);

pub(super) fn find(name: &str, modifiers: &[&str], kind: Kind) -> Option<Arithmetic> {
    let flush = modifiers.contains(&"ftz");
    let modifiers: Vec<_> = modifiers.iter().copied().filter(|&word| word != "ftz").collect();
    match (kind, flush) {
        (Kind::F32, false) => nearest::<Single>(name, &modifiers)
            .or_else(|| directed::find::<Single>(name, &modifiers))
            .or_else(|| approximate::find::<Single>(name, &modifiers)),
        (Kind::F32, true) => nearest::<Flushing>(name, &modifiers)
            .or_else(|| directed::find::<Flushing>(name, &modifiers))
            .or_else(|| approximate::find::<Flushing>(name, &modifiers)),
        (Kind::F64, false) => nearest::<Double>(name, &modifiers),
        (Kind::F64, true) => approximate::find_double(name, &modifiers),
        _ => None,
    }
}

fn nearest<F: Format>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("add", [] | ["rn"]) => binary(|[a, b, ..]| F::store(F::load(a) + F::load(b))),
        ("sub", [] | ["rn"]) => binary(|[a, b, ..]| F::store(F::load(a) - F::load(b))),
        ("mul", [] | ["rn"]) => binary(|[a, b, ..]| F::store(F::load(a) * F::load(b))),
        ("div", ["rn"]) => binary(|[a, b, ..]| F::store(F::load(a) / F::load(b))),
        ("fma", ["rn"]) => {
            ternary(|[a, b, c, _]| F::store(F::load(a).fused(F::load(b), F::load(c))))
        }
        ("sqrt", ["rn"]) => unary(|[a, ..]| F::store(F::load(a).root())),
        ("rcp", ["rn"]) => unary(|[a, ..]| F::store(F::Value::ONE / F::load(a))),
        ("neg", []) => unary(|[a, ..]| F::store(-F::load(a))),
        ("abs", []) => unary(|[a, ..]| F::store(F::load(a).magnitude())),
        ("min", []) => binary(|[a, b, ..]| F::store(minimum(F::load(a), F::load(b)))),
        ("max", []) => binary(|[a, b, ..]| F::store(-minimum(-F::load(a), -F::load(b)))),
        _ => return None,
    })
}

/// The smaller one; the number where only one is; of two zeros, the negative one.
fn minimum<R: Real>(a: R, b: R) -> R {
    if !b.is_number() || a < b || (a == b && a.is_negative()) || !(a.is_number() || b.is_number()) {
        a
    } else {
        b
    }
}

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    const DIRTY: u64 = 0xdead_beef_0000_0000;

    const VALUES: [f32; 17] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        3.0,
        0.1,
        16_777_217.0,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        // The largest subnormal and the smallest.
        1.175_494_2e-38,
        -1e-45,
        1e-20,
        -1e20,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];

    fn compute(opcode: &str, operands: [u64; 4]) -> u64 {
        let found = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        found.compute.apply(operands)
    }

    fn f32s(opcode: &str, a: f32, b: f32, c: f32) -> u32 {
        let [a, b, c] = [a, b, c].map(|x| u64::from(x.to_bits()) | DIRTY);
        let bits = compute(opcode, [a, b, c, 0]);
        u32::try_from(bits).unwrap()
    }

    fn canonical(value: f32) -> u32 {
        let bits = value.to_bits();
        let is_nan = bits & 0x7fff_ffff > f32::INFINITY.to_bits();
        if is_nan { 0x7fff_ffff } else { bits }
    }

    fn flush(value: f32) -> f32 {
        if value.abs() < f32::MIN_POSITIVE { 0.0_f32.copysign(value) } else { value }
    }

    /// Holds an instruction, with flushing and without and in both precisions, against Rust's.
    fn check(
        opcode: &str,
        single: impl Fn(f32, f32, f32) -> f32,
        double: impl Fn(f64, f64, f64) -> f64,
    ) {
        for a in VALUES {
            for b in VALUES {
                for c in VALUES {
                    let what = format!("{opcode} of {a:e}, {b:e} and {c:e}");
                    let found = f32s(&format!("{opcode}.f32"), a, b, c);
                    assert_eq!(found, canonical(single(a, b, c)), "{what}");
                    let found = f32s(&format!("{opcode}.ftz.f32"), a, b, c);
                    let expected = flush(single(flush(a), flush(b), flush(c)));
                    assert_eq!(found, canonical(expected), "{what}, flushing");
                    let [a, b, c] = [a, b, c].map(f64::from);
                    let operands = [a.to_bits(), b.to_bits(), c.to_bits(), 0];
                    let found = f64::from_bits(compute(&format!("{opcode}.f64"), operands));
                    let expected = double(a, b, c);
                    let same = found.to_bits() == expected.to_bits();
                    assert!(same || (found.is_nan() && expected.is_nan()), "{what}, f64: {found}");
                }
            }
        }
    }

    #[test]
    fn results_are_rusts_rounded_to_nearest() {
        check("add.rn", |a, b, _| a + b, |a, b, _| a + b);
        check("sub.rn", |a, b, _| a - b, |a, b, _| a - b);
        check("mul.rn", |a, b, _| a * b, |a, b, _| a * b);
        check("div.rn", |a, b, _| a / b, |a, b, _| a / b);
        check("fma.rn", f32::mul_add, f64::mul_add);
        check("sqrt.rn", |a, _, _| a.sqrt(), |a, _, _| a.sqrt());
        check("rcp.rn", |a, _, _| 1.0 / a, |a, _, _| 1.0 / a);
        check("neg", |a, _, _| -a, |a, _, _| -a);
        check("abs", |a, _, _| a.abs(), |a, _, _| a.abs());
    }

    #[test]
    fn a_minimum_prefers_numbers_and_negative_zeros() {
        for (a, b, least, greatest) in [
            (1.0, 2.0, 1.0, 2.0),
            (f32::NAN, 2.0, 2.0, 2.0),
            (1.0, f32::NAN, 1.0, 1.0),
            (0.0, -0.0, -0.0, 0.0),
            (-0.0, 0.0, -0.0, 0.0),
            (f32::NEG_INFINITY, f32::MIN, f32::NEG_INFINITY, f32::MIN),
        ] {
            assert_eq!(f32s("min.f32", a, b, 0.0), f32::to_bits(least), "min of {a} and {b}");
            assert_eq!(
                f32s("max.ftz.f32", a, b, 0.0),
                f32::to_bits(greatest),
                "max of {a} and {b}"
            );
        }
        assert_eq!(f32s("min.f32", f32::NAN, -f32::NAN, 0.0), 0x7fff_ffff);
        assert_eq!(f32s("max.f32", f32::NAN, f32::NAN, 0.0), 0x7fff_ffff);
    }

    #[test]
    fn f64_does_not_flush() {
        let tiny = f64::from_bits(1);
        let sum = compute("add.rn.f64", [tiny.to_bits(), tiny.to_bits(), 0, 0]);
        assert_eq!(sum, 2);
        for opcode in ["add.rn.ftz.f64", "fma.f32", "div.f32", "add.rn.sat.f32"] {
            assert!(find(opcode).is_none(), "{opcode}");
        }
    }
}
