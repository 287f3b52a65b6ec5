//! Arithmetic of sizes: checked, in integers wider than any that a field can hold.

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

/// The value of a field or a constant.
pub fn widen<T: Integer>(value: T) -> i128 {
    value.widen()
}

/// `left + right`, unless it overflows.
pub fn add(left: i128, right: i128) -> Option<i128> {
    left.checked_add(right)
}

/// `left - right`, unless it overflows.
pub fn sub(left: i128, right: i128) -> Option<i128> {
    left.checked_sub(right)
}

/// `left * right`, unless it overflows.
pub fn mul(left: i128, right: i128) -> Option<i128> {
    left.checked_mul(right)
}

/// The larger of two sizes, in constants too.
pub const fn max(left: usize, right: usize) -> usize {
    if left < right { right } else { left }
}

/// The smaller of two sizes, in constants too.
pub const fn min(left: usize, right: usize) -> usize {
    if left < right { left } else { right }
}
