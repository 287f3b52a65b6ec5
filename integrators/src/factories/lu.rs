//! Elimination of a sparse matrix.

mod elimination;

use std::collections::BTreeSet;

use buffer_core::{BufferError, Buffers};

use self::elimination::Elimination;
use super::{Factory, KernelText, LinearSolver};
use crate::{JacobianPattern, SystemFunction};

/// A substitution of more operations is compiled once, not at each stage.
const LONG: usize = 64;

/// A linear solver that factorises, with code for the elements that are not zero and for no others.
/// The factors are its caller's to hold.
#[derive(Buffers)]
#[buffers(prefix = "lu")]
pub struct Lu {
    elimination: Elimination,
}

impl Lu {
    /// A solver for the Jacobians of a pattern.
    pub fn new(pattern: &JacobianPattern) -> Self {
        Self { elimination: Elimination::new(pattern.states(), pattern.entries()) }
    }

    /// The operations of a factorisation, which are the length of its text: one for each element and each
    /// change of one.
    pub fn operations(&self) -> usize {
        self.elimination.factorisation().len()
    }
}

impl Factory for Lu {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        let substitution = self.elimination.substitution();
        let linkage = if substitution.len() > LONG { "SEPARATE" } else { "INLINE" };
        text.header(path)?;
        text.push(&format!(
            "#define {path}_linkage {linkage}\n\
             enum {{ {path}_jacobian_entries = {} }};\n\
             #define {path}_factorisation(ROW, UNIT_ROW, LOWER, UPDATE, FILL, PIVOT_UPDATE, PIVOT) \\\n    {}\n\
             #define {path}_substitution(LOWER, UPPER, PIVOT) \\\n    {}\n",
            self.elimination.entries(),
            self.elimination.factorisation().join(" \\\n    "),
            substitution.join(" \\\n    "),
        ));
        text.push(include_str!("../../kernels/lu.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        [SystemFunction::Jacobian].into()
    }
}

impl LinearSolver for Lu {
    /// The entries of the Jacobian, the rest of the diagonal, and what fills in; in the end the inverses
    /// of the pivots, and the factors beside them.
    fn prepared_elements(&self) -> usize {
        self.elimination.elements()
    }
}
