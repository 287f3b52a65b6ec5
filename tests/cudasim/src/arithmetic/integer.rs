//! Integers, and bits as such. Results wrap.

use super::{Arithmetic, binary, quaternary, ternary, unary};
use crate::kind::Kind;

/// A type of integers.
trait Integer {
    const BITS: u32;
    const SIGNED: bool;

    fn wide(bits: u64) -> i128;
    fn narrow(value: i128) -> u64;
}

macro_rules! integers {
    ($($signed:ty, $unsigned:ty;)*) => { $(
        impl Integer for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;
            const SIGNED: bool = false;

            fn wide(bits: u64) -> i128 {
                i128::from(bits as $unsigned)
            }

            fn narrow(value: i128) -> u64 {
                u64::from(value as $unsigned)
            }
        }

        impl Integer for $signed {
            const BITS: u32 = <$signed>::BITS;
            const SIGNED: bool = true;

            fn wide(bits: u64) -> i128 {
                i128::from(bits as $signed)
            }

            fn narrow(value: i128) -> u64 {
                u64::from(value as $unsigned)
            }
        }
    )* };
}

integers! { i16, u16; i32, u32; i64, u64; }

pub(super) fn find(name: &str, modifiers: &[&str], kind: Kind) -> Option<Arithmetic> {
    match kind {
        Kind::Predicate => of_predicates(name, modifiers),
        Kind::Bits(2) => of_bits::<u16>(name, modifiers),
        Kind::Bits(4) => of_bits::<u32>(name, modifiers),
        Kind::Bits(8) => of_bits::<u64>(name, modifiers),
        Kind::Unsigned(2) => of_integers::<u16>(name, modifiers),
        Kind::Unsigned(4) => of_integers::<u32>(name, modifiers),
        Kind::Unsigned(8) => of_integers::<u64>(name, modifiers),
        Kind::Signed(2) => of_integers::<i16>(name, modifiers),
        Kind::Signed(4) => of_integers::<i32>(name, modifiers),
        Kind::Signed(8) => of_integers::<i64>(name, modifiers),
        _ => None,
    }
}

fn of_predicates(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("and", []) => binary(|[a, b, ..]| a & b & 1),
        ("or", []) => binary(|[a, b, ..]| (a | b) & 1),
        ("xor", []) => binary(|[a, b, ..]| (a ^ b) & 1),
        ("not", []) => unary(|[a, ..]| !a & 1),
        _ => return None,
    })
}

fn of_bits<T: Integer>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("and", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) & T::wide(b))),
        ("or", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) | T::wide(b))),
        ("xor", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) ^ T::wide(b))),
        ("not", []) => unary(|[a, ..]| T::narrow(!T::wide(a))),
        ("shl", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) << amount::<T>(b))),
        ("shr", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) >> amount::<T>(b))),
        ("popc", []) if T::BITS > 16 => unary(|[a, ..]| u64::from(T::wide(a).count_ones())),
        ("clz", []) if T::BITS > 16 => {
            unary(|[a, ..]| u64::from(T::wide(a).leading_zeros() + T::BITS - i128::BITS))
        }
        ("bfi", []) if T::BITS > 16 => {
            quaternary(|[a, b, start, length]| insert::<T>(a, b, start, length))
        }
        _ => return None,
    })
}

fn of_integers<T: Integer>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("add", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) + T::wide(b))),
        ("sub", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) - T::wide(b))),
        ("mul", ["lo"]) => binary(|[a, b, ..]| T::narrow(product::<T>(a, b))),
        ("mul", ["hi"]) => binary(|[a, b, ..]| T::narrow(product::<T>(a, b) >> T::BITS)),
        ("mul", ["wide"]) if T::BITS < 64 => binary(|[a, b, ..]| product::<T>(a, b) as u64),
        ("mad", ["lo"]) => {
            ternary(|[a, b, c, _]| T::narrow(product::<T>(a, b).wrapping_add(T::wide(c))))
        }
        ("mad", ["hi"]) => {
            ternary(|[a, b, c, _]| T::narrow((product::<T>(a, b) >> T::BITS) + T::wide(c)))
        }
        ("mad", ["wide"]) if T::BITS < 64 => {
            ternary(|[a, b, c, _]| (product::<T>(a, b) as u64).wrapping_add(c))
        }
        ("div", []) => binary(|[a, b, ..]| T::narrow(quotient(T::wide(a), T::wide(b)))),
        ("rem", []) => binary(|[a, b, ..]| {
            let (a, b) = (T::wide(a), T::wide(b));
            T::narrow(a - quotient(a, b).wrapping_mul(b))
        }),
        ("abs", []) if T::SIGNED => unary(|[a, ..]| T::narrow(T::wide(a).abs())),
        ("neg", []) if T::SIGNED => unary(|[a, ..]| T::narrow(-T::wide(a))),
        ("min", []) => binary(|[a, b, ..]| T::narrow(T::wide(a).min(T::wide(b)))),
        ("max", []) => binary(|[a, b, ..]| T::narrow(T::wide(a).max(T::wide(b)))),
        ("shr", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) >> amount::<T>(b))),
        _ => return None,
    })
}

/// All bits of a product; the sign has no meaning where the type is `u64`.
fn product<T: Integer>(a: u64, b: u64) -> i128 {
    T::wide(a).wrapping_mul(T::wide(b))
}

/// A division by zero, which PTX leaves open, gives all ones, as GPUs do.
fn quotient(a: i128, b: i128) -> i128 {
    a.checked_div(b).unwrap_or(-1)
}

/// A shift past the width shifts everything out.
fn amount<T: Integer>(bits: u64) -> u32 {
    (bits as u32).min(T::BITS)
}

/// The low bits of `a` in the place of as many bits of `b`.
fn insert<T: Integer>(a: u64, b: u64, start: u64, length: u64) -> u64 {
    let (start, length) = (start & 0xff, length & 0xff);
    let ones = (1_u128 << length.min(64)) - 1;
    let mask = if start < 64 { (ones << start) as i128 } else { 0 };
    let shifted = if start < 64 { T::wide(a) << start } else { 0 };
    T::narrow((T::wide(b) & !mask) | (shifted & mask))
}
