//! What a solver promises besides its numbers: the order of a batch, denormals, progress; and the
//! order of convergence where the time matters.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use buffer_tests::problems;
use buffer_tests::reference::convergence_order;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solver, System};

/// `dx = -2 t x^2` from 1 is `1/(1 + t^2)`: a stage at a wrong time costs the order.
#[test]
fn errors_shrink_with_the_order_where_the_time_matters() {
    let system = System::parse("dx = -2*t*x^2").unwrap().states([("x", 1.0)]).build().unwrap();
    for (method, order, counts) in [
        ("euler", 1.0, [1000, 2000, 4000]),
        ("rk4", 4.0, [40, 80, 160]),
        ("tsit5", 5.0, [30, 60, 120]),
    ] {
        let errors = counts.map(|steps| {
            let solver = Solver::builder(&system)
                .method(method)
                .device(HostDevice::new().unwrap())
                .dt(1.0 / steps as f64)
                .build()
                .unwrap();
            let solution = solver.solve(Batch::grid(), 0.0..1.0).unwrap();
            solution.end_states().iter().map(|x| (x - 0.5).abs()).sum::<f64>()
        });
        let found = convergence_order(&counts, &errors);
        assert!((found - order).abs() < 0.1, "{method}: order {found}, errors {errors:?}");
    }
}

/// Values of parameters and states reach the runs that the batch's order says.
#[test]
fn grids_and_zips_combine_values_as_documented() {
    let system = System::parse("dx = a + 10*b")
        .unwrap()
        .states([("x", 0.0)])
        .parameters([("a", 0.0), ("b", 0.0)])
        .build()
        .unwrap();
    let solver = Solver::builder(&system)
        .method("euler")
        .device(HostDevice::new().unwrap())
        .dt(1.0)
        .build()
        .unwrap();
    let ends = |batch: &Batch| -> Vec<f64> {
        solver.solve(batch, 0.0..1.0).unwrap().end_states().row(0).to_vec()
    };
    let grid = Batch::grid()
        .parameter("a", [1.0, 2.0])
        .state("x", [0.0, 100.0])
        .parameter("b", [3.0, 4.0]);
    assert_eq!(ends(&grid), [31.0, 41.0, 131.0, 141.0, 32.0, 42.0, 132.0, 142.0]);
    let zip = Batch::zip().parameter("a", [1.0, 2.0]).state("x", [0.5]).parameter("b", [3.0, 4.0]);
    assert_eq!(ends(&zip), [31.5, 42.5]);
    assert_eq!(ends(&Batch::zip()), [0.0]);
}

/// One denormal lane would slow its whole group, so `f32` has none, as on a GPU; and the thread that
/// ran a kernel has them again afterwards.
#[test]
fn denormals_are_zero_in_f32_kernels_and_nowhere_else() {
    let system = System::parse("dx = 0*x").unwrap().states([("x", 1.0)]).build().unwrap();
    for (precision, tiny, kept) in [(Precision::F32, 1e-40, 0.0), (Precision::F64, 1e-310, 1e-310)]
    {
        for lanes in [1, 8] {
            let solver = Solver::builder(&system)
                .method("euler")
                .precision(precision)
                .device(HostDevice::new().unwrap().lanes(lanes).unwrap())
                .dt(1.0)
                .build()
                .unwrap();
            let batch = Batch::grid().state("x", [tiny, 1.0]);
            let solution = solver
                .solve_with_progress(&batch, 0.0..1.0, |_, _| {
                    let tiny = std::hint::black_box(1e-40_f32);
                    assert!(tiny * std::hint::black_box(0.5) > 0.0);
                })
                .unwrap();
            assert_eq!(solution.end_states().row(0).to_vec(), [kept, 1.0], "{precision}");
        }
    }
}

#[test]
fn progress_ends_with_all_runs() {
    let solver = problems::lorenz().solver("tsit5", Precision::F64, 10).unwrap().build().unwrap();
    let most = AtomicUsize::new(0);
    let batch = Batch::grid().parameter("rho", (0..5000).map(f64::from));
    solver
        .solve_with_progress(&batch, 0.0..1.0, |done, total| {
            assert!(done <= total && total == 5000);
            most.fetch_max(done, Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(most.into_inner(), 5000);
}

#[test]
fn chunks_give_what_one_launch_gives() {
    let problem = problems::lorenz();
    let batch = Batch::grid()
        .parameter("rho", (0..100).map(|rho| f64::from(rho) / 5.0))
        .state("x", [1.0, 2.0]);
    let solve = |bytes| {
        let solver = problem.solver("rk4", Precision::F32, 10).unwrap();
        let solver = solver.save_every(0.5).chunk_bytes(bytes).build().unwrap();
        let done = AtomicUsize::new(0);
        let solution = solver
            .solve_with_progress(&batch, 0.0..1.0, |more, total| {
                assert_eq!(total, 200);
                done.fetch_max(more, Ordering::Relaxed);
            })
            .unwrap();
        assert_eq!(done.into_inner(), 200);
        (solution.states_f32().unwrap().to_owned(), solution.status().to_vec())
    };
    let whole = solve(usize::MAX);
    for bytes in [0, 1000, 5000] {
        assert_eq!(solve(bytes), whole, "{bytes} bytes in a launch");
    }
}
