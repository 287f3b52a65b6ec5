//! Orders of convergence, as errors at falling steps show them.

use buffer_tests::problems;
use buffer_tests::reference::{METHODS, convergence_order, difference};
use buffer_tests::solve::devices;
use integrators::{Batch, Precision};

#[test]
fn each_method_has_its_order() {
    for (problem, counts) in problems::smooth() {
        let exact = problem.solution();
        for tableau in METHODS {
            for device in devices() {
                let errors = counts.map(|steps| {
                    let solver = problem.solver(tableau.method, Precision::F64, steps).unwrap();
                    let solver = solver.device(device.device.clone()).build().unwrap();
                    let solution = solver.solve(Batch::grid(), problem.span.clone()).unwrap();
                    difference(&exact, &solution.end_states().column(0).to_vec())
                });
                let order = convergence_order(&counts, &errors);
                assert!(
                    (order - tableau.order as f64).abs() <= 0.1,
                    "{} of {} on {device}: {order}",
                    tableau.method,
                    problem.name
                );
            }
        }
    }
}
