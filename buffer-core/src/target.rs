//! What a layout is made for: a CUDA architecture or the host, and the precision of a run.

use std::fmt;
use std::str::FromStr;

use crate::element::{ElementType, Precision, Width};
use crate::error::BufferError;
use crate::multiprocessor::Multiprocessor;

const KIB: usize = 1024;

/// A CUDA architecture, such as 9.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComputeCapability {
    major: u32,
    minor: u32,
    multiprocessor: &'static Multiprocessor,
}

impl ComputeCapability {
    /// A known architecture.
    ///
    /// # Errors
    /// [`BufferError::UnknownComputeCapability`] where it is not in the table.
    pub fn new(major: u32, minor: u32) -> Result<Self, BufferError> {
        let known = Self::all().find(|known| (known.major, known.minor) == (major, minor));
        known.ok_or_else(|| BufferError::UnknownComputeCapability {
            given: format!("{major}.{minor}"),
            known: Self::known(),
        })
    }

    /// All known architectures, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        let table = Multiprocessor::TABLE.iter();
        table.map(|&(major, minor, ref multiprocessor)| Self { major, minor, multiprocessor })
    }

    /// The name that compilers use: `sm_90`.
    pub fn sm(self) -> String {
        format!("sm_{}{}", self.major, self.minor)
    }

    /// What one multiprocessor of the architecture holds.
    pub fn multiprocessor(self) -> &'static Multiprocessor {
        self.multiprocessor
    }

    fn known() -> String {
        Self::all().map(|known| known.to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for ComputeCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ComputeCapability {
    type Err = BufferError;

    /// Reads `9.0` or `sm_90`.
    fn from_str(text: &str) -> Result<Self, BufferError> {
        Self::all().find(|known| known.to_string() == text || known.sm() == text).ok_or_else(|| {
            BufferError::UnknownComputeCapability { given: text.to_owned(), known: Self::known() }
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Machine {
    Cuda(ComputeCapability),
    Host { lanes: usize },
}

/// What a layout is made for: the machine, and the precision of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    machine: Machine,
    precision: Precision,
}

impl Target {
    /// A CUDA architecture, one run per thread.
    pub fn cuda(capability: ComputeCapability, precision: Precision) -> Self {
        Self { machine: Machine::Cuda(capability), precision }
    }

    /// The host, `lanes` runs per thread, side by side in vectors.
    ///
    /// # Errors
    /// [`BufferError::Lanes`] where `lanes` is not a power of two from 1 to 64.
    pub fn host(lanes: usize, precision: Precision) -> Result<Self, BufferError> {
        if lanes.is_power_of_two() && lanes <= 64 {
            Ok(Self { machine: Machine::Host { lanes }, precision })
        } else {
            Err(BufferError::Lanes { lanes })
        }
    }

    /// The precision of a run.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Runs side by side in one thread: 1 on CUDA.
    pub fn lanes(&self) -> usize {
        match self.machine {
            Machine::Cuda(_) => 1,
            Machine::Host { lanes } => lanes,
        }
    }

    /// The CUDA architecture; none on the host.
    pub fn compute_capability(&self) -> Option<ComputeCapability> {
        match self.machine {
            Machine::Cuda(capability) => Some(capability),
            Machine::Host { .. } => None,
        }
    }

    /// The width of one element in one run.
    pub fn width(&self, element: ElementType) -> Width {
        match (element, self.machine) {
            (ElementType::F32, _) => Width::Four,
            (ElementType::F64, _) => Width::Eight,
            (ElementType::Real, _) => self.precision.width(),
            (ElementType::I32, Machine::Cuda(_)) => Width::Four,
            // As wide as the reals, so that masks and counters mix.
            (ElementType::I32, Machine::Host { .. }) => self.precision.width(),
        }
    }

    /// Bytes of shared memory that all runs of a block have together.
    ///
    /// On the host, where a block is the lanes of one thread, the arena is at most 1 GiB.
    pub fn shared_limit(&self) -> usize {
        match self.machine {
            Machine::Cuda(capability) => capability.multiprocessor.block_shared_bytes(),
            Machine::Host { .. } => KIB * KIB * KIB,
        }
    }

    /// Bytes of local memory that all runs of a thread have together.
    ///
    /// On the host they lie on the stack, and 1 MiB leaves the other half of the stack that Rust
    /// gives a thread to everything else.
    pub fn local_limit(&self) -> usize {
        match self.machine {
            Machine::Cuda(_) => 512 * KIB,
            Machine::Host { .. } => KIB * KIB,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.machine {
            Machine::Cuda(capability) => write!(f, "{} {}", capability.sm(), self.precision),
            Machine::Host { lanes: 1 } => write!(f, "host, 1 lane of {}", self.precision),
            Machine::Host { lanes } => write!(f, "host, {lanes} lanes of {}", self.precision),
        }
    }
}
