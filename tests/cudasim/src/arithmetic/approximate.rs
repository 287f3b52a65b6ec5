//! Approximate instructions. They give the correctly rounded result, or nearly so, which is within
//! the error that PTX states for each; no GPU's own bits are promised.

use super::float::{Format, f64_of};
use super::{Arithmetic, binary, unary};

pub(super) fn find<F: Format<Value = f32>>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("rcp", ["approx"]) => unary(|[a, ..]| of::<F>(a, |a| 1.0 / a)),
        ("sqrt", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::sqrt)),
        ("rsqrt", ["approx"]) => unary(|[a, ..]| of::<F>(a, |a| 1.0 / a.sqrt())),
        ("sin", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::sin)),
        ("cos", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::cos)),
        ("lg2", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::log2)),
        ("ex2", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::exp2)),
        ("tanh", ["approx"]) => unary(|[a, ..]| of::<F>(a, f64::tanh)),
        ("div", ["full"]) => binary(|[a, b, ..]| F::store(F::load(a) / F::load(b))),
        ("div", ["approx"]) => binary(|[a, b, ..]| F::store(divide(F::load(a), F::load(b)))),
        _ => return None,
    })
}

/// `f64` of which only the high half is read and written.
pub(super) fn find_double(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("rcp", ["approx"]) => unary(|[a, ..]| of_high_half(a, |a| 1.0 / a)),
        ("rsqrt", ["approx"]) => unary(|[a, ..]| of_high_half(a, |a| 1.0 / a.sqrt())),
        _ => return None,
    })
}

fn of<F: Format<Value = f32>>(bits: u64, function: impl Fn(f64) -> f64) -> u64 {
    F::store(function(f64::from(F::load(bits))) as f32)
}

/// The quotient by way of the divisor's reciprocal, which vanishes where the divisor is huge.
fn divide(a: f32, b: f32) -> f32 {
    const HUGE: f32 = 8.507_059e37; // 2^126
    if a.is_finite() && b.is_finite() && b.abs() > HUGE {
        return 0.0_f32.copysign(a * b.signum());
    }
    a / b
}

fn of_high_half(bits: u64, function: impl Fn(f64) -> f64) -> u64 {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let flush = |x: f64| if x.is_subnormal() { 0.0_f64.copysign(x) } else { x };
    flush(function(flush(f64_of(bits & HIGH)))).to_bits() & HIGH
}

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    fn single(opcode: &str, a: f32) -> f32 {
        let found = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        f32::from_bits(found.compute.apply([u64::from(a.to_bits()), 0, 0, 0]) as u32)
    }

    fn double(opcode: &str, a: f64) -> f64 {
        f64::from_bits(find(opcode).unwrap().compute.apply([a.to_bits(), 0, 0, 0]))
    }

    #[test]
    fn results_are_within_the_stated_error() {
        for a in [0.001_f32, 0.5, 1.0, 1.5, 3.0, 100.0] {
            for (opcode, expected, error) in [
                ("rcp.approx.ftz.f32", 1.0 / a, 2.0_f32.powi(-23)),
                ("sqrt.approx.f32", a.sqrt(), 2.0_f32.powi(-22)),
                ("rsqrt.approx.f32", 1.0 / a.sqrt(), 2.0_f32.powi(-22)),
                ("ex2.approx.ftz.f32", a.exp2(), 2.0_f32.powi(-22)),
                ("tanh.approx.f32", a.tanh(), 2.0_f32.powi(-10)),
            ] {
                let found = single(opcode, a);
                let off = ((found - expected) / expected).abs();
                assert!(off <= error || found == expected, "{opcode} of {a}: {found}");
            }
            assert!((single("lg2.approx.ftz.f32", a) - a.log2()).abs() < 2.0_f32.powi(-22) * 8.0);
            assert!((single("sin.approx.ftz.f32", a) - a.sin()).abs() < 2.0_f32.powi(-20));
            assert!((single("cos.approx.ftz.f32", a) - a.cos()).abs() < 2.0_f32.powi(-20));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_exact() {
        assert_eq!(single("rcp.approx.ftz.f32", f32::from_bits(1)), f32::INFINITY);
        assert_eq!(single("rcp.approx.f32", -0.0), f32::NEG_INFINITY);
        assert_eq!(single("rsqrt.approx.f32", 0.0), f32::INFINITY);
        assert_eq!(single("ex2.approx.ftz.f32", -130.0), 0.0);
        assert_eq!(single("ex2.approx.f32", -149.0), f32::from_bits(1));
        assert_eq!(single("ex2.approx.f32", f32::NEG_INFINITY), 0.0);
        assert_eq!(single("lg2.approx.f32", 0.0), f32::NEG_INFINITY);
        assert!(single("lg2.approx.f32", -1.0).is_nan());
        assert!(single("sqrt.approx.f32", -1.0).is_nan());
    }

    #[test]
    fn only_the_high_half_of_a_double_counts() {
        let a = f64::from_bits(0x4008_0000_ffff_ffff);
        let found = double("rcp.approx.ftz.f64", a);
        assert_eq!(found.to_bits() & 0xffff_ffff, 0);
        assert!((found * 3.0 - 1.0).abs() < 1e-5);
        assert_eq!(double("rcp.approx.ftz.f64", f64::from_bits(1)), f64::INFINITY);
        assert_eq!(double("rsqrt.approx.ftz.f64", 4.0), 0.5);
        assert!(find("rcp.approx.f64").is_none());
    }

    #[test]
    fn quotients_by_huge_divisors_vanish() {
        let divide = |a: f32, b: f32| {
            let found = find("div.approx.f32").unwrap();
            let [a, b] = [a, b].map(|x| u64::from(x.to_bits()));
            f32::from_bits(found.compute.apply([a, b, 0, 0]) as u32)
        };
        assert_eq!(divide(6.0, 3.0), 2.0);
        assert_eq!(divide(1e38, 1e38), 0.0);
        assert!(divide(f32::INFINITY, f32::INFINITY).is_nan());
        assert_eq!(divide(1.0, f32::INFINITY), 0.0);
    }
}
