//! The field type that declares a buffer.

use std::fmt;
use std::marker::PhantomData;

use crate::element::{Element, Real};
use crate::location::Location;

/// A declared buffer of elements `T`, by default of the run's precision.
///
/// The field holds no data: the size, the place and the aliases stand in its `#[buffer(...)]`
/// attribute. Its value carries the caller's wish for a place, if there is one:
/// [`Buffer::default`] keeps the declared place.
pub struct Buffer<T: Element = Real> {
    location: Option<Location>,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> Buffer<T> {
    /// A buffer that lies where its declaration says.
    pub const fn new() -> Self {
        Self { location: None, element: PhantomData }
    }

    /// A buffer that the caller places, whatever its declaration says.
    pub const fn at(location: Location) -> Self {
        Self { location: Some(location), element: PhantomData }
    }

    /// The place that the caller asked for.
    pub const fn location(&self) -> Option<Location> {
        self.location
    }
}

// By hand, since a derive would ask for bounds on `T` that nothing needs.
impl<T: Element> Default for Buffer<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Element> Copy for Buffer<T> {}

impl<T: Element> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.location == other.location
    }
}

impl<T: Element> Eq for Buffer<T> {}

impl<T: Element> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("element", &T::TYPE)
            .field("location", &self.location)
            .finish()
    }
}
