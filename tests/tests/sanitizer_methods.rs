//! The sanitizer build of every method: it finds nothing, and gives the bits of the release. And what
//! marks cost a release: nothing.

// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::Command;

use buffer_core::{Precision, Target};
use buffer_tests::cuda::nvrtc;
use buffer_tests::placement::{Placement, placements};
use buffer_tests::problems;
use integrators::device::Device;
use integrators::device::host::HostDevice;
use integrators::{Batch, Method, Solution, SolverBuilder, methods};

const BUILDS: [(Precision, usize); 4] =
    [(Precision::F64, 1), (Precision::F32, 16), (Precision::F64, 8), (Precision::F32, 1)];

fn solver(method: &Method, precision: Precision, placement: &Placement) -> SolverBuilder {
    let solver = problems::lorenz().solver(method.name(), precision, 12).unwrap().save_every(0.5);
    placement.places.iter().fold(solver, |solver, (path, place)| solver.location(path, *place))
}

/// Some runs more than there are lanes, of which two fail, so that lanes take runs at different times.
fn batch() -> Batch {
    let mut rho: Vec<f64> = (0..19).map(f64::from).collect();
    rho[3] = f64::NAN;
    rho[7] = 1e300;
    Batch::grid().parameter("rho", rho)
}

fn bits(solution: &Solution) -> Vec<u64> {
    solution.states().iter().map(|value| value.to_bits()).collect()
}

fn declared() -> Placement {
    Placement { name: "as declared".to_owned(), places: Vec::new() }
}

#[test]
fn every_method_is_clean_in_every_placement() {
    let declared = declared();
    for method in methods() {
        let factory = solver(&method, Precision::F64, &declared).factory().unwrap();
        let placements = placements(&factory).unwrap();
        for (position, (precision, lanes)) in BUILDS.into_iter().enumerate() {
            let host = HostDevice::new().unwrap().lanes(lanes).unwrap();
            let solver =
                |placement: &Placement| solver(&method, precision, placement).device(host.clone());
            let release = solver(&declared).build().unwrap().solve(batch(), 0.0..1.0).unwrap();
            // As declared in every build, and each placement in one of them.
            let placements = placements.iter().skip(position).step_by(BUILDS.len());
            for placement in [&declared].into_iter().chain(placements) {
                let what = format!("{}, {}, {precision} x {lanes}", method.name(), placement.name);
                let sanitized = solver(placement).sanitize(batch(), 0.0..1.0).unwrap();
                assert!(sanitized.faults.is_empty(), "{what}: {sanitized}");
                assert_eq!(bits(&sanitized.solution), bits(&release), "{what}");
                assert_eq!(sanitized.solution.status(), release.status(), "{what}");
            }
        }
    }
}

/// A text in which marks of phases mean nothing, and which has no marks of steps.
fn unmarked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = match line.split_once("#define PHASE(name)") {
            Some(_) => "#define PHASE(name)",
            None => line,
        };
        line.to_owned() + "\n"
    });
    let marked = |line: &String| line.trim_start().starts_with("AT(");
    let (steps, plain): (Vec<_>, Vec<_>) = lines.partition(marked);
    assert!(!steps.is_empty(), "no step is marked");
    plain.concat()
}

#[test]
fn marks_cost_a_release_nothing_on_the_host() {
    let host = HostDevice::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let object = |text: &str| {
        let (source, object) = (folder.path().join("kernel.c"), folder.path().join("kernel.o"));
        fs::write(&source, text).unwrap();
        let output = Command::new("cc")
            .args(["-x", "c", "-std=gnu11", "-O3", "-ffp-contract=off", "-fno-strict-aliasing"])
            .args(["-march=native", "-w", "-c", "-o"])
            .args([&object, &source])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(object).unwrap()
    };
    for method in methods() {
        for (precision, lanes) in [(Precision::F64, None), (Precision::F32, Some(1))] {
            let device = lanes.map_or(Ok(host.clone()), |lanes| host.clone().lanes(lanes)).unwrap();
            let solver = solver(&method, precision, &declared());
            let layout = solver.layout(&device.target(precision).unwrap()).unwrap();
            let text = solver.source(&layout).unwrap().text;
            assert!(object(&text) == object(&unmarked(&text)), "{} in {precision}", method.name());
        }
    }
}

#[test]
fn marks_cost_a_release_nothing_on_cuda() {
    let Some(nvrtc) = nvrtc() else { return };
    let capability = "9.0".parse().unwrap();
    for method in methods() {
        for precision in [Precision::F32, Precision::F64] {
            let solver = solver(&method, precision, &declared());
            let layout = solver.layout(&Target::cuda(capability, precision)).unwrap();
            let text = solver.source(&layout).unwrap().text;
            let compile = |text: &str| nvrtc.compile(text, capability, precision).unwrap();
            let (with, without) = (compile(&text), compile(&unmarked(&text)));
            assert!(with.ptx == without.ptx, "{} in {precision}", method.name());
            assert!(with.cubin == without.cubin, "{} in {precision}", method.name());
        }
    }
}

#[test]
fn the_sanitizer_is_of_the_host() {
    if let Err(reason) = buffer_tests::simulated::driver() {
        println!("skipped: no simulated GPU: {reason}");
        return;
    }
    let Ok(gpu) = Device::cuda(0) else {
        println!("skipped: no NVRTC");
        return;
    };
    let method = methods().next().unwrap();
    let solver = solver(&method, Precision::F64, &declared()).device(gpu);
    let error = solver.sanitize(batch(), 0.0..1.0).unwrap_err().to_string();
    assert!(error.contains("does not run on a GPU") && error.contains("help: "), "{error}");
}
