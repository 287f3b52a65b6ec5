//! Integers, and bits as such. Results wrap.

use super::{Arithmetic, binary, quaternary, ternary, unary};
use crate::kind::Kind;

/// A type of integers.
trait Integer {
    const BITS: u32;

    fn wide(bits: u64) -> i128;
    fn narrow(value: i128) -> u64;
}

macro_rules! integers {
    ($($signed:ty, $unsigned:ty;)*) => { $(
        impl Integer for $unsigned {
            const BITS: u32 = <$unsigned>::BITS;

            fn wide(bits: u64) -> i128 {
                i128::from(bits as $unsigned)
            }

            fn narrow(value: i128) -> u64 {
                u64::from(value as $unsigned)
            }
        }

        impl Integer for $signed {
            const BITS: u32 = <$signed>::BITS;

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
        ("popc", []) => unary(|[a, ..]| u64::from(T::wide(a).count_ones())),
        ("clz", []) => {
            unary(|[a, ..]| u64::from(T::wide(a).leading_zeros() + T::BITS - i128::BITS))
        }
        ("bfi", []) => quaternary(|[a, b, start, length]| insert::<T>(a, b, start, length)),
        _ => return None,
    })
}

fn of_integers<T: Integer>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("add", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) + T::wide(b))),
        ("sub", []) => binary(|[a, b, ..]| T::narrow(T::wide(a) - T::wide(b))),
        ("mul", ["lo"]) => binary(|[a, b, ..]| T::narrow(product::<T>(a, b))),
        ("mul", ["hi"]) => binary(|[a, b, ..]| T::narrow(product::<T>(a, b) >> T::BITS)),
        ("mul", ["wide"]) => binary(|[a, b, ..]| product::<T>(a, b) as u64),
        ("mad", ["lo"]) => {
            ternary(|[a, b, c, _]| T::narrow(product::<T>(a, b).wrapping_add(T::wide(c))))
        }
        ("mad", ["hi"]) => {
            ternary(|[a, b, c, _]| T::narrow((product::<T>(a, b) >> T::BITS) + T::wide(c)))
        }
        ("mad", ["wide"]) => ternary(|[a, b, c, _]| (product::<T>(a, b) as u64).wrapping_add(c)),
        ("div", []) => binary(|[a, b, ..]| T::narrow(quotient(T::wide(a), T::wide(b)))),
        ("rem", []) => binary(|[a, b, ..]| {
            let (a, b) = (T::wide(a), T::wide(b));
            T::narrow(a - quotient(a, b).wrapping_mul(b))
        }),
        ("abs", []) => unary(|[a, ..]| T::narrow(T::wide(a).abs())),
        ("neg", []) => unary(|[a, ..]| T::narrow(-T::wide(a))),
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

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    const VALUES: [u64; 14] = [
        0,
        1,
        2,
        7,
        31,
        32,
        33,
        0x7fff,
        0x8000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x8000_0000_0000_0000,
        u64::MAX,
    ];

    fn compute(opcode: &str, operands: [u64; 4]) -> u64 {
        let found = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        found.compute.apply(operands)
    }

    /// Holds an instruction against Rust's own arithmetic, for all pairs of values.
    fn check(opcode: &str, expected: impl Fn(u64, u64) -> Option<u64>) {
        for a in VALUES {
            for b in VALUES {
                if let Some(expected) = expected(a, b) {
                    let found = compute(opcode, [a, b, 0, 0]);
                    assert_eq!(found, expected, "{opcode} of {a:#x} and {b:#x}");
                }
            }
        }
    }

    macro_rules! check_type {
        ($type:ty, $unsigned:ty, $wide:ty, $name:literal) => {
            let checked = |name: &str, function: fn($type, $type) -> Option<$type>| {
                check(&format!("{name}.{}", $name), |a, b| {
                    function(a as $type, b as $type).map(|value| u64::from(value as $unsigned))
                });
            };
            checked("add", |a, b| Some(a.wrapping_add(b)));
            checked("sub", |a, b| Some(a.wrapping_sub(b)));
            checked("mul.lo", |a, b| Some(a.wrapping_mul(b)));
            checked("mul.hi", |a, b| {
                Some(((<$wide>::from(a) * <$wide>::from(b)) >> <$type>::BITS) as $type)
            });
            checked("div", |a, b| (b != 0).then(|| a.wrapping_div(b)));
            checked("rem", |a, b| (b != 0).then(|| a.wrapping_rem(b)));
            checked("min", |a, b| Some(a.min(b)));
            checked("max", |a, b| Some(a.max(b)));
            checked("neg", |a, _| Some((0 as $type).wrapping_sub(a)));
            check(concat!("shr.", $name), |a, b| {
                let (a, b) = (a as $type, b as u32);
                let gone = if a < (0 as $type) { <$type>::MAX.wrapping_add(1) } else { 0 };
                let gone = gone >> (<$type>::BITS - 1);
                Some(u64::from(a.checked_shr(b).unwrap_or(gone) as $unsigned))
            });
        };
    }

    #[test]
    #[allow(clippy::absurd_extreme_comparisons, unused_comparisons)]
    fn integers_wrap_as_in_rust() {
        check_type!(u16, u16, u32, "u16");
        check_type!(i16, u16, i32, "s16");
        check_type!(u32, u32, u64, "u32");
        check_type!(i32, u32, i64, "s32");
        check_type!(u64, u64, u128, "u64");
        check_type!(i64, u64, i128, "s64");
        check("abs.s32", |a, _| Some(u64::from((a as i32).wrapping_abs() as u32)));
        check("abs.s64", |a, _| Some((a as i64).wrapping_abs() as u64));
    }

    #[test]
    fn wide_products_keep_all_bits() {
        check("mul.wide.u32", |a, b| Some(u64::from(a as u32) * u64::from(b as u32)));
        check("mul.wide.s32", |a, b| Some((i64::from(a as i32) * i64::from(b as i32)) as u64));
        for (opcode, expected) in [
            ("mad.wide.s32", -6_i64 as u64 + 5),
            ("mad.lo.s32", u64::from((-6 + 5) as u32)),
            ("mad.hi.s32", u64::from((-1 + 5) as u32)),
        ] {
            assert_eq!(compute(opcode, [u64::from(-2_i32 as u32), 3, 5, 0]), expected, "{opcode}");
        }
    }

    #[test]
    fn shifts_past_the_width_shift_everything_out() {
        check("shl.b32", |a, b| Some(u64::from((a as u32).checked_shl(b as u32).unwrap_or(0))));
        check("shl.b64", |a, b| Some(a.checked_shl(b as u32).unwrap_or(0)));
        check("shr.b32", |a, b| Some(u64::from((a as u32).checked_shr(b as u32).unwrap_or(0))));
        check("shr.b64", |a, b| Some(a.checked_shr(b as u32).unwrap_or(0)));
    }

    #[test]
    fn bits_are_counted_and_combined() {
        check("and.b32", |a, b| Some(a & b & 0xffff_ffff));
        check("or.b64", |a, b| Some(a | b));
        check("xor.b16", |a, b| Some((a ^ b) & 0xffff));
        check("not.b32", |a, _| Some(!a & 0xffff_ffff));
        check("not.pred", |a, _| Some(!a & 1));
        check("and.pred", |a, b| Some(a & b & 1));
        check("popc.b32", |a, _| Some(u64::from((a as u32).count_ones())));
        check("popc.b64", |a, _| Some(u64::from(a.count_ones())));
        check("clz.b32", |a, _| Some(u64::from((a as u32).leading_zeros())));
        check("clz.b64", |a, _| Some(u64::from(a.leading_zeros())));
    }

    #[test]
    fn fields_are_inserted() {
        let [a, b] = [0x1234_5678_9abc_def0, 0xffff_ffff_ffff_ffff];
        assert_eq!(compute("bfi.b64", [a, b, 32, 32]), 0x9abc_def0_ffff_ffff);
        assert_eq!(compute("bfi.b32", [a, b, 4, 8]), 0xffff_ff0f);
        assert_eq!(compute("bfi.b32", [a, b, 28, 8]), 0x0fff_ffff);
        assert_eq!(compute("bfi.b32", [a, b, 32, 8]), 0xffff_ffff);
        assert_eq!(compute("bfi.b64", [a, b, 0, 64]), a);
        assert_eq!(compute("bfi.b64", [a, b, 255, 255]), b);
    }
}
