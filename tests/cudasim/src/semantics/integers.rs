//! Integers, bits and predicates.

use super::{Tested, Values, values};
use crate::kind::Kind;

const EDGES: [u64; 20] = [
    0,
    1,
    2,
    7,
    15,
    16,
    31,
    32,
    33,
    63,
    64,
    65,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

const SOME: [u64; 6] = [0, 1, 0x8000, 0x7fff_ffff, 0xffff_ffff_ffff_fffe, 0x8000_0000_0000_0003];

macro_rules! hold_integers {
    ($tested:ident, $type:ty, $unsigned:ty, $wide:ty, $kind:expr, $name:literal) => {{
        let kind = $kind;
        let bits = |value: $type| u64::from(value as $unsigned);
        let each = values(kind, &EDGES);
        let mut binary = |name: &str, function: fn($type, $type) -> Option<$type>| {
            $tested.hold(&format!("{name}.{}", $name), kind, &[each, each], |[a, b, ..]| {
                function(a as $type, b as $type).map(bits)
            });
        };
        binary("add", |a, b| Some(a.wrapping_add(b)));
        binary("sub", |a, b| Some(a.wrapping_sub(b)));
        binary("mul.lo", |a, b| Some(a.wrapping_mul(b)));
        binary("mul.hi", |a, b| {
            Some((<$wide>::from(a).wrapping_mul(<$wide>::from(b)) >> <$type>::BITS) as $type)
        });
        // PTX leaves a division by zero open.
        binary("div", |a, b| (b != 0).then(|| a.wrapping_div(b)));
        binary("rem", |a, b| (b != 0).then(|| a.wrapping_rem(b)));
        binary("min", |a, b| Some(a.min(b)));
        binary("max", |a, b| Some(a.max(b)));
        let amounts = values(Kind::Unsigned(4), &EDGES);
        $tested.hold(concat!("shr.", $name), kind, &[each, amounts], |[a, b, ..]| {
            // Past the width, bits of the sign are left, or nothing.
            let past = (a as $type) >> (<$type>::BITS - 1) >> 1;
            Some(bits((a as $type).checked_shr(b as u32).unwrap_or(past)))
        });
        let some = values(kind, &SOME);
        $tested.hold(concat!("mad.lo.", $name), kind, &[each, some, some], |[a, b, c, _]| {
            Some(bits((a as $type).wrapping_mul(b as $type).wrapping_add(c as $type)))
        });
        $tested.hold(concat!("mad.hi.", $name), kind, &[each, some, some], |[a, b, c, _]| {
            let product = <$wide>::from(a as $type).wrapping_mul(<$wide>::from(b as $type));
            Some(bits(((product >> <$type>::BITS) as $type).wrapping_add(c as $type)))
        });
    }};
}

macro_rules! hold_signed {
    ($tested:ident, $type:ty, $unsigned:ty, $kind:expr, $name:literal) => {{
        let each = values($kind, &EDGES);
        let bits = |value: $type| u64::from(value as $unsigned);
        $tested.hold(concat!("neg.", $name), $kind, &[each], |[a, ..]| {
            Some(bits((a as $type).wrapping_neg()))
        });
        $tested.hold(concat!("abs.", $name), $kind, &[each], |[a, ..]| {
            Some(bits((a as $type).wrapping_abs()))
        });
    }};
}

macro_rules! hold_wide {
    ($tested:ident, $type:ty, $wide:ty, $unsigned:ty, $kind:expr, $to:expr, $name:literal) => {{
        let (each, some) = (values($kind, &EDGES), values($kind, &SOME));
        let product = |a: u64, b: u64| <$wide>::from(a as $type) * <$wide>::from(b as $type);
        $tested.hold(concat!("mul.wide.", $name), $to, &[each, each], |[a, b, ..]| {
            Some(u64::from(product(a, b) as $unsigned))
        });
        let sums = values($to, &EDGES);
        $tested.hold(concat!("mad.wide.", $name), $to, &[some, some, sums], |[a, b, c, _]| {
            Some(u64::from(product(a, b).wrapping_add(c as $wide) as $unsigned))
        });
    }};
}

macro_rules! hold_bits {
    ($tested:ident, $type:ty, $kind:expr, $name:literal) => {{
        let each = values($kind, &EDGES);
        let mut binary = |name: &str, function: fn($type, $type) -> $type| {
            $tested.hold(&format!("{name}.{}", $name), $kind, &[each, each], |[a, b, ..]| {
                Some(u64::from(function(a as $type, b as $type)))
            });
        };
        binary("and", |a, b| a & b);
        binary("or", |a, b| a | b);
        binary("xor", |a, b| a ^ b);
        $tested
            .hold(concat!("not.", $name), $kind, &[each], |[a, ..]| Some(u64::from(!(a as $type))));
        let amounts = values(Kind::Unsigned(4), &EDGES);
        $tested.hold(concat!("shl.", $name), $kind, &[each, amounts], |[a, b, ..]| {
            Some(u64::from((a as $type).checked_shl(b as u32).unwrap_or(0)))
        });
        $tested.hold(concat!("shr.", $name), $kind, &[each, amounts], |[a, b, ..]| {
            Some(u64::from((a as $type).checked_shr(b as u32).unwrap_or(0)))
        });
    }};
}

macro_rules! hold_counts {
    ($tested:ident, $type:ty, $kind:expr, $name:literal) => {{
        let each = values($kind, &EDGES);
        let count = Kind::Unsigned(4);
        $tested.hold(concat!("popc.", $name), count, &[each], |[a, ..]| {
            Some(u64::from((a as $type).count_ones()))
        });
        $tested.hold(concat!("clz.", $name), count, &[each], |[a, ..]| {
            Some(u64::from((a as $type).leading_zeros()))
        });
        let (some, places) = (values($kind, &SOME), values(Kind::Unsigned(4), &EDGES));
        // Of starts and lengths the lowest eight bits count.
        $tested.hold(concat!("bfi.", $name), $kind, &[some, some, places, places], |operands| {
            let [a, b, start, length] = operands;
            let (start, length) = (start & 0xff, length & 0xff);
            let bit = |at: u64| {
                let is_inserted = at >= start && at < start + length;
                let from = if is_inserted { a >> (at - start) } else { b >> at };
                (from & 1) << at
            };
            Some((0..u64::from(<$type>::BITS)).map(bit).sum())
        });
    }};
}

pub(super) fn hold(tested: &mut Tested) {
    let (unsigned, signed, bits) = (Kind::Unsigned, Kind::Signed, Kind::Bits);
    hold_integers!(tested, u16, u16, u32, unsigned(2), "u16");
    hold_integers!(tested, i16, u16, i32, signed(2), "s16");
    hold_integers!(tested, u32, u32, u64, unsigned(4), "u32");
    hold_integers!(tested, i32, u32, i64, signed(4), "s32");
    hold_integers!(tested, u64, u64, u128, unsigned(8), "u64");
    hold_integers!(tested, i64, u64, i128, signed(8), "s64");
    hold_signed!(tested, i16, u16, signed(2), "s16");
    hold_signed!(tested, i32, u32, signed(4), "s32");
    hold_signed!(tested, i64, u64, signed(8), "s64");
    hold_wide!(tested, u16, u32, u32, unsigned(2), unsigned(4), "u16");
    hold_wide!(tested, i16, i32, u32, signed(2), signed(4), "s16");
    hold_wide!(tested, u32, u64, u64, unsigned(4), unsigned(8), "u32");
    hold_wide!(tested, i32, i64, u64, signed(4), signed(8), "s32");
    hold_bits!(tested, u16, bits(2), "b16");
    hold_bits!(tested, u32, bits(4), "b32");
    hold_bits!(tested, u64, bits(8), "b64");
    hold_counts!(tested, u32, bits(4), "b32");
    hold_counts!(tested, u64, bits(8), "b64");
    hold_predicates(tested);
    hold_moves(tested);
}

fn hold_predicates(tested: &mut Tested) {
    let each = values(Kind::Predicate, &[0, 1]);
    let mut binary = |name, function: fn(bool, bool) -> bool| {
        tested.hold(name, Kind::Predicate, &[each, each], |[a, b, ..]| {
            Some(u64::from(function(a == 1, b == 1)))
        });
    };
    binary("and.pred", |a, b| a && b);
    binary("or.pred", |a, b| a || b);
    binary("xor.pred", |a, b| a != b);
    tested.hold("not.pred", Kind::Predicate, &[each], |[a, ..]| Some(u64::from(a == 0)));
}

fn hold_moves(tested: &mut Tested) {
    let choices = values(Kind::Predicate, &[0, 1]);
    for name in
        ["pred", "b16", "b32", "b64", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"]
    {
        let Some(kind) = Kind::parse(name) else { panic!("{name}") };
        let each: Values<'_> = values(kind, &EDGES);
        tested.hold(&format!("mov.{name}"), kind, &[each], |[a, ..]| Some(a));
        if kind != Kind::Predicate {
            tested.hold(&format!("selp.{name}"), kind, &[each, each, choices], |[a, b, p, _]| {
                Some(if p == 1 { a } else { b })
            });
        }
    }
}
