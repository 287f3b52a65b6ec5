//! Arithmetic of sizes: checked, in integers wider than any that a field can hold.

use std::cmp::Ordering;

/// An integer that a size expression may name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a size",
    label = "not an integer",
    note = "sizes are made of integers of up to 64 bits: `usize`, `u32`, `i32`, ..."
)]
pub trait Integer: Copy {
    /// The same value, wide.
    fn widen(self) -> i128;
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Integer for $ty {
            fn widen(self) -> i128 {
                self as i128
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

/// What the condition of an `if` in a size may be, besides a comparison.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the condition of a size",
    label = "not a `bool`",
    note = "a condition compares integers, as in `if n > 0 {{ n }} else {{ 1 }}`, or names a `bool`"
)]
pub trait Truth {
    /// The same value.
    fn truth(self) -> bool;
}

#[diagnostic::do_not_recommend]
impl Truth for bool {
    fn truth(self) -> bool {
        self
    }
}

/// A size, or nothing where its computation overflowed.
pub type Size = Option<i128>;

/// The value of a field or a constant.
pub fn widen<T: Integer>(value: T) -> Size {
    Some(value.widen())
}

/// The value of a field or a constant that is a condition.
pub fn truth<T: Truth>(value: T) -> Option<bool> {
    Some(value.truth())
}

/// `left + right`
pub fn add(left: Size, right: Size) -> Size {
    left?.checked_add(right?)
}

/// `left - right`
pub fn sub(left: Size, right: Size) -> Size {
    left?.checked_sub(right?)
}

/// `left * right`
pub fn mul(left: Size, right: Size) -> Size {
    left?.checked_mul(right?)
}

/// `max(left, right)`
pub fn larger(left: Size, right: Size) -> Size {
    Some(left?.max(right?))
}

/// `min(left, right)`
pub fn smaller(left: Size, right: Size) -> Size {
    Some(left?.min(right?))
}

/// How two sizes compare; `None` where one is not known.
pub fn compare(left: Size, right: Size) -> Option<Ordering> {
    Some(left?.cmp(&right?))
}

/// `left && right`, where the right side does not matter if the left one decides.
pub fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    if left? { right } else { Some(false) }
}

/// `left || right`, where the right side does not matter if the left one decides.
pub fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    if left? { Some(true) } else { right }
}

/// `if condition { then } else { otherwise }`
pub fn select(condition: Option<bool>, then: Size, otherwise: Size) -> Size {
    if condition? { then } else { otherwise }
}

/// The larger of two sizes, in constants too.
pub const fn max(left: usize, right: usize) -> usize {
    if left < right { right } else { left }
}

/// The smaller of two sizes, in constants too.
pub const fn min(left: usize, right: usize) -> usize {
    if left < right { left } else { right }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overflows_is_not_known() {
        assert_eq!(add(Some(i128::MAX), Some(1)), None);
        assert_eq!(sub(Some(i128::MIN), Some(1)), None);
        assert_eq!(mul(Some(i128::MAX), Some(2)), None);
        for operation in [add, sub, mul, larger, smaller] {
            assert_eq!(operation(None, Some(1)), None);
            assert_eq!(operation(Some(1), None), None);
        }
        assert_eq!(compare(None, Some(1)), None);
    }

    #[test]
    fn only_what_decides_has_to_be_known() {
        assert_eq!(and(Some(false), None), Some(false));
        assert_eq!(and(Some(true), None), None);
        assert_eq!(or(Some(true), None), Some(true));
        assert_eq!(or(Some(false), None), None);
        assert_eq!(select(Some(true), Some(1), None), Some(1));
        assert_eq!(select(Some(false), None, Some(2)), Some(2));
        assert_eq!(select(None, Some(1), Some(1)), None);
    }

    #[test]
    fn constants_have_a_larger_and_a_smaller() {
        const LARGER: usize = max(2, 3);
        const SMALLER: usize = min(2, 3);
        assert_eq!((LARGER, SMALLER), (3, 2));
    }
}
