//! Coefficients of Rosenbrock methods.

use std::f64::consts::SQRT_2;

use super::Embedded;

/// A Rosenbrock method in the form without products with the Jacobian (Hairer and Wanner 1996,
/// section IV.7): with M = I - gamma * dt * J, stages k satisfy
///
/// M k_i = gamma * dt * (f(t + c_i * dt, y + sum a_ij k_j) + sum C_ij k_j / dt + gamma_i * dt * df/dt),
///
/// the sums over j < i, J and df/dt being those at the beginning of the step. The result is
/// y + sum b_i k_i.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RosenbrockTableau {
    /// The names that a solver knows it by.
    pub names: &'static [&'static str],
    /// The order of convergence.
    pub order: usize,
    /// The diagonal coefficient, which all stages share.
    pub gamma: f64,
    /// The weight of each stage in the state of each later stage: row `i` has `i` entries.
    pub a: &'static [&'static [f64]],
    /// Its weight in that stage's right side, C above, in the same form.
    pub coupling: &'static [&'static [f64]],
    /// The time of each stage, in steps.
    pub c: &'static [f64],
    /// The weight of the derivative by time in each stage.
    pub time_weights: &'static [f64],
    /// The weight of each stage in the result.
    pub b: &'static [f64],
    /// What estimates the error of a step.
    pub embedded: Embedded,
}

impl RosenbrockTableau {
    /// The number of stages.
    pub fn stages(&self) -> usize {
        self.b.len()
    }

    /// Of the stages, those that the result needs: others at the end serve the estimate alone.
    pub fn stages_of_result(&self) -> usize {
        self.b.iter().rposition(|&weight| weight != 0.0).map_or(0, |last| last + 1)
    }
}

const SQRT_3: f64 = 1.732_050_807_568_877_2;

/// The method of order 3(2) of Lang and Verwer (2001), A-stable, which keeps its order on problems from
/// parabolic equations.
pub const ROS3P: RosenbrockTableau = RosenbrockTableau {
    names: &["ros3p"],
    order: 3,
    gamma: (3.0 + SQRT_3) / 6.0,
    a: &[&[], &[3.0 - SQRT_3], &[3.0 - SQRT_3, 0.0]],
    coupling: &[&[], &[6.0 * SQRT_3 - 12.0], &[-2.0 * SQRT_3, -SQRT_3]],
    c: &[0.0, 1.0, 1.0],
    time_weights: &[(3.0 + SQRT_3) / 6.0, (SQRT_3 - 3.0) / 6.0, -0.5 - SQRT_3 / 3.0],
    b: &[2.0, SQRT_3 / 3.0, 1.0 - SQRT_3 / 3.0],
    embedded: Embedded { order: 2, b: &[5.0 - 5.0 * SQRT_3 / 3.0, 1.0, 1.0 - SQRT_3 / 3.0] },
};

/// The method of order 3(2) of Steinebach (2023), L-stable, which keeps its order on problems from
/// parabolic equations.
pub const RODAS3P: RosenbrockTableau = RosenbrockTableau {
    names: &["rodas3p"],
    order: 3,
    gamma: 1.0 / 3.0,
    a: &[
        &[],
        &[4.0 / 3.0],
        &[0.0, 0.0],
        &[93.0 / 32.0, 27.0 / 8.0, 13.0 / 32.0],
        &[93.0 / 32.0, 27.0 / 8.0, 13.0 / 32.0, 0.0],
    ],
    coupling: &[
        &[],
        &[-4.0],
        &[33.0 / 4.0, 27.0 / 4.0],
        &[39.0 / 32.0, -81.0 / 16.0, -63.0 / 32.0],
        &[129.0 / 32.0, -243.0 / 16.0, -129.0 / 32.0, 6.0],
    ],
    c: &[0.0, 4.0 / 9.0, 0.0, 1.0, 1.0],
    time_weights: &[1.0 / 3.0, -1.0 / 9.0, 1.0, 0.0, 0.0],
    b: &[93.0 / 32.0, 27.0 / 8.0, 13.0 / 32.0, 0.0, 1.0],
    embedded: Embedded { order: 2, b: &[93.0 / 32.0, 27.0 / 8.0, 13.0 / 32.0, 1.0, 0.0] },
};

/// The method of order 2(3) of Shampine and Reichelt (1997), L-stable. Its third stage serves the
/// estimate alone.
pub const ROSENBROCK23: RosenbrockTableau = RosenbrockTableau {
    names: &["rosenbrock23", "ode23s"],
    order: 2,
    gamma: 1.0 - SQRT_2 / 2.0,
    a: &[&[], &[1.0 + SQRT_2 / 2.0], &[2.0 + SQRT_2, 2.0 + SQRT_2]],
    coupling: &[&[], &[-2.0 - SQRT_2], &[-4.0 - 2.0 * SQRT_2, -14.0 - 8.0 * SQRT_2]],
    c: &[0.0, 0.5, 1.0],
    time_weights: &[1.0 - SQRT_2 / 2.0, 0.0, SQRT_2 / 2.0 - 1.0],
    b: &[2.0 + SQRT_2, 2.0 + SQRT_2, 0.0],
    embedded: Embedded {
        order: 3,
        b: &[(10.0 + 5.0 * SQRT_2) / 6.0, 1.0 / 3.0, (-2.0 - SQRT_2) / 6.0],
    },
};

/// All Rosenbrock methods.
pub const ROSENBROCK: [RosenbrockTableau; 3] = [ROS3P, RODAS3P, ROSENBROCK23];

#[cfg(test)]
mod tests {
    use super::*;

    /// `a`, `gamma` and `b` as functions of derivatives: the classical coefficients, from which the
    /// conditions of order are (Hairer and Wanner 1996, table IV.7.1).
    struct Classical {
        alpha: Vec<Vec<f64>>,
        /// `alpha` and `gamma` together.
        beta: Vec<Vec<f64>>,
        gamma: Vec<Vec<f64>>,
    }

    fn product(left: &[Vec<f64>], right: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let element = |row: &Vec<f64>, column: usize| -> f64 {
            row.iter().zip(right).map(|(value, other)| value * other[column]).sum()
        };
        left.iter()
            .map(|row| (0..right.len()).map(|column| element(row, column)).collect())
            .collect()
    }

    fn square(rows: &[&[f64]]) -> Vec<Vec<f64>> {
        let fill = |row: &&[f64]| {
            row.iter().copied().chain(std::iter::repeat(0.0)).take(rows.len()).collect()
        };
        rows.iter().map(fill).collect()
    }

    impl Classical {
        /// Gamma is the inverse of diag(1 / gamma) - C, and alpha is a times gamma.
        fn new(tableau: &RosenbrockTableau) -> Self {
            let mut gamma: Vec<Vec<f64>> = Vec::new();
            for (row, coupling) in square(tableau.coupling).iter().enumerate() {
                let earlier = |column: usize| -> f64 {
                    gamma.iter().zip(coupling).map(|(stage, c)| c * stage[column]).sum()
                };
                let unit = |column| f64::from(u8::from(row == column));
                let value = |column| tableau.gamma * (unit(column) + earlier(column));
                let values = (0..tableau.stages()).map(value).collect();
                gamma.push(values);
            }
            let alpha = product(&square(tableau.a), &gamma);
            let beta = alpha.iter().zip(&gamma);
            let beta = beta.map(|(a, g)| a.iter().zip(g).map(|(a, g)| a + g).collect()).collect();
            Self { alpha, beta, gamma }
        }

        fn weights(&self, of_stages: &[f64]) -> Vec<f64> {
            product(&[of_stages.to_vec()], &self.gamma).remove(0)
        }
    }

    fn sums(rows: &[Vec<f64>]) -> Vec<f64> {
        rows.iter().map(|row| row.iter().sum()).collect()
    }

    fn times(rows: &[Vec<f64>], values: &[f64]) -> Vec<f64> {
        rows.iter().map(|row| dot(row, values)).collect()
    }

    fn dot(left: &[f64], right: &[f64]) -> f64 {
        left.iter().zip(right).map(|(a, b)| a * b).sum()
    }

    /// The defects of the conditions of an order.
    fn defects(classical: &Classical, of_stages: &[f64], order: usize) -> Vec<f64> {
        let b = classical.weights(of_stages);
        let (alpha, beta) = (sums(&classical.alpha), sums(&classical.beta));
        match order {
            1 => vec![b.iter().sum::<f64>() - 1.0],
            2 => vec![dot(&b, &beta) - 0.5],
            3 => {
                let squares: Vec<f64> = alpha.iter().map(|alpha| alpha * alpha).collect();
                vec![
                    dot(&b, &squares) - 1.0 / 3.0,
                    dot(&b, &times(&classical.beta, &beta)) - 1.0 / 6.0,
                ]
            }
            _ => panic!("no conditions of order {order}"),
        }
    }

    #[test]
    fn coefficients_meet_the_conditions_of_their_order() {
        for tableau in ROSENBROCK {
            let name = tableau.names[0];
            let classical = Classical::new(&tableau);
            let weights = [(tableau.b, tableau.order), (tableau.embedded.b, 2)];
            for (of_stages, order) in weights {
                for order in 1..=order {
                    for defect in defects(&classical, of_stages, order) {
                        assert!(defect.abs() < 1e-14, "{name}, order {order}: {defect:e}");
                    }
                }
            }
            let lower = if tableau.order == 3 { tableau.embedded.b } else { tableau.b };
            let next = defects(&classical, lower, 3);
            assert!(next.iter().any(|defect| defect.abs() > 1e-3), "{name}: {next:?}");
        }
    }

    #[test]
    fn times_are_those_of_the_stages() {
        for tableau in ROSENBROCK {
            let classical = Classical::new(&tableau);
            for (sums, given) in [
                (sums(&classical.alpha), tableau.c),
                (sums(&classical.gamma), tableau.time_weights),
            ] {
                assert_eq!(sums.len(), given.len());
                for (sum, given) in sums.iter().zip(given) {
                    assert!(
                        (sum - given).abs() < 1e-14,
                        "{}: {sum}, not {given}",
                        tableau.names[0]
                    );
                }
            }
        }
    }

    #[test]
    fn only_the_third_stage_of_rosenbrock23_is_of_no_use_to_the_result() {
        assert_eq!(ROSENBROCK.map(|tableau| tableau.stages_of_result()), [3, 5, 2]);
    }
}
