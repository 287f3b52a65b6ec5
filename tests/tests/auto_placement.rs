//! Places that are chosen for a GPU: of buffers that leave it open, legal, always the same, and without
//! a trace in the results.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::collections::BTreeSet;

use buffer_core::ComputeCapability;
use buffer_tests::cuda::nvrtc;
use buffer_tests::placement::roots;
use buffer_tests::problems::{self, Problem};
use integrators::device::host::HostDevice;
use integrators::{
    Batch, Location, Packing, PlacementReport, Precision, SolveError, Solver, SolverBuilder, System,
};

const GPUS: [&str; 4] = ["7.5", "8.6", "9.0", "12.0"];

fn capability(gpu: &str) -> ComputeCapability {
    gpu.parse().unwrap()
}

/// A solver whose buffers may all lie anywhere.
fn open(problem: &Problem, method: &str, precision: Precision) -> SolverBuilder {
    problem.solver(method, precision, 40).unwrap().place_all(Location::Auto)
}

/// The paths of the buffers in shared memory.
fn shared(locations: &[(String, Location)]) -> BTreeSet<&str> {
    let shared = locations.iter().filter(|(_, location)| *location == Location::Shared);
    shared.map(|(path, _)| path.as_str()).collect()
}

fn assert_sound(report: &PlacementReport, roots: &[String]) {
    let placements = report.placements();
    let mut sets = Vec::new();
    for placement in placements {
        let paths = placement.locations().iter().map(|(path, _)| path.as_str());
        assert!(paths.eq(roots.iter().map(String::as_str)), "{}", placement.name());
        let places = placement.locations().iter().map(|(_, location)| *location);
        assert!(places.clone().all(|place| place != Location::Auto), "{}", placement.name());
        let layout = placement.report().layout();
        layout.check().unwrap();
        let set = shared(placement.locations());
        assert_eq!(layout.shared_bytes() > 0, !set.is_empty(), "{}", placement.name());
        assert!(!sets.contains(&set), "{} is compared twice", placement.name());
        sets.push(set);
        assert!(placement.estimate() > 0.0 && placement.estimate().is_finite());
    }
    assert_eq!(placements[0].name(), "all local");
    assert!(sets[0].is_empty());
    // No placement is notably better than the chosen one, and of those as good it takes the least.
    let chosen = report.chosen();
    for other in placements {
        assert!(chosen.estimate() <= other.estimate() * 1.1, "{}", other.name());
        let least = placements.iter().map(|one| one.estimate()).fold(f64::INFINITY, f64::min);
        if other.estimate() <= least * 1.1 {
            let bytes = |one: &integrators::Placement| one.report().layout().shared_bytes();
            assert!(bytes(chosen) <= bytes(other), "{}", other.name());
        }
    }
    assert!(report.to_string().contains(&format!("chosen: {}\n", chosen.name())), "{report}");
    assert!(report.to_string().ends_with("not timed on a GPU"), "{report}");
}

#[test]
fn the_choice_is_sound_and_always_the_same() {
    if nvrtc().is_none() {
        return;
    }
    for (method, gpus) in [("tsit5", &GPUS[..]), ("kvaerno3", &GPUS[2..3])] {
        let builder = open(&problems::lorenz(), method, Precision::F64);
        let roots = roots(&builder.factory().unwrap()).unwrap();
        for gpu in gpus {
            let report = builder.compare_placements(capability(gpu)).unwrap();
            assert_sound(&report, &roots);
            // What registers hold is nowhere better.
            assert_eq!(report.chosen().name(), "all local", "{method} on {gpu}: {report}");
            let again = builder.compare_placements(capability(gpu)).unwrap();
            assert_eq!(again.to_string(), report.to_string());
            assert_eq!(again.chosen().locations(), report.chosen().locations());
        }
    }
}

#[test]
fn what_is_placed_for_any_gpu_has_the_same_results() {
    if nvrtc().is_none() {
        return;
    }
    let problem = problems::chain();
    let host = HostDevice::new().unwrap();
    let gain: Vec<f64> = (0..37).map(|run| 0.1 * f64::from(run)).collect();
    let batch = Batch::grid().parameter("gain", gain);
    let bits = |builder: SolverBuilder| -> Vec<u64> {
        let solver = builder.device(host.clone()).build().unwrap();
        let solution = solver.solve(&batch, problem.span.clone()).unwrap();
        solution.states().iter().map(|state| state.to_bits()).collect()
    };
    let declared = problem.solver("tsit5", Precision::F32, 40).unwrap();
    let expected = bits(declared.clone());
    for packing in [Packing::Declared, Packing::Auto] {
        let open = declared.clone().packing(packing).place_all(Location::Auto);
        let report = open.compare_placements(capability("9.0")).unwrap();
        for placement in report.placements() {
            let places = placement.locations().iter();
            let placed = places
                .fold(open.clone(), |builder, (path, location)| builder.location(path, *location));
            assert!(bits(placed) == expected, "{}, {packing} packing", placement.name());
        }
        assert!(bits(open.place_for(capability("9.0")).unwrap()) == expected);
    }
}

#[test]
fn buffers_with_a_place_stay_there() {
    if nvrtc().is_none() {
        return;
    }
    let builder = open(&problems::lorenz(), "tsit5", Precision::F32)
        .location("loop.state", Location::Shared)
        .location("loop.parameters", Location::Local);
    let report = builder.compare_placements(capability("8.6")).unwrap();
    for placement in report.placements() {
        let named = |path: &str| placement.locations().iter().any(|(other, _)| other == path);
        assert!(!named("loop.state") && !named("loop.parameters"), "{}", placement.name());
        let layout = placement.report().layout();
        let ivp_loop = layout.instance("loop").unwrap();
        let is_shared = |name: &str| ivp_loop.buffer(name).unwrap().storage().is_shared();
        assert!(is_shared("state") && !is_shared("parameters"), "{}", placement.name());
    }
    // As declared, nothing is left open.
    let declared = problems::lorenz().solver("tsit5", Precision::F32, 40).unwrap();
    let report = declared.compare_placements(capability("8.6")).unwrap();
    assert_eq!(report.placements().len(), 1);
    assert!(report.chosen().locations().is_empty());
}

#[test]
fn a_kernel_that_fits_nowhere_is_an_error_with_its_reasons() {
    // A multiprocessor of it has 64 KiB of shared memory, and one array alone takes more.
    let states = 1_700;
    let text: String = (0..states).map(|state| format!("dx{state} = -x{state}\n")).collect();
    let system = System::parse(&text).unwrap();
    let system =
        system.states((0..states).map(|state| (format!("x{state}"), 1.0))).build().unwrap();
    let builder = Solver::builder(&system)
        .method("tsit5")
        .place_all(Location::Auto)
        .location("loop.step.stage_accumulator", Location::Shared);
    let error = builder.compare_placements(capability("7.5")).unwrap_err();
    assert!(matches!(&error, SolveError::NoPlacement { gpu, .. } if gpu == "sm_75"), "{error}");
    let text = error.to_string();
    assert!(text.contains("all local: ") && text.contains("all shared: "), "{text}");
}
