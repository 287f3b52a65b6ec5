//! Floating point, rounded to nearest.

use super::{Tested, doubles, flush, single, singles, values};
use crate::kind::Kind;

/// An instruction in both precisions, as Rust has it.
type Both = (fn(f32, f32, f32) -> f32, fn(f64, f64, f64) -> f64);

pub(super) fn hold(tested: &mut Tested) {
    let with_rounding: [(&str, usize, Both); 7] = [
        ("add", 2, (|a, b, _| a + b, |a, b, _| a + b)),
        ("sub", 2, (|a, b, _| a - b, |a, b, _| a - b)),
        ("mul", 2, (|a, b, _| a * b, |a, b, _| a * b)),
        ("div", 2, (|a, b, _| a / b, |a, b, _| a / b)),
        ("fma", 3, (f32::mul_add, f64::mul_add)),
        ("sqrt", 1, (|a, _, _| a.sqrt(), |a, _, _| a.sqrt())),
        ("rcp", 1, (|a, _, _| 1.0 / a, |a, _, _| 1.0 / a)),
    ];
    let exact: [(&str, usize, Both); 4] = [
        ("neg", 1, (|a, _, _| -a, |a, _, _| -a)),
        ("abs", 1, (|a, _, _| a.abs(), |a, _, _| a.abs())),
        ("min", 2, (|a, b, _| minimum(a, b), |a, b, _| minimum_double(a, b))),
        ("max", 2, (|a, b, _| -minimum(-a, -b), |a, b, _| -minimum_double(-a, -b))),
    ];
    for (name, operands, both) in with_rounding {
        hold_both(tested, &format!("{name}.rn"), operands, both);
        // Without a mode they round to nearest as well, but a compiler may fuse them.
        if ["add", "sub", "mul"].contains(&name) {
            hold_both(tested, name, operands, both);
        }
    }
    for (name, operands, both) in exact {
        hold_both(tested, name, operands, both);
    }
}

fn hold_both(tested: &mut Tested, name: &str, operands: usize, both: Both) {
    let (of_single, of_double) = both;
    let given = singles();
    let given = vec![values(Kind::F32, &given); operands];
    let f32_of = |bits: u64| f32::from_bits(bits as u32);
    tested.hold(&format!("{name}.f32"), Kind::F32, &given, |[a, b, c, _]| {
        Some(single(of_single(f32_of(a), f32_of(b), f32_of(c))))
    });
    tested.hold(&format!("{name}.ftz.f32"), Kind::F32, &given, |[a, b, c, _]| {
        let [a, b, c] = [a, b, c].map(|bits| flush(f32_of(bits)));
        Some(single(flush(of_single(a, b, c))))
    });
    let given = doubles();
    let given = vec![values(Kind::F64, &given); operands];
    tested.hold(&format!("{name}.f64"), Kind::F64, &given, |[a, b, c, _]| {
        let [a, b, c] = [a, b, c].map(f64::from_bits);
        Some(of_double(a, b, c).to_bits())
    });
}

/// The smaller one, or the one that is a number; a negative zero is smaller than a positive one.
fn minimum(a: f32, b: f32) -> f32 {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ if a.total_cmp(&b).is_lt() => a,
        _ => b,
    }
}

fn minimum_double(a: f64, b: f64) -> f64 {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ if a.total_cmp(&b).is_lt() => a,
        _ => b,
    }
}
