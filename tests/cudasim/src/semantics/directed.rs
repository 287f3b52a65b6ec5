//! `f32` rounded down, up or towards zero, held against exact sums.

use std::cmp::Ordering;

use super::{Tested, flush, single, singles, values};
use crate::kind::Kind;

/// A sum of products of `f32`, exact: a number of units of 2^-298 in digits of 32 bits, which have not
/// been carried yet.
struct Exact([i128; 20]);

impl Exact {
    fn new() -> Self {
        Self([0; 20])
    }

    fn add(mut self, a: f32, b: f32) -> Self {
        let (a, b) = (Parts::of(a), Parts::of(b));
        let digits = i128::from(a.digits) * i128::from(b.digits);
        let shift = (a.exponent + b.exponent + 298) as usize;
        self.0[shift / 32] += digits << (shift % 32);
        self
    }

    /// How it compares with zero.
    fn sign(mut self) -> Ordering {
        let mut carry = 0;
        for digit in &mut self.0 {
            let whole = *digit + carry;
            *digit = whole & 0xffff_ffff;
            carry = whole >> 32;
        }
        match carry.cmp(&0) {
            Ordering::Equal if self.0.iter().any(|&digit| digit != 0) => Ordering::Greater,
            sign => sign,
        }
    }
}

/// A finite number as a whole number of units.
struct Parts {
    digits: i64,
    exponent: i32,
}

impl Parts {
    fn of(value: f32) -> Self {
        let bits = value.to_bits();
        let (field, fraction) = ((bits >> 23 & 0xff) as i32, i64::from(bits & 0x7f_ffff));
        let digits = if field == 0 { fraction } else { fraction | 1 << 23 };
        let digits = if value.is_sign_negative() { -digits } else { digits };
        Self { digits, exponent: field.max(1) - 150 }
    }
}

/// `a * b + c`, or `a * b` without a summand.
fn rounded(direction: &str, a: f32, b: f32, c: Option<f32>) -> f32 {
    let nearest = c.map_or(a * b, |c| a.mul_add(b, c));
    let summand = c.unwrap_or(0.0);
    if ![a, b, summand].iter().all(|value| value.is_finite()) {
        return nearest;
    }
    let exact = || Exact::new().add(a, b).add(summand, 1.0);
    let sign = exact().sign();
    if sign.is_eq() {
        // Zeros of one sign keep it; what cancels has the direction's.
        let product = a * b;
        let cancels = c.is_some_and(|c| product != 0.0 || product.to_bits() != c.to_bits());
        return match cancels {
            true if direction == "rm" => -0.0,
            true => 0.0,
            false => product,
        };
    }
    let down = direction == "rm" || direction == "rz" && sign.is_gt();
    // The largest that is not above it, or the smallest that is not below it. Beyond the largest number
    // only infinity is.
    let is_within = |value: f32| {
        let order = match value {
            f32::INFINITY => Ordering::Less,
            f32::NEG_INFINITY => Ordering::Greater,
            value => exact().add(-value, 1.0).sign(),
        };
        if down { order.is_ge() } else { order.is_le() }
    };
    let around = [nearest.next_down(), nearest, nearest.next_up()];
    let mut within = around.into_iter().filter(|&value| is_within(value));
    let result = if down { within.next_back() } else { within.next() };
    let result = result.unwrap_or_else(|| panic!("{a:e} * {b:e} + {c:?} {direction}"));
    // A zero has the sign of what it stands for.
    if result == 0.0 && sign.is_lt() { -0.0 } else { result }
}

pub(super) fn hold(tested: &mut Tested) {
    let given = singles();
    let given = values(Kind::F32, &given);
    type Function = fn(&str, [f32; 3]) -> f32;
    let functions: [(&str, usize, Function); 4] = [
        ("add", 2, |direction, [a, b, _]| rounded(direction, a, 1.0, Some(b))),
        ("sub", 2, |direction, [a, b, _]| rounded(direction, a, 1.0, Some(-b))),
        ("mul", 2, |direction, [a, b, _]| rounded(direction, a, b, None)),
        ("fma", 3, |direction, [a, b, c]| rounded(direction, a, b, Some(c))),
    ];
    for (name, operands, function) in functions {
        for direction in ["rm", "rp", "rz"] {
            let given = vec![given; operands];
            let f32s = |[a, b, c, _]: [u64; 4]| [a, b, c].map(|bits| f32::from_bits(bits as u32));
            let opcode = format!("{name}.{direction}.f32");
            tested.hold(&opcode, Kind::F32, &given, |operands| {
                Some(single(function(direction, f32s(operands))))
            });
            let opcode = format!("{name}.{direction}.ftz.f32");
            tested.hold(&opcode, Kind::F32, &given, |operands| {
                Some(single(flush(function(direction, f32s(operands).map(flush)))))
            });
        }
    }
}
