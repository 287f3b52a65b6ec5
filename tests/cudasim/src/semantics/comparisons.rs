//! Comparisons.

use super::{Tested, doubles, flush, singles, values};
use crate::kind::Kind;

const INTEGERS: [u64; 10] = [
    0,
    1,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// A comparison of what has an order.
fn holds<T: PartialOrd>(test: &str, a: T, b: T) -> Option<bool> {
    Some(match test {
        "eq" => a == b,
        "ne" => a != b,
        "lt" => a < b,
        "le" => a <= b,
        "gt" => a > b,
        "ge" => a >= b,
        _ => return None,
    })
}

/// The same with those that ask for numbers.
fn floats_hold<T: PartialOrd + Copy>(test: &str, a: T, b: T, is_nan: fn(T) -> bool) -> bool {
    let unordered = is_nan(a) || is_nan(b);
    match test {
        "num" => !unordered,
        "nan" => unordered,
        // In Rust, what is no number differs from all; here it does so where `u` is there.
        "ne" => a != b && !unordered,
        test => match test.strip_suffix('u') {
            Some(test) => unordered || holds(test, a, b) == Some(true),
            None => holds(test, a, b) == Some(true),
        },
    }
}

macro_rules! hold_integers {
    ($tested:ident, $type:ty, $kind:expr, $name:literal, $tests:expr) => {
        let each = values($kind, &INTEGERS);
        for test in $tests {
            let opcode = format!("setp.{test}.{}", $name);
            $tested.hold(&opcode, Kind::Predicate, &[each, each], |[a, b, ..]| {
                holds(test, a as $type, b as $type).map(u64::from)
            });
        }
    };
}

pub(super) fn hold(tested: &mut Tested) {
    let (unsigned, signed, bits) = (Kind::Unsigned, Kind::Signed, Kind::Bits);
    let (all, equal) = (["eq", "ne", "lt", "le", "gt", "ge"], ["eq", "ne"]);
    hold_integers!(tested, u16, unsigned(2), "u16", all);
    hold_integers!(tested, u32, unsigned(4), "u32", all);
    hold_integers!(tested, u64, unsigned(8), "u64", all);
    hold_integers!(tested, i16, signed(2), "s16", all);
    hold_integers!(tested, i32, signed(4), "s32", all);
    hold_integers!(tested, i64, signed(8), "s64", all);
    hold_integers!(tested, u16, bits(2), "b16", equal);
    hold_integers!(tested, u32, bits(4), "b32", equal);
    hold_integers!(tested, u64, bits(8), "b64", equal);
    for test in all.iter().chain(&["equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"]) {
        let given = singles();
        let given = [values(Kind::F32, &given); 2];
        let f32_of = |bits: u64| f32::from_bits(bits as u32);
        let opcode = format!("setp.{test}.f32");
        tested.hold(&opcode, Kind::Predicate, &given, |[a, b, ..]| {
            Some(u64::from(floats_hold(test, f32_of(a), f32_of(b), f32::is_nan)))
        });
        let opcode = format!("setp.{test}.ftz.f32");
        tested.hold(&opcode, Kind::Predicate, &given, |[a, b, ..]| {
            let (a, b) = (flush(f32_of(a)), flush(f32_of(b)));
            Some(u64::from(floats_hold(test, a, b, f32::is_nan)))
        });
        let given = doubles();
        let given = [values(Kind::F64, &given); 2];
        let opcode = format!("setp.{test}.f64");
        tested.hold(&opcode, Kind::Predicate, &given, |[a, b, ..]| {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            Some(u64::from(floats_hold(test, a, b, f64::is_nan)))
        });
    }
}
