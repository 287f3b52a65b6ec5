//! Elimination of a sparse matrix.

mod elimination;

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use self::elimination::Elimination;
use super::{Factory, KernelText};
use crate::{JacobianPattern, SystemFunction};

/// A linear solver that factorises, with code for the elements that are not zero and for no others.
#[derive(Buffers)]
#[buffers(prefix = "lu", phases(factorise, substitute))]
pub struct Lu {
    elimination: Elimination,
    entries: usize,
    elements: usize,

    /// The entries of the Jacobian, then the factors: the inverses of the pivots, and the elements
    /// beside them.
    #[buffer(size = elements, location = "local", live = factorise..=substitute)]
    pub factor: Buffer,
}

impl Lu {
    /// A solver for the Jacobians of a pattern.
    pub fn new(pattern: &JacobianPattern) -> Self {
        let entries = pattern.entries();
        let elimination = Elimination::new(pattern.states(), entries);
        let elements = elimination.elements();
        Self { elimination, entries: entries.len(), elements, factor: Buffer::new() }
    }
}

impl Factory for Lu {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.header(path)?;
        text.push(&format!(
            "enum {{ {path}_jacobian_entries = {} }};\n\
             #define {path}_factorisation(ROW, UNIT_ROW, LOWER, UPDATE, FILL, PIVOT_UPDATE, PIVOT) \\\n    {}\n\
             #define {path}_substitution(LOWER, UPPER, PIVOT) \\\n    {}\n",
            self.entries,
            self.elimination.factorisation().join(" \\\n    "),
            self.elimination.substitution().join(" \\\n    "),
        ));
        text.push(include_str!("../../kernels/lu.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        [SystemFunction::Jacobian].into()
    }
}
