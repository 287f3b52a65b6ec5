//! Explicit Runge-Kutta methods in textbook form, in plain `f64`.
//!
//! What the kernels are held against. Nothing here is fast, and nothing is shared with them: the
//! tableaus are typed in a second time, and their order conditions are checked below.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test that asked for it")]

use std::ops::Range;

/// The coefficients of an explicit Runge-Kutta method.
#[derive(Debug, Clone, Copy)]
pub struct Tableau {
    /// The method's name, as a solver takes it.
    pub method: &'static str,
    /// The order of convergence.
    pub order: usize,
    /// Row `i` weighs the slopes of the stages before stage `i`.
    pub a: &'static [&'static [f64]],
    /// The weights of the slopes in a step.
    pub b: &'static [f64],
    /// The times of the stages, in steps.
    pub c: &'static [f64],
    /// The order and the weights of the embedded result, for which the slope at the result may come last.
    pub embedded: Option<(usize, &'static [f64])>,
}

/// Euler's method.
pub const EULER: Tableau =
    Tableau { method: "euler", order: 1, a: &[&[]], b: &[1.0], c: &[0.0], embedded: None };

/// The classical method of Kutta.
pub const CLASSICAL_RK4: Tableau = Tableau {
    method: "classical-rk4",
    order: 4,
    a: &[&[], &[0.5], &[0.0, 0.5], &[0.0, 0.0, 1.0]],
    b: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    c: &[0.0, 0.5, 0.5, 1.0],
    embedded: None,
};

/// The method of order 5 of Tsitouras (2011).
pub const TSIT5: Tableau = Tableau {
    method: "tsit5",
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
    ],
    b: &[
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
    ],
    c: &[0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0],
    embedded: Some((
        4,
        &[
            0.09824077787029123,
            0.01081643445965675,
            0.4720087724042376,
            1.5237195812770048,
            -3.872426680888636,
            2.782792630028961,
            -1.0 / 66.0,
        ],
    )),
};

/// The method of order 3 of Bogacki and Shampine (1989).
pub const BOGACKI_SHAMPINE: Tableau = Tableau {
    method: "ode23",
    order: 3,
    a: &[&[], &[0.5], &[0.0, 0.75]],
    b: &[2.0 / 9.0, 3.0 / 9.0, 4.0 / 9.0],
    c: &[0.0, 0.5, 0.75],
    embedded: Some((2, &[7.0 / 24.0, 6.0 / 24.0, 8.0 / 24.0, 3.0 / 24.0])),
};

/// The method of order 5 of Dormand and Prince (1980).
pub const DORMAND_PRINCE: Tableau = Tableau {
    method: "ode45",
    order: 5,
    a: &[
        &[],
        &[0.2],
        &[0.075, 0.225],
        &[44.0 / 45.0, -168.0 / 45.0, 160.0 / 45.0],
        &[19372.0 / 6561.0, -76080.0 / 6561.0, 64448.0 / 6561.0, -1908.0 / 6561.0],
        &[9017.0 / 3168.0, -34080.0 / 3168.0, 46732.0 / 5247.0, 882.0 / 3168.0, -5103.0 / 18656.0],
    ],
    b: &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 250.0 / 384.0, -2187.0 / 6784.0, 11.0 / 84.0],
    c: &[0.0, 0.2, 0.3, 0.8, 8.0 / 9.0, 1.0],
    embedded: Some((
        4,
        &[
            5179.0 / 57_600.0,
            0.0,
            7571.0 / 16_695.0,
            0.6140625,
            -92_097.0 / 339_200.0,
            187.0 / 2100.0,
            0.025,
        ],
    )),
};

/// The method of order 5 of Cash and Karp (1990).
pub const CASH_KARP: Tableau = Tableau {
    method: "cash-karp-54",
    order: 5,
    a: &[
        &[],
        &[0.2],
        &[0.075, 0.225],
        &[0.3, -0.9, 1.2],
        &[-11.0 / 54.0, 135.0 / 54.0, -140.0 / 54.0, 70.0 / 54.0],
        &[
            3262.0 / 110_592.0,
            0.341796875,
            4600.0 / 110_592.0,
            44_275.0 / 110_592.0,
            0.061767578125,
        ],
    ],
    b: &[37.0 / 378.0, 0.0, 250.0 / 621.0, 125.0 / 594.0, 0.0, 512.0 / 1771.0],
    c: &[0.0, 0.2, 0.3, 0.6, 1.0, 0.875],
    embedded: Some((
        4,
        &[2825.0 / 27_648.0, 0.0, 18_575.0 / 48_384.0, 13_525.0 / 55_296.0, 277.0 / 14_336.0, 0.25],
    )),
};

/// The method of Fehlberg (1969), whose result is that of order 5.
pub const FEHLBERG: Tableau = Tableau {
    method: "fehlberg-45",
    order: 5,
    a: &[
        &[],
        &[0.25],
        &[0.09375, 0.28125],
        &[1932.0 / 2197.0, -7200.0 / 2197.0, 7296.0 / 2197.0],
        &[8341.0 / 4104.0, -32_832.0 / 4104.0, 29_440.0 / 4104.0, -845.0 / 4104.0],
        &[-6080.0 / 20_520.0, 2.0, -28_352.0 / 20_520.0, 9295.0 / 20_520.0, -0.275],
    ],
    b: &[16.0 / 135.0, 0.0, 6656.0 / 12_825.0, 28_561.0 / 56_430.0, -0.18, 2.0 / 55.0],
    c: &[0.0, 0.25, 0.375, 12.0 / 13.0, 1.0, 0.5],
    embedded: Some((4, &[25.0 / 216.0, 0.0, 1408.0 / 2565.0, 2197.0 / 4104.0, -0.2, 0.0])),
};

/// The methods, by rising order.
pub const METHODS: [Tableau; 7] =
    [EULER, BOGACKI_SHAMPINE, CLASSICAL_RK4, TSIT5, DORMAND_PRINCE, CASH_KARP, FEHLBERG];

/// The right side of an equation: writes the slope at a time and a state.
pub type RightSide<'a> = dyn Fn(f64, &[f64], &mut [f64]) + 'a;

impl Tableau {
    /// The state one step of length `h` after `t`.
    pub fn step(&self, right_side: &RightSide<'_>, t: f64, h: f64, state: &[f64]) -> Vec<f64> {
        advance(state, h, self.b, &self.slopes(right_side, t, h, state))
    }

    /// The state one step of length `h` after `t`, and the estimate of its error.
    ///
    /// # Panics
    /// Where the method has none.
    #[expect(clippy::expect_used, reason = "fails the test that calls it")]
    pub fn step_with_error(
        &self,
        right_side: &RightSide<'_>,
        t: f64,
        h: f64,
        state: &[f64],
    ) -> (Vec<f64>, Vec<f64>) {
        let mut slopes = self.slopes(right_side, t, h, state);
        let next = advance(state, h, self.b, &slopes);
        let mut last = vec![0.0; state.len()];
        right_side(t + h, &next, &mut last);
        slopes.push(last);
        let (_, b_hat) = self.embedded.expect("the method has an estimate");
        let b = self.b.iter().chain(std::iter::repeat(&0.0));
        let weights: Vec<f64> = b_hat.iter().zip(b).map(|(b_hat, b)| b - b_hat).collect();
        (next, advance(&vec![0.0; state.len()], h, &weights, &slopes))
    }

    /// The slopes of the stages.
    fn slopes(&self, right_side: &RightSide<'_>, t: f64, h: f64, state: &[f64]) -> Vec<Vec<f64>> {
        let mut slopes: Vec<Vec<f64>> = Vec::with_capacity(self.b.len() + 1);
        for (row, c) in self.a.iter().zip(self.c) {
            let stage = advance(state, h, row, &slopes);
            let mut slope = vec![0.0; state.len()];
            right_side(t + c * h, &stage, &mut slope);
            slopes.push(slope);
        }
        slopes
    }

    /// The state at the end of `span`, after equal steps.
    pub fn integrate(
        &self,
        right_side: &RightSide<'_>,
        span: Range<f64>,
        steps: usize,
        initial: &[f64],
    ) -> Vec<f64> {
        integrate(span, steps, initial, |t, h, state| self.step(right_side, t, h, state))
    }
}

/// The state at the end of `span`, after equal steps of length `h` from times `t`.
pub(crate) fn integrate(
    span: Range<f64>,
    steps: usize,
    initial: &[f64],
    step: impl Fn(f64, f64, &[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let h = (span.end - span.start) / steps as f64;
    let mut state = initial.to_vec();
    for k in 0..steps {
        state = step(span.start + k as f64 * h, h, &state);
    }
    state
}

/// `state + h * sum(weights * slopes)`.
pub(crate) fn advance(state: &[f64], h: f64, weights: &[f64], slopes: &[Vec<f64>]) -> Vec<f64> {
    let increment = |i: usize| -> f64 { weights.iter().zip(slopes).map(|(w, k)| w * k[i]).sum() };
    state.iter().enumerate().map(|(i, y)| y + h * increment(i)).collect()
}

/// The order of convergence that the errors of several numbers of steps show: the slope of the
/// line of least squares through the logarithms.
pub fn convergence_order(counts: &[usize], errors: &[f64]) -> f64 {
    assert_eq!(counts.len(), errors.len());
    assert!(errors.iter().all(|error| *error > 0.0), "an error of zero shows no order: {errors:?}");
    let x: Vec<f64> = counts.iter().map(|count| -(*count as f64).ln()).collect();
    let y: Vec<f64> = errors.iter().map(|error| error.ln()).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(&x), mean(&y));
    let covariance: f64 = x.iter().zip(&y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
    covariance / variance
}

/// The largest difference of two states, relative to `1 + |expected|`.
pub fn difference(expected: &[f64], actual: &[f64]) -> f64 {
    assert_eq!(expected.len(), actual.len());
    expected.iter().zip(actual).map(|(e, a)| (e - a).abs() / (1.0 + e.abs())).fold(0.0, |m, d| {
        // `f64::max` would drop a NaN, and with it the fault.
        if d > m || d.is_nan() { d } else { m }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;

    /// A rooted tree: what each condition of order stands for.
    #[derive(Debug, Clone, PartialEq)]
    struct Tree(Vec<Tree>);

    impl Tree {
        fn order(&self) -> usize {
            1 + self.0.iter().map(Tree::order).sum::<usize>()
        }

        fn density(&self) -> f64 {
            self.order() as f64 * self.0.iter().map(Tree::density).product::<f64>()
        }

        /// The elementary weight of the tree at stage `i`; behind the last one is the result.
        fn at_stage(&self, tableau: &Tableau, i: usize) -> f64 {
            let branch = |child: &Tree| -> f64 {
                let row = tableau.a.get(i).copied().unwrap_or(tableau.b).iter().enumerate();
                row.map(|(j, a)| a * child.at_stage(tableau, j)).sum()
            };
            self.0.iter().map(branch).product()
        }

        /// How far weights of the tableau are from meeting the tree's condition.
        fn defect(&self, tableau: &Tableau, weights: &[f64]) -> f64 {
            let weights = weights.iter().enumerate();
            let weight: f64 = weights.map(|(i, b)| b * self.at_stage(tableau, i)).sum();
            (weight - 1.0 / self.density()).abs()
        }
    }

    /// All rooted trees of an order, each once.
    fn trees(order: usize) -> Vec<Tree> {
        forests(order - 1, &(1..order).flat_map(trees).collect::<Vec<_>>())
            .into_iter()
            .map(Tree)
            .collect()
    }

    /// All multisets of `choices` with `total` vertices.
    fn forests(total: usize, choices: &[Tree]) -> Vec<Vec<Tree>> {
        if total == 0 {
            return vec![Vec::new()];
        }
        let mut found = Vec::new();
        for (first, tree) in choices.iter().enumerate().filter(|(_, tree)| tree.order() <= total) {
            for mut rest in forests(total - tree.order(), &choices[first..]) {
                rest.push(tree.clone());
                found.push(rest);
            }
        }
        found
    }

    #[test]
    fn every_method_is_held_against_a_reference() {
        let explicit = METHODS.map(|tableau| tableau.method);
        let implicit = crate::implicit::methods().into_iter().map(|tableau| tableau.method);
        let rosenbrock = crate::rosenbrock::methods().map(|method| method.method);
        let known: Vec<&str> = explicit.into_iter().chain(implicit).chain(rosenbrock).collect();
        for method in integrators::methods() {
            let has_reference = known.iter().any(|name| method.names().contains(name));
            assert!(has_reference, "`{}` has no reference", method.name());
        }
    }

    #[test]
    fn there_are_as_many_trees_as_the_literature_counts() {
        let counts: Vec<usize> = (1..=7).map(|order| trees(order).len()).collect();
        assert_eq!(counts, [1, 1, 2, 4, 9, 20, 48]);
    }

    #[test]
    fn tableaus_are_consistent() {
        for tableau in METHODS {
            assert_eq!(tableau.a.len(), tableau.b.len(), "{}", tableau.method);
            for (i, (row, c)) in tableau.a.iter().zip(tableau.c).enumerate() {
                assert_eq!(row.len(), i, "{}", tableau.method);
                let sum: f64 = row.iter().sum();
                assert!((sum - c).abs() < 1e-14, "{} row {i}: {sum} != {c}", tableau.method);
            }
        }
    }

    #[test]
    fn tableaus_meet_the_conditions_of_their_order_and_not_of_the_next() {
        for tableau in METHODS {
            for (order, weights) in [(tableau.order, tableau.b)].into_iter().chain(tableau.embedded)
            {
                for tree in (1..=order).flat_map(trees) {
                    let defect = tree.defect(&tableau, weights);
                    assert!(defect < 1e-13, "{}: {tree:?} is off by {defect:e}", tableau.method);
                }
                let next = trees(order + 1);
                let misses = next.iter().any(|tree| tree.defect(&tableau, weights) > 1e-6);
                assert!(misses, "{}", tableau.method);
            }
        }
    }

    #[test]
    fn a_step_of_the_classical_method_is_the_series_of_exp_to_its_order() {
        let h = 0.5;
        let state = CLASSICAL_RK4.step(&|_, y, dy| dy[0] = y[0], 0.0, h, &[1.0]);
        let series = 1.0 + h + h * h / 2.0 + h.powi(3) / 6.0 + h.powi(4) / 24.0;
        assert!((state[0] - series).abs() < 1e-15);
    }

    #[test]
    fn the_reference_converges_at_the_order_of_its_method() {
        for (problem, counts) in problems::smooth() {
            let exact = problem.solution();
            for tableau in METHODS {
                let errors =
                    counts.map(|count| difference(&exact, &problem.integrate(&tableau, count)));
                let order = convergence_order(&counts, &errors);
                let off = (order - tableau.order as f64).abs();
                assert!(off < 0.1, "{} of {}: {order}", tableau.method, problem.name);
            }
        }
    }

    #[test]
    fn a_difference_that_is_not_a_number_is_not_lost() {
        assert!(difference(&[1.0, 2.0], &[f64::NAN, 2.0]).is_nan());
        assert!((difference(&[1.0], &[2.0]) - 0.5).abs() < 1e-15);
    }
}
