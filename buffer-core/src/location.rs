//! Where a buffer lies.

use std::fmt;
use std::str::FromStr;

use crate::error::BufferError;

/// The memory that holds a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// A slice of the block's shared memory; on the host, of an arena.
    Shared,
    /// The thread's own memory; registers where all indices are constants.
    Local,
    /// The layout chooses: local memory, in both packings.
    Auto,
}

impl Location {
    /// The place that a layout gives: never [`Location::Auto`].
    pub fn resolved(self) -> Self {
        match self {
            Self::Auto => Self::Local,
            place => place,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Auto => "auto",
        })
    }
}

impl FromStr for Location {
    type Err = BufferError;

    fn from_str(text: &str) -> Result<Self, BufferError> {
        match text {
            "shared" => Ok(Self::Shared),
            "local" => Ok(Self::Local),
            "auto" => Ok(Self::Auto),
            _ => Err(BufferError::UnknownLocation { given: text.to_owned() }),
        }
    }
}
