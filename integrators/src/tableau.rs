//! Coefficients of Runge-Kutta methods.

/// An explicit Runge-Kutta method: its Butcher tableau.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tableau {
    /// The names that a solver knows it by.
    pub names: &'static [&'static str],
    /// The order of convergence.
    pub order: usize,
    /// The weight of each derivative in the state of each later stage: row `i` has `i` entries.
    pub a: &'static [&'static [f64]],
    /// The weight of each derivative in the result.
    pub b: &'static [f64],
    /// The time of each stage, in steps.
    pub c: &'static [f64],
}

impl Tableau {
    /// The number of stages.
    pub fn stages(&self) -> usize {
        self.b.len()
    }

    /// Whether the last stage is at the result, so that its derivative is the first of the next
    /// step.
    pub fn first_same_as_last(&self) -> bool {
        let (Some(row), Some((&last, weights))) = (self.a.last(), self.b.split_last()) else {
            return false;
        };
        last == 0.0 && *row == weights && self.c.last() == Some(&1.0) && self.stages() > 1
    }
}

/// The classical method of Kutta (1901).
pub const CLASSICAL_RK4: Tableau = Tableau {
    names: &["classical-rk4", "rk4"],
    order: 4,
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
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
};

/// All explicit methods.
pub const EXPLICIT: [Tableau; 2] = [CLASSICAL_RK4, TSIT5];

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
        values.into_iter().sum()
    }

    fn assert_near(actual: f64, expected: f64, what: &str, tableau: &Tableau) {
        let name = tableau.names[0];
        assert!((actual - expected).abs() < 1e-14, "{name}: {what} is {actual}, not {expected}");
    }

    #[test]
    fn tableaus_have_one_row_and_one_time_per_stage() {
        for tableau in EXPLICIT {
            assert_eq!(tableau.a.len(), tableau.stages());
            assert_eq!(tableau.c.len(), tableau.stages());
            for (stage, row) in tableau.a.iter().enumerate() {
                assert_eq!(row.len(), stage);
            }
        }
    }

    #[test]
    fn every_row_sums_to_its_time() {
        for tableau in &EXPLICIT {
            for (row, &c) in tableau.a.iter().zip(tableau.c) {
                assert_near(sum(row.iter().copied()), c, "a row", tableau);
            }
        }
    }

    #[test]
    fn weights_meet_the_quadrature_conditions_of_their_order() {
        for tableau in &EXPLICIT {
            for power in 0..tableau.order as i32 {
                let terms = tableau.b.iter().zip(tableau.c).map(|(b, c)| b * c.powi(power));
                assert_near(sum(terms), 1.0 / f64::from(power + 1), "a condition", tableau);
            }
        }
    }

    #[test]
    fn coefficients_meet_the_conditions_on_pairs_of_stages() {
        for tableau in &EXPLICIT {
            let rows = || tableau.b.iter().zip(tableau.c).zip(tableau.a);
            let product = |row: &[f64], power: i32| {
                sum(row.iter().zip(tableau.c).map(|(a, c)| a * c.powi(power)))
            };
            let third = sum(rows().map(|((b, _), row)| b * product(row, 1)));
            let fourth = sum(rows().map(|((b, c), row)| b * c * product(row, 1)));
            let also_fourth = sum(rows().map(|((b, _), row)| b * product(row, 2)));
            assert_near(third, 1.0 / 6.0, "a condition of order 3", tableau);
            assert_near(fourth, 1.0 / 8.0, "a condition of order 4", tableau);
            assert_near(also_fourth, 1.0 / 12.0, "a condition of order 4", tableau);
        }
    }

    #[test]
    fn only_tsit5_reuses_its_last_derivative() {
        assert!(TSIT5.first_same_as_last());
        assert!(!CLASSICAL_RK4.first_same_as_last());
    }
}
