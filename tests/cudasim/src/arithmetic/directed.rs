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
