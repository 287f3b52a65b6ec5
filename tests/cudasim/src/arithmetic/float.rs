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
    let (flush, modifiers) = match modifiers {
        [modifiers @ .., "ftz"] => (true, modifiers),
        modifiers => (false, modifiers),
    };
    match (kind, flush) {
        (Kind::F32, false) => nearest::<Single>(name, modifiers)
            .or_else(|| directed::find::<Single>(name, modifiers))
            .or_else(|| approximate::find::<Single>(name, modifiers))
            .or_else(|| approximate::find_unflushed(name, modifiers)),
        (Kind::F32, true) => nearest::<Flushing>(name, modifiers)
            .or_else(|| directed::find::<Flushing>(name, modifiers))
            .or_else(|| approximate::find::<Flushing>(name, modifiers)),
        (Kind::F64, false) => nearest::<Double>(name, modifiers),
        (Kind::F64, true) => approximate::find_double(name, modifiers),
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
