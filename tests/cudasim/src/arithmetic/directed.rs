//! `f32` rounded down, up or towards zero.

use super::float::Format;
use super::{Arithmetic, binary, ternary};

/// A direction of rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Down,
    Up,
    TowardsZero,
}

impl Direction {
    /// Reads a direction's name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "rm" => Self::Down,
            "rp" => Self::Up,
            "rz" => Self::TowardsZero,
            _ => return None,
        })
    }
}

pub(super) fn find<F: Format<Value = f32>>(name: &str, modifiers: &[&str]) -> Option<Arithmetic> {
    let &[direction] = modifiers else { return None };
    match Direction::parse(direction)? {
        Direction::Down => of::<F, Down>(name),
        Direction::Up => of::<F, Up>(name),
        Direction::TowardsZero => of::<F, TowardsZero>(name),
    }
}

/// A direction as a type, so that a function without captures knows it.
trait Rounding {
    const DIRECTION: Direction;
}

enum Down {}
enum Up {}
enum TowardsZero {}

impl Rounding for Down {
    const DIRECTION: Direction = Direction::Down;
}

impl Rounding for Up {
    const DIRECTION: Direction = Direction::Up;
}

impl Rounding for TowardsZero {
    const DIRECTION: Direction = Direction::TowardsZero;
}

fn of<F: Format<Value = f32>, R: Rounding>(name: &str) -> Option<Arithmetic> {
    Some(match name {
        "add" => binary(|[a, b, ..]| F::store(fused::<R>(F::load(a), 1.0, F::load(b)))),
        "sub" => binary(|[a, b, ..]| F::store(fused::<R>(F::load(a), 1.0, -F::load(b)))),
        "mul" => binary(|[a, b, ..]| {
            let product = f64::from(F::load(a)) * f64::from(F::load(b));
            F::store(round(product, 0.0, R::DIRECTION))
        }),
        "fma" => ternary(|[a, b, c, _]| F::store(fused::<R>(F::load(a), F::load(b), F::load(c)))),
        _ => return None,
    })
}

/// The product is exact in `f64`, and the sum is in two of them.
fn fused<R: Rounding>(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    if sum == 0.0 && (product != 0.0 || product.is_sign_negative() != c.is_sign_negative()) {
        // What cancels is a zero whose sign is the direction's.
        return if R::DIRECTION == Direction::Down { -0.0 } else { 0.0 };
    }
    let of_c = sum - product;
    let error = (product - (sum - of_c)) + (c - of_c);
    round(sum, if error.is_finite() { error } else { 0.0 }, R::DIRECTION)
}

/// The `f32` next to `value + error`, whose error is less than half of the value's last digit.
pub(super) fn round(value: f64, error: f64, direction: Direction) -> f32 {
    let nearest = value as f32;
    let rest = (value - f64::from(nearest)) + error;
    let is_negative = value < 0.0 || (value == 0.0 && value.is_sign_negative());
    match direction {
        _ if value.is_nan() || value.is_infinite() => nearest,
        Direction::Down if rest < 0.0 => nearest.next_down(),
        Direction::Up if rest > 0.0 => nearest.next_up(),
        Direction::TowardsZero if is_negative && rest > 0.0 => nearest.next_up(),
        Direction::TowardsZero if !is_negative && rest < 0.0 => nearest.next_down(),
        _ => nearest,
    }
}

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    fn fma(direction: &str, a: f32, b: f32, c: f32) -> f32 {
        let found = find(&format!("fma.{direction}.f32")).unwrap();
        let [a, b, c] = [a, b, c].map(|x| u64::from(x.to_bits()));
        f32::from_bits(found.compute.apply([a, b, c, 0]) as u32)
    }

    #[test]
    fn the_exact_result_lies_between_down_and_up() {
        let values = [1.0_f32, 1.0 / 3.0, 0.1, 12_582_913.0, 1e-3, 7.5, 1e-20, 3e15];
        for a in values.iter().flat_map(|&x| [x, -x]) {
            for b in values {
                for c in values.iter().flat_map(|&x| [x, -x, 0.0]) {
                    let what = format!("{a} * {b} + {c}");
                    let (down, up) = (fma("rm", a, b, c), fma("rp", a, b, c));
                    let nearest = a.mul_add(b, c);
                    assert!(down <= nearest && nearest <= up, "{what}: {down} {nearest} {up}");
                    assert!(down == up || down.next_up() == up, "{what}: {down} {up}");
                    let zero = fma("rz", a, b, c);
                    assert_eq!(zero, if nearest < 0.0 { up } else { down }, "{what}");
                    // The rounding error of f32's own product and sum shows when they are inexact.
                    let exact = f64::from(a) * f64::from(b);
                    if c == 0.0 {
                        assert!(f64::from(down) <= exact && exact <= f64::from(up), "{what}");
                        assert_eq!(down == up, f64::from(nearest) == exact, "{what}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_tiny_summand_moves_the_result_by_one_step() {
        assert_eq!(fma("rp", 1.0, 1.0, 1e-30), 1.0_f32.next_up());
        assert_eq!(fma("rm", 1.0, 1.0, 1e-30), 1.0);
        assert_eq!(fma("rm", 1.0, 1.0, -1e-30), 1.0_f32.next_down());
        assert_eq!(fma("rz", -1.0, 1.0, 1e-30), (-1.0_f32).next_up());
        assert_eq!(fma("rm", -1.0, 1.0, -1e-30), (-1.0_f32).next_down());
    }

    #[test]
    fn the_ends_of_the_range_hold() {
        assert_eq!(fma("rm", f32::MAX, 2.0, 0.0), f32::MAX);
        assert_eq!(fma("rp", f32::MAX, 2.0, 0.0), f32::INFINITY);
        assert_eq!(fma("rz", f32::MAX, -2.0, 0.0), f32::MIN);
        assert_eq!(fma("rm", f32::INFINITY, 1.0, 1.0), f32::INFINITY);
        assert!(fma("rm", f32::INFINITY, 1.0, f32::NEG_INFINITY).is_nan());
        assert!(fma("rm", f32::NAN, 1.0, 1.0).is_nan());
        assert_eq!(fma("rm", 1.0, 1.0, -1.0).to_bits(), (-0.0_f32).to_bits());
        assert_eq!(fma("rp", 1.0, 1.0, -1.0).to_bits(), 0);
        assert_eq!(fma("rp", 1e-30, 1e-30, 0.0), f32::from_bits(1));
    }
}
