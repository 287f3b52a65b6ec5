//! The speed of stiff methods on the host, as ratios in one run: `cargo bench -p integrators --bench stiff`.
//!
//! Robertson's reactions to t = 1e5 in `f64`, rtol 1e-6 and atol 1e-10, on one thread: all runs alike, and
//! runs whose slow rate spans two decades. Errors are those of the first kind, relative, in the worst state.
//! Repetitions of all configurations take turns, and the fastest of each counts.

use std::error::Error;
use std::num::NonZero;
use std::time::Duration;

use comfy_table::{Table, presets};
use integrators::device::host::HostDevice;
use integrators::{Batch, Solver, System};

type Fallible<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 20;
const RUNS: usize = 1024;

/// Ten times what diffsol 0.18 reaches with its BDF on one thread, in runs per second.
const BUDGET: f64 = 51_000.0;

/// The state at t = 1e5: by `rodas3p` and `l_stable_sdirk_4` at a tolerance of 1e-9, which agree so far.
const END: [f64; 3] = [0.017865921, 7.2747514e-8, 0.982134006];

struct Case {
    name: String,
    solver: Solver,
    batch: Batch,
    fastest: Duration,
    steps: f64,
    error: f64,
}

fn main() -> Fallible<()> {
    let system =
        System::parse("slow = k*x; fast = 1e4*y*z; burn = 3e7*y^2\n dx = fast - slow; dy = slow - fast - burn; dz = burn")?
            .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
            .parameters([("k", 0.04)])
            .build()?;
    let host = HostDevice::new()?.threads(NonZero::<usize>::MIN)?;
    println!("device: {host}\n");
    let alike = vec![0.04; RUNS];
    let spread =
        (0..RUNS).map(|run| 0.004 * 100.0_f64.powf(run as f64 / (RUNS - 1) as f64)).collect();
    let mut cases = Vec::new();
    for method in ["rodas3p", "ros3p", "rosenbrock23", "kvaerno3", "l_stable_sdirk_4"] {
        for controller in ["i", "pi"] {
            for (kind, rates) in [("alike", &alike), ("spread", &spread)] {
                let solver = Solver::builder(&system).method(method).rtol(1e-6).atol(1e-10);
                let solver = solver.controller(controller).device(host.clone()).build()?;
                cases.push(Case {
                    name: format!("{method}, {controller}, {kind}"),
                    solver,
                    batch: Batch::zip().parameter("k", rates.clone()),
                    fastest: Duration::MAX,
                    steps: 0.0,
                    error: 0.0,
                });
            }
        }
    }
    for _ in 0..ROUNDS {
        for case in &mut cases {
            let solution = case.solver.solve(&case.batch, 0.0..1e5)?;
            if let Some(status) = solution.status().iter().find(|status| !status.is_success()) {
                return Err(format!("{}: {status:?}", case.name).into());
            }
            case.fastest = case.fastest.min(solution.wall_time());
            case.steps = solution.attempts().sum::<u64>() as f64 / RUNS as f64;
            let states = solution.end_states();
            let errors =
                states.column(0).into_iter().zip(END).map(|(y, end)| (y / end - 1.0).abs());
            case.error = errors.fold(0.0, f64::max);
        }
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "method, controller, runs",
        "steps",
        "us/run",
        "runs/s",
        "of the budget",
        "error",
    ]);
    for Case { name, fastest, steps, error, .. } in &cases {
        let runs = RUNS as f64 / fastest.as_secs_f64();
        let error = if name.ends_with("alike") { format!("{error:.1e}") } else { String::new() };
        table.add_row([
            name.clone(),
            format!("{steps:.0}"),
            format!("{:.1}", 1e6 / runs),
            format!("{runs:.0}"),
            format!("{:.2}", runs / BUDGET),
            error,
        ]);
    }
    println!("{table}\n\nbudget: {BUDGET} runs/s");
    Ok(())
}
