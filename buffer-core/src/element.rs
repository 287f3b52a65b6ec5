//! Element types of buffers, and the precision of a run.

use std::fmt;
use std::str::FromStr;

use crate::error::BufferError;

/// What one element of a buffer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// The run's precision: `f32` or `f64`, decided when a layout is made.
    Real,
    /// 32-bit floating point, whatever the run's precision.
    F32,
    /// 64-bit floating point, whatever the run's precision.
    F64,
    /// A signed integer: 32 bits on CUDA, as wide as the run's reals on the host.
    I32,
}

impl ElementType {
    /// The name of the type in kernel text.
    pub fn c_name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I32 => "integer",
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "Real",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I32 => "i32",
        })
    }
}

/// The width of an element in one run.
///
/// Every arena is split by it, so that no element is misaligned and none shares its bytes with one
/// of another width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// Eight bytes.
    Eight,
    /// Four bytes.
    Four,
}

impl Width {
    /// Both widths, in the order in which their arenas lie.
    pub const ALL: [Self; 2] = [Self::Eight, Self::Four];

    /// The number of bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Eight => 8,
            Self::Four => 4,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Real {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i32 {}
}

/// A type that a [`Buffer`](crate::Buffer) can hold: [`Real`], `f32`, `f64` or `i32`.
#[diagnostic::on_unimplemented(
    message = "a buffer cannot hold `{Self}`",
    label = "not an element type",
    note = "element types are `Real` (the run's precision), `f32`, `f64` and `i32`"
)]
pub trait Element: sealed::Sealed {
    /// The element type that stands for `Self`.
    const TYPE: ElementType;
}

/// The run's precision as an element type: `Buffer<Real>`, or `Buffer` for short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Real {}

impl Element for Real {
    const TYPE: ElementType = ElementType::Real;
}
impl Element for f32 {
    const TYPE: ElementType = ElementType::F32;
}
impl Element for f64 {
    const TYPE: ElementType = ElementType::F64;
}
impl Element for i32 {
    const TYPE: ElementType = ElementType::I32;
}

/// The precision of a run: what [`Real`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit reals.
    F32,
    /// 64-bit reals.
    F64,
}

impl Precision {
    /// The width of one real.
    pub fn width(self) -> Width {
        match self {
            Self::F32 => Width::Four,
            Self::F64 => Width::Eight,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

impl FromStr for Precision {
    type Err = BufferError;

    fn from_str(text: &str) -> Result<Self, BufferError> {
        match text {
            "f32" => Ok(Self::F32),
            "f64" => Ok(Self::F64),
            _ => Err(BufferError::UnknownPrecision { given: text.to_owned() }),
        }
    }
}
