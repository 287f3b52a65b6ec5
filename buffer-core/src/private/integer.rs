//! What a size may be made of.

use super::postfix::Size;

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

/// The value of a field or a constant.
pub fn widen<T: Integer>(value: T) -> Size {
    Some(value.widen())
}

/// The value of a field or a constant that is a condition: 0 or 1.
pub fn truth<T: Truth>(value: T) -> Size {
    Some(value.truth().into())
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
    fn constants_have_a_larger_and_a_smaller() {
        const LARGER: usize = max(2, 3);
        const SMALLER: usize = min(2, 3);
        assert_eq!((LARGER, SMALLER), (3, 2));
    }
}
