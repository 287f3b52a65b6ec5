//! Approximate instructions. They give the correctly rounded result, or nearly so, which is within
//! the error that PTX states for each; no GPU's own bits are promised.

use super::float::{Format, Single, f64_of};
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
        ("div", ["full"]) => binary(|[a, b, ..]| F::store(F::load(a) / F::load(b))),
        ("div", ["approx"]) => binary(|[a, b, ..]| F::store(divide(F::load(a), F::load(b)))),
        _ => return None,
    })
}

/// What never flushes.
pub(super) fn find_unflushed(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    Some(match (name, modifiers) {
        ("tanh", ["approx"]) => unary(|[a, ..]| of::<Single>(a, f64::tanh)),
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
    if b.is_finite() && b.abs() > HUGE {
        // Also what is not finite times zero.
        return a * 0.0_f32.copysign(b);
    }
    a / b
}

fn of_high_half(bits: u64, function: impl Fn(f64) -> f64) -> u64 {
    const HIGH: u64 = 0xffff_ffff_0000_0000;
    let flush = |x: f64| if x.is_subnormal() { 0.0_f64.copysign(x) } else { x };
    flush(function(flush(f64_of(bits & HIGH)))).to_bits() & HIGH
}
