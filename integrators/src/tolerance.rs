//! What errors may be.

use buffer_core::Precision;

/// What the error of a state may be: `atol + rtol * |state|` (Hairer, Norsett and Wanner 1993, equation
/// II.4.10).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Of a state near 0, above 0 itself.
    pub atol: f64,
    /// Relative to a state that is far from 0.
    pub rtol: f64,
}

impl Tolerance {
    /// `tolerance * (1 + |state|)`, or what can be kept of it.
    pub(crate) fn of_number(tolerance: f64, precision: Precision) -> Self {
        let tolerance = tolerance.max(least_rtol(precision));
        Self { atol: tolerance, rtol: tolerance }
    }

    /// What the equations of steps are solved to where this is what steps may err by. What is left of
    /// them adds up over the steps, of which a smaller tolerance takes more: with a tenth, it was seen
    /// beside the errors of steps.
    pub(crate) fn of_solver(self, precision: Precision) -> Self {
        let Self { atol, rtol } = self;
        Self { atol: 0.01 * atol, rtol: (0.01 * rtol).max(least_rtol(precision)) }
    }

    /// Its constants in the text of the instance at `path`.
    pub(crate) fn text(self, path: &str) -> String {
        let Self { atol, rtol } = self;
        format!("#define {path}_atol REAL({atol:?})\n#define {path}_rtol REAL({rtol:?})\n")
    }
}

/// The least that an error can be relative to a state: some units in the last place.
pub(crate) fn least_rtol(precision: Precision) -> f64 {
    4.0 * match precision {
        Precision::F32 => f64::from(f32::EPSILON),
        Precision::F64 => f64::EPSILON,
    }
}
