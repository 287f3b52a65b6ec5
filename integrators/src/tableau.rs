//! Coefficients of Runge-Kutta and Rosenbrock methods.

mod rosenbrock;

mod explicit;
mod implicit;

pub use self::explicit::{
    BOGACKI_SHAMPINE_32, CASH_KARP_54, CLASSICAL_RK4, DORMAND_PRINCE_54, EXPLICIT, FEHLBERG_45,
    TSIT5,
};
pub use self::implicit::{
    IMPLICIT, IMPLICIT_MIDPOINT, KVAERNO3, KVAERNO5, L_STABLE_DIRK_3, L_STABLE_SDIRK_4, SDIRK_2_2,
    TRAPEZOIDAL_DIRK,
};

pub use self::rosenbrock::{RODAS3P, ROS3P, ROSENBROCK, ROSENBROCK23, RosenbrockTableau};

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
        assert!((actual - expected).abs() < 2e-14, "{name}: {what} is {actual}, not {expected}");
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

    /// A rooted tree, by its branches: each stands for a condition of order.
    #[derive(Clone)]
    struct Tree(Vec<Tree>);

    impl Tree {
        fn order(&self) -> usize {
            1 + self.0.iter().map(Tree::order).sum::<usize>()
        }

        fn density(&self) -> f64 {
            self.order() as f64 * self.0.iter().map(Tree::density).product::<f64>()
        }

        /// The elementary weight of the tree at a stage, of which `row` are the coefficients.
        fn weight(&self, tableau: &Tableau, row: &[f64]) -> f64 {
            let branch = |tree: &Self, stage: &[f64]| tree.weight(tableau, stage);
            let at = |stage: &[f64]| self.0.iter().map(|tree| branch(tree, stage)).product::<f64>();
            sum(row.iter().zip(tableau.a).map(|(weight, stage)| weight * at(stage)))
        }
    }

    /// All rooted trees of an order, each once.
    fn trees(order: usize) -> Vec<Tree> {
        forests(order - 1, &(1..order).flat_map(trees).collect::<Vec<_>>())
            .into_iter()
            .map(Tree)
            .collect()
    }

    /// All ways to take trees from a list so that their orders add up.
    fn forests(order: usize, list: &[Tree]) -> Vec<Vec<Tree>> {
        if order == 0 {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for (index, tree) in list.iter().enumerate().filter(|(_, tree)| tree.order() <= order) {
            for mut rest in forests(order - tree.order(), &list[index..]) {
                rest.push(tree.clone());
                all.push(rest);
            }
        }
        all
    }

    #[test]
    fn weights_meet_every_condition_of_their_order_and_embedded_ones_theirs() {
        assert_eq!([1, 2, 3, 4, 5].map(|order| trees(order).len()), [1, 1, 2, 4, 9]);
        for tableau in &all() {
            let embedded = tableau.embedded.map(|embedded| (embedded.b, embedded.order));
            for (weights, order) in [(tableau.b, tableau.order)].into_iter().chain(embedded) {
                assert_eq!(weights.len(), tableau.stages());
                for tree in (1..=order).flat_map(trees) {
                    let weight = tree.weight(tableau, weights);
                    assert_near(weight, 1.0 / tree.density(), "a condition of order", tableau);
                }
            }
        }
    }

    #[test]
    fn embedded_weights_are_of_another_order() {
        for tableau in &all() {
            let Some(embedded) = tableau.embedded else { continue };
            let off = |tree: Tree| (tree.weight(tableau, embedded.b) - 1.0 / tree.density()).abs();
            let worst = trees(embedded.order + 1).into_iter().map(off).fold(0.0, f64::max);
            assert!(worst > 1e-4, "{}: {worst:e}", tableau.names[0]);
        }
    }

    #[test]
    fn methods_that_begin_and_end_at_the_state_reuse_their_last_derivative() {
        let reusing = |tableau: &Tableau| tableau.first_same_as_last();
        assert_eq!(
            all().into_iter().filter(reusing).collect::<Vec<_>>(),
            [TSIT5, BOGACKI_SHAMPINE_32, DORMAND_PRINCE_54, TRAPEZOIDAL_DIRK, KVAERNO3, KVAERNO5]
        );
    }

    #[test]
    fn stiff_methods_end_in_their_last_stage() {
        assert!(SDIRK_2_2.ends_in_last_stage() && KVAERNO3.ends_in_last_stage());
        assert!(!IMPLICIT_MIDPOINT.ends_in_last_stage() && !CLASSICAL_RK4.ends_in_last_stage());
    }
}
