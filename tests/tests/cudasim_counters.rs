//! What the product's kernels take on a GPU, counted while they are executed without one.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use buffer_tests::cuda::{lorenz, nvrtc};
use buffer_tests::simulated;
use cudasim::Counters;
use integrators::device::Device;
use integrators::{Batch, Location, Precision, Solver};

const RUNS: u32 = 256;

/// What a solve of the Lorenz system by Tsit5 takes, with all its buffers in one place.
fn tsit5(precision: Precision, place: Location, steps: u32) -> Counters {
    let mut builder = Solver::builder(&lorenz())
        .method("tsit5")
        .precision(precision)
        .dt(1.0 / 1024.0)
        .device(Device::cuda(0).unwrap());
    for path in [
        "loop.state",
        "loop.proposed_state",
        "loop.parameters",
        "loop.step.stage_rhs",
        "loop.step.stage_accumulator",
    ] {
        builder = builder.location(path, place);
    }
    let rho = (0..RUNS).map(|run| f64::from(run) * 0.1);
    let batch = Batch::grid().parameter("rho", rho.collect::<Vec<_>>());
    builder.build().unwrap().solve(&batch, 0.0..f64::from(steps) / 1024.0).unwrap();
    simulated::take_counters("batch_kernel").unwrap()
}

// One test, since the counters are those of the whole process.
#[test]
fn kernels_take_no_more_than_they_must() {
    simulated::driver().unwrap();
    if nvrtc().is_none() {
        return;
    }
    for precision in [Precision::F32, Precision::F64] {
        let local = tsit5(precision, Location::Local, 64);
        assert_eq!((local.local_loaded, local.local_stored), (0, 0), "{precision}: {local:?}");
        assert_eq!(local.shared.requests, 0, "{precision}: {local:?}");
        let shared = tsit5(precision, Location::Shared, 64);
        assert!(shared.shared.requests > 0, "{precision}: {shared:?}");
        assert_eq!(shared.shared.conflicts, 0, "{precision}: {shared:?}");
        for counters in [local, shared] {
            let what = format!("{precision}: {counters:?}");
            for traffic in [counters.global_loads, counters.global_stores] {
                assert!(traffic.requests > 0, "{what}");
                assert_eq!(traffic.sectors, traffic.least_sectors, "{what}");
            }
            assert_eq!(counters.warp_efficiency(), 1.0, "{what}");
        }
        // An f32 kernel keeps clear of the slow arithmetic of f64.
        assert_eq!(local.instructions.f64 == 0, precision == Precision::F32);

        // What another 64 steps take, of each run and step: beside the 99 operations that no
        // arrangement of the method saves, little.
        let longer = tsit5(precision, Location::Local, 128);
        let more = longer.instructions.total() - local.instructions.total();
        let of_step = more as f64 / f64::from(RUNS * 64);
        println!("a step of tsit5 in {precision}: {of_step:.1} instructions");
        assert!((99.0..=1.15 * 99.0).contains(&of_step), "{precision}: {of_step} instructions");
    }
}
