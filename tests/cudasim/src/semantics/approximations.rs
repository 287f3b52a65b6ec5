//! Approximate instructions: within the error that PTX ISA 8.8 states for each, and exact where it says
//! what comes out.

use super::{Tested, arbitrary};
use crate::arithmetic;

/// How far a result may be off.
#[derive(Clone, Copy)]
enum Error {
    Absolute(f64),
    Relative(f64),
}

use Error::{Absolute, Relative};

fn apply(opcode: &str, operands: [u64; 4]) -> u64 {
    let found = arithmetic::find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
    found.compute.apply(operands)
}

fn single(opcode: &str, a: f32, b: f32) -> f32 {
    let [a, b] = [a, b].map(|value| u64::from(value.to_bits()));
    f32::from_bits(apply(opcode, [a, b, 0, 0]) as u32)
}

fn check(what: &str, found: f64, exact: f64, error: Error) {
    let off = match error {
        Absolute(error) => (found - exact).abs() / error,
        Relative(error) => (found - exact).abs() / exact.abs() / error,
    };
    assert!(off <= 1.0 || found == exact, "{what}: {found:e}, not {exact:e}");
}

/// Values whose logarithms are spread evenly, of both signs.
fn spread(least: f64, greatest: f64) -> Vec<f32> {
    let span = greatest / least;
    let share = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let positive = arbitrary().take(200).map(|bits| (least * span.powf(share(bits))) as f32);
    positive.enumerate().map(|(at, value)| if at % 2 == 0 { value } else { -value }).collect()
}

/// An instruction of one operand, its function, where it is checked, and how far it may be off there.
type Unary = (&'static str, fn(f64) -> f64, (f64, f64), fn(f64) -> Error);

/// An instruction, and its function.
type Function = (&'static str, fn(f64) -> f64);

/// What comes out at the ends of the range: operand and result.
type Ends = (&'static str, &'static [(f32, f32)]);

const HUGE: f32 = f32::INFINITY;

pub(super) fn hold(tested: &mut Tested) {
    let unary: [Unary; 7] = [
        ("rcp", |a| 1.0 / a, (1e-37, 1e37), |_| Relative(2_f64.powi(-23))),
        ("sqrt", f64::sqrt, (1e-37, 1e38), |_| Relative(2_f64.powi(-23))),
        ("rsqrt", |a| 1.0 / a.sqrt(), (1e-37, 1e38), |_| Relative(2_f64.powf(-22.9))),
        ("sin", f64::sin, (1e-6, std::f64::consts::TAU), |_| Absolute(2_f64.powf(-20.5))),
        ("cos", f64::cos, (1e-6, std::f64::consts::TAU), |_| Absolute(2_f64.powf(-20.5))),
        ("lg2", f64::log2, (1e-37, 1e38), |a| {
            if (0.5..2.0).contains(&a) {
                Absolute(2_f64.powi(-22))
            } else {
                Relative(2_f64.powi(-22))
            }
        }),
        ("ex2", f64::exp2, (1e-6, 120.0), |_| Relative(2_f64.powi(-22))),
    ];
    for (name, function, (least, greatest), error) in unary {
        for ftz in ["", ".ftz"] {
            let opcode = format!("{name}.approx{ftz}.f32");
            for a in spread(least, greatest) {
                let (found, exact) = (single(&opcode, a, 0.0), function(f64::from(a)));
                if exact.is_nan() {
                    assert!(found.is_nan(), "{opcode} of {a:e}: {found:e}");
                } else {
                    let what = format!("{opcode} of {a:e}");
                    check(&what, f64::from(found), exact, error(f64::from(a)));
                }
            }
            tested.add(&opcode);
        }
    }
    for a in spread(1e-6, 20.0) {
        let found = f64::from(single("tanh.approx.f32", a, 0.0));
        check(&format!("tanh of {a:e}"), found, f64::from(a).tanh(), Relative(2_f64.powi(-11)));
    }
    tested.add("tanh.approx.f32");
    hold_ends();
    hold_quotients(tested);
    hold_doubles(tested);
}

fn hold_ends() {
    let tiny = f32::from_bits(1);
    let ends: [Ends; 9] = [
        ("rcp.approx.f32", &[(0.0, HUGE), (-0.0, -HUGE), (HUGE, 0.0), (-HUGE, -0.0)]),
        ("rcp.approx.ftz.f32", &[(0.0, HUGE), (-HUGE, -0.0)]),
        ("sqrt.approx.f32", &[(0.0, 0.0), (-0.0, -0.0), (HUGE, HUGE)]),
        ("rsqrt.approx.f32", &[(0.0, HUGE), (-0.0, -HUGE), (HUGE, 0.0)]),
        ("sin.approx.f32", &[(0.0, 0.0), (-0.0, -0.0)]),
        ("cos.approx.f32", &[(0.0, 1.0), (-0.0, 1.0)]),
        ("lg2.approx.f32", &[(0.0, -HUGE), (-0.0, -HUGE), (HUGE, HUGE), (1.0, 0.0)]),
        ("ex2.approx.f32", &[(-HUGE, 0.0), (HUGE, HUGE), (0.0, 1.0), (-149.0, 1e-45)]),
        ("tanh.approx.f32", &[(-HUGE, -1.0), (HUGE, 1.0), (0.0, 0.0), (-0.0, -0.0)]),
    ];
    for (opcode, ends) in ends {
        for &(a, expected) in ends {
            let found = single(opcode, a, 0.0);
            assert_eq!(found.to_bits(), expected.to_bits(), "{opcode} of {a}: {found}");
        }
        assert!(single(opcode, f32::NAN, 0.0).is_nan(), "{opcode}");
    }
    for opcode in ["sqrt.approx.f32", "rsqrt.approx.f32", "lg2.approx.f32"] {
        assert!(single(opcode, -1.0, 0.0).is_nan(), "{opcode}");
        assert!(single(opcode, -HUGE, 0.0).is_nan(), "{opcode}");
    }
    for opcode in ["sin.approx.f32", "cos.approx.ftz.f32"] {
        assert!(single(opcode, HUGE, 0.0).is_nan(), "{opcode}");
    }
    // Subnormal operands and results are zeros where they are flushed.
    for (opcode, a, expected) in [
        ("rcp.approx.ftz.f32", tiny, HUGE),
        ("rcp.approx.ftz.f32", -2e38, -0.0),
        ("sqrt.approx.ftz.f32", -tiny, -0.0),
        ("rsqrt.approx.ftz.f32", tiny, HUGE),
        ("sin.approx.ftz.f32", -tiny, -0.0),
        ("cos.approx.ftz.f32", tiny, 1.0),
        ("lg2.approx.ftz.f32", tiny, -HUGE),
        ("ex2.approx.ftz.f32", -130.0, 0.0),
    ] {
        let found = single(opcode, a, 0.0);
        assert_eq!(found.to_bits(), expected.to_bits(), "{opcode} of {a}: {found}");
    }
}

fn hold_quotients(tested: &mut Tested) {
    for ftz in ["", ".ftz"] {
        for form in ["full", "approx"] {
            let opcode = format!("div.{form}{ftz}.f32");
            for (a, b) in spread(1e-15, 1e15).into_iter().zip(spread(1e-14, 1e14)) {
                let exact = f64::from(a) / f64::from(b);
                // Two units in the last place.
                let what = format!("{opcode} of {a:e} and {b:e}");
                check(&what, single(&opcode, a, b).into(), exact, Relative(2_f64.powi(-22)));
            }
            for (a, b, expected) in [
                (1.0, HUGE, 0.0),
                (-1.0, 0.0, -HUGE),
                (f32::from_bits(1), 1.0, if ftz.is_empty() { 1e-45 } else { 0.0 }),
            ] {
                let found = single(&opcode, a, b);
                assert_eq!(found.to_bits(), f32::to_bits(expected), "{opcode} of {a} and {b}");
            }
            for (a, b) in [(0.0, 0.0), (HUGE, HUGE), (f32::NAN, 1.0)] {
                assert!(single(&opcode, a, b).is_nan(), "{opcode} of {a} and {b}");
            }
            tested.add(&opcode);
        }
        // By way of the reciprocal, which vanishes where a divisor is above 2^126.
        let opcode = format!("div.approx{ftz}.f32");
        assert_eq!(single(&opcode, 1e38, 1e38), 0.0);
        assert_eq!(single(&opcode, -1e38, 1e38).to_bits(), (-0.0_f32).to_bits());
        assert!(single(&opcode, f32::INFINITY, 1e38).is_nan());
        assert_eq!(single(&opcode, f32::INFINITY, -1e37), f32::NEG_INFINITY);
        assert_eq!(single("div.full.f32", 1e38, 1e38), 1.0);
    }
}

/// Of an `f64`, the high half counts.
fn hold_doubles(tested: &mut Tested) {
    let double = |opcode: &str, a: f64| f64::from_bits(apply(opcode, [a.to_bits(), 0, 0, 0]));
    let functions: [Function; 2] =
        [("rcp.approx.ftz.f64", |a| 1.0 / a), ("rsqrt.approx.ftz.f64", |a| 1.0 / a.sqrt())];
    for (opcode, function) in functions {
        for a in spread(1e-30, 1e30) {
            // Bits that must not matter.
            let a = f64::from_bits(f64::from(a).abs().to_bits() & !0xffff_ffff | 0x89ab_cdef);
            let found = double(opcode, a);
            assert_eq!(found.to_bits() & 0xffff_ffff, 0, "{opcode} of {a:e}");
            check(&format!("{opcode} of {a:e}"), found, function(a), Relative(2_f64.powi(-19)));
        }
        let subnormal = f64::from_bits(1 << 40);
        for (a, expected) in
            [(0.0, f64::INFINITY), (subnormal, f64::INFINITY), (f64::INFINITY, 0.0)]
        {
            assert_eq!(double(opcode, a), expected, "{opcode} of {a:e}");
        }
        assert!(double(opcode, f64::NAN).is_nan());
        tested.add(opcode);
    }
    assert!(double("rsqrt.approx.ftz.f64", -1.0).is_nan());
    assert_eq!(double("rcp.approx.ftz.f64", f64::MAX), 0.0);
}
