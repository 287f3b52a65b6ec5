//! Coefficients of Runge-Kutta and Rosenbrock methods.

mod rosenbrock;

use std::f64::consts::FRAC_1_SQRT_2;

pub use self::rosenbrock::{ROS3P, ROSENBROCK, ROSENBROCK23, RODAS3P, RosenbrockTableau};

/// Weights of another result of the same stages, of another order: the difference of the two results
/// estimates the error of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedded {
    /// The order of convergence.
    pub order: usize,
    /// The weight of each derivative in that result.
    pub b: &'static [f64],
}

/// An explicit or diagonally implicit Runge-Kutta method: its Butcher tableau.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tableau {
    /// The names that a solver knows it by.
    pub names: &'static [&'static str],
    /// The order of convergence.
    pub order: usize,
    /// The weight of each derivative in the state of each later stage: row `i` has `i` entries, and
    /// behind them its own derivative's where the method is implicit.
    pub a: &'static [&'static [f64]],
    /// The weight of each derivative in the result.
    pub b: &'static [f64],
    /// The time of each stage, in steps.
    pub c: &'static [f64],
    /// What estimates the error of a step, where the method has such a thing.
    pub embedded: Option<Embedded>,
}

impl Tableau {
    /// The number of stages.
    pub fn stages(&self) -> usize {
        self.b.len()
    }

    /// Whether the state of the last stage is the result.
    pub fn ends_in_last_stage(&self) -> bool {
        let row = self.a.last().copied().unwrap_or_default();
        self.c.last() == Some(&1.0)
            && row.iter().chain(std::iter::repeat(&0.0)).zip(self.b).all(|(a, b)| a == b)
    }

    /// Whether the last stage is at the result and the first one at the state, so that the last
    /// derivative of a step is the first of the next.
    pub fn first_same_as_last(&self) -> bool {
        let first = self.a.first().copied().unwrap_or_default();
        self.stages() > 1 && self.ends_in_last_stage() && first.iter().all(|&weight| weight == 0.0)
    }
}

/// The classical method of Kutta (1901).
pub const CLASSICAL_RK4: Tableau = Tableau {
    names: &["classical-rk4", "rk4"],
    order: 4,
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
    embedded: None,
};

/// The method of order 5(4) of Tsitouras (2011).
pub const TSIT5: Tableau = Tableau {
    names: &["tsit5"],
    order: 5,
    a: &[
        &[],
        &[0.161],
        &[-0.008480655492356989, 0.335480655492357],
        &[2.8971530571054935, -6.359448489975075, 4.3622954328695815],
        &[5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
        &[
            5.86145544294642,
            -12.92096931784711,
            8.159367898576159,
            -0.071584973281401,
            -0.028269050394068383,
        ],
        &[
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ],
    ],
    b: &[
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
        0.0,
    ],
    c: &[0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0],
    embedded: Some(Embedded {
        order: 4,
        b: &[
            0.09824077787029101,
            0.010816434459656746,
            0.4720087724042376,
            1.5237195812770048,
            -3.872426680888636,
            2.7827926300289607,
            -1.0 / 66.0,
        ],
    }),
};

/// All explicit methods.
pub const EXPLICIT: [Tableau; 2] = [CLASSICAL_RK4, TSIT5];

/// The implicit midpoint rule.
pub const IMPLICIT_MIDPOINT: Tableau = Tableau {
    names: &["implicit_midpoint"],
    order: 2,
    a: &[&[0.5]],
    b: &[1.0],
    c: &[0.5],
    embedded: None,
};

/// The trapezoidal rule.
pub const TRAPEZOIDAL_DIRK: Tableau = Tableau {
    names: &["trapezoidal_dirk", "ode23t"],
    order: 2,
    a: &[&[0.0], &[0.5, 0.5]],
    b: &[0.5, 0.5],
    c: &[0.0, 1.0],
    embedded: None,
};

/// The L-stable method of order 2 of Alexander (1977).
pub const SDIRK_2_2: Tableau = Tableau {
    names: &["sdirk_2_2"],
    order: 2,
    a: &[&[1.0 - FRAC_1_SQRT_2], &[FRAC_1_SQRT_2, 1.0 - FRAC_1_SQRT_2]],
    b: &[FRAC_1_SQRT_2, 1.0 - FRAC_1_SQRT_2],
    c: &[1.0 - FRAC_1_SQRT_2, 1.0],
    embedded: None,
};

/// The L-stable method of order 3 of Alexander (1977).
pub const L_STABLE_DIRK_3: Tableau = Tableau {
    names: &["l_stable_dirk_3"],
    order: 3,
    a: &[
        &[0.43586652150845895],
        &[0.2820667392457705, 0.43586652150845895],
        &[1.2084966491760099, -0.6443631706844688, 0.43586652150845895],
    ],
    b: &[1.2084966491760099, -0.6443631706844688, 0.43586652150845895],
    c: &[0.43586652150845895, 0.7179332607542295, 1.0],
    embedded: None,
};

/// The method of order 3(2) of Kvaerno (2004).
pub const KVAERNO3: Tableau = Tableau {
    names: &["kvaerno3"],
    order: 3,
    a: &[
        &[0.0],
        &[0.435866521508459, 0.435866521508459],
        &[0.49056338842178054, 0.07357009006976042, 0.435866521508459],
        &[0.30880996997674653, 1.4905633884217806, -1.2352398799069861, 0.435866521508459],
    ],
    b: &[0.30880996997674653, 1.4905633884217806, -1.2352398799069861, 0.435866521508459],
    c: &[0.0, 0.871733043016918, 1.0, 1.0],
    embedded: Some(Embedded {
        order: 2,
        b: &[0.49056338842178054, 0.07357009006976042, 0.435866521508459, 0.0],
    }),
};

/// The method of order 4(3) of Hairer and Wanner (1996).
pub const L_STABLE_SDIRK_4: Tableau = Tableau {
    names: &["l_stable_sdirk_4"],
    order: 4,
    a: &[
        &[1.0 / 4.0],
        &[1.0 / 2.0, 1.0 / 4.0],
        &[17.0 / 50.0, -1.0 / 25.0, 1.0 / 4.0],
        &[371.0 / 1360.0, -137.0 / 2720.0, 15.0 / 544.0, 1.0 / 4.0],
        &[25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 1.0 / 4.0],
    ],
    b: &[25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 1.0 / 4.0],
    c: &[1.0 / 4.0, 3.0 / 4.0, 11.0 / 20.0, 1.0 / 2.0, 1.0],
    embedded: Some(Embedded {
        order: 3,
        b: &[59.0 / 48.0, -17.0 / 96.0, 225.0 / 32.0, -85.0 / 12.0, 0.0],
    }),
};

/// All diagonally implicit methods.
pub const IMPLICIT: [Tableau; 6] =
    [IMPLICIT_MIDPOINT, TRAPEZOIDAL_DIRK, SDIRK_2_2, L_STABLE_DIRK_3, KVAERNO3, L_STABLE_SDIRK_4];

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Tableau> {
        [EXPLICIT.as_slice(), IMPLICIT.as_slice()].concat()
    }

    fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
        values.into_iter().sum()
    }

    fn assert_near(actual: f64, expected: f64, what: &str, tableau: &Tableau) {
        let name = tableau.names[0];
        assert!((actual - expected).abs() < 1e-14, "{name}: {what} is {actual}, not {expected}");
    }

    #[test]
    fn tableaus_have_one_row_and_one_time_per_stage() {
        for (tableaus, diagonal) in [(EXPLICIT.as_slice(), 0), (IMPLICIT.as_slice(), 1)] {
            for tableau in tableaus {
                assert_eq!(tableau.a.len(), tableau.stages());
                assert_eq!(tableau.c.len(), tableau.stages());
                for (stage, row) in tableau.a.iter().enumerate() {
                    assert_eq!(row.len(), stage + diagonal);
                }
            }
        }
    }

    #[test]
    fn every_row_sums_to_its_time() {
        for tableau in &all() {
            for (row, &c) in tableau.a.iter().zip(tableau.c) {
                assert_near(sum(row.iter().copied()), c, "a row", tableau);
            }
        }
    }

    #[test]
    fn weights_meet_the_quadrature_conditions_of_their_order() {
        for tableau in &all() {
            for power in 0..tableau.order as i32 {
                let terms = tableau.b.iter().zip(tableau.c).map(|(b, c)| b * c.powi(power));
                assert_near(sum(terms), 1.0 / f64::from(power + 1), "a condition", tableau);
            }
        }
    }

    #[test]
    fn coefficients_meet_the_conditions_on_pairs_of_stages() {
        for tableau in &all() {
            let rows = || tableau.b.iter().zip(tableau.c).zip(tableau.a);
            let product = |row: &[f64], power: i32| {
                sum(row.iter().zip(tableau.c).map(|(a, c)| a * c.powi(power)))
            };
            let third = sum(rows().map(|((b, _), row)| b * product(row, 1)));
            let fourth = sum(rows().map(|((b, c), row)| b * c * product(row, 1)));
            let also_fourth = sum(rows().map(|((b, _), row)| b * product(row, 2)));
            if tableau.order >= 3 {
                assert_near(third, 1.0 / 6.0, "a condition of order 3", tableau);
            }
            if tableau.order >= 4 {
                assert_near(fourth, 1.0 / 8.0, "a condition of order 4", tableau);
                assert_near(also_fourth, 1.0 / 12.0, "a condition of order 4", tableau);
            }
        }
    }

    #[test]
    fn methods_that_begin_and_end_at_the_state_reuse_their_last_derivative() {
        let reusing = |tableau: &Tableau| tableau.first_same_as_last();
        assert_eq!(
            all().into_iter().filter(reusing).collect::<Vec<_>>(),
            [TSIT5, TRAPEZOIDAL_DIRK, KVAERNO3]
        );
    }

    #[test]
    fn stiff_methods_end_in_their_last_stage() {
        assert!(SDIRK_2_2.ends_in_last_stage() && KVAERNO3.ends_in_last_stage());
        assert!(!IMPLICIT_MIDPOINT.ends_in_last_stage() && !CLASSICAL_RK4.ends_in_last_stage());
    }
}
