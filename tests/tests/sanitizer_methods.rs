//! The sanitizer build of every method: it finds nothing, and gives the bits of the release. And what
//! marks cost a release: nothing.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::process::Command;
use std::{fmt, fs};

use buffer_core::{Packing, Precision, Target};
use buffer_tests::cuda::nvrtc;
use buffer_tests::placement::{Placement, placements, roots};
use buffer_tests::problems::{self, Problem};
use buffer_tests::solve::{NamedDevice, gpu_or_skip};
use integrators::device::host::HostDevice;
use integrators::{Batch, Location, Method, Solution, Solver, SolverBuilder, methods};

const BUILDS: [(Precision, usize); 4] =
    [(Precision::F64, 1), (Precision::F32, 16), (Precision::F64, 8), (Precision::F32, 1)];

/// So many methods try all placements together.
const TURNS: usize = 4;

/// A kernel: a method with steps of one length, or with steps by a tolerance.
#[derive(Debug, Clone, Copy)]
struct Stepped {
    method: Method,
    adaptive: bool,
}

/// Every method with each kind of steps that it knows.
fn stepped() -> impl Iterator<Item = Stepped> {
    methods().flat_map(|method| {
        let kinds =
            [false, true].into_iter().filter(move |adaptive| !adaptive || method.is_adaptive());
        kinds.map(move |adaptive| Stepped { method, adaptive })
    })
}

impl fmt::Display for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = if self.adaptive { "adaptive" } else { "fixed" };
        write!(f, "{} {steps}", self.method.name())
    }
}

impl Stepped {
    fn solver(&self, problem: &Problem, precision: Precision) -> SolverBuilder {
        let solver = Solver::builder(&problem.system().unwrap()).method(self.method.name());
        let solver = solver.precision(precision).save_every(0.5);
        if self.adaptive { solver.tolerance(1e-3).max_steps(60) } else { solver.dt(1.0 / 12.0) }
    }
}

fn place(solver: SolverBuilder, placement: &Placement) -> SolverBuilder {
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

/// Solves by the sanitizer, which finds nothing, and gives the bits of the release.
fn assert_clean(what: &str, solver: SolverBuilder, batch: &Batch, release: &Solution) {
    let sanitized = solver.sanitize(batch, 0.0..1.0).unwrap();
    assert!(sanitized.faults.is_empty(), "{what}: {sanitized}");
    assert_eq!(bits(&sanitized.solution), bits(release), "{what}");
    assert_eq!(sanitized.solution.status(), release.status(), "{what}");
}

/// Methods of one kind have the same buffers, and take turns at their placements.
#[test]
fn every_method_is_clean_wherever_buffers_lie() {
    let problem = problems::lorenz();
    for (turn, kernel) in stepped().enumerate() {
        let factory = kernel.solver(&problem, Precision::F64).factory().unwrap();
        let placements = placements(&factory).unwrap();
        let placements: Vec<_> = placements.iter().skip(turn % TURNS).step_by(TURNS).collect();
        for (position, (precision, lanes)) in BUILDS.into_iter().enumerate() {
            let host = HostDevice::new().unwrap().lanes(lanes).unwrap();
            let solver = kernel.solver(&problem, precision).device(host);
            let release = solver.clone().build().unwrap().solve(batch(), 0.0..1.0).unwrap();
            let what = format!("{kernel}, {precision} x {lanes}");
            assert_clean(&what, solver.clone(), &batch(), &release);
            let placements = placements.iter().skip(position).step_by(BUILDS.len());
            let packings = [Packing::Auto, Packing::Declared].into_iter().cycle();
            for (placement, packing) in placements.zip(packings) {
                let what = format!("{what}, {}, {packing}", placement.name);
                let solver = place(solver.clone(), placement).packing(packing);
                assert_clean(&what, solver, &batch(), &release);
            }
        }
    }
}

/// Of many states, so that local buffers are overlaid too.
#[test]
fn large_systems_are_clean_in_auto_packing() {
    let problem = problems::chain();
    let batch = Batch::grid().state("x0", (0..5).map(f64::from));
    for kernel in stepped() {
        let solver = kernel.solver(&problem, Precision::F64);
        let release = solver.clone().build().unwrap().solve(&batch, 0.0..1.0).unwrap();
        for location in [Location::Local, Location::Shared] {
            let roots = roots(&solver.factory().unwrap()).unwrap();
            let places = roots.into_iter().map(|root| (root, location)).collect();
            let placement = Placement { name: location.to_string(), places };
            let solver = place(solver.clone(), &placement).packing(Packing::Auto);
            assert_clean(&format!("{kernel}, {location}"), solver, &batch, &release);
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
    for kernel in stepped() {
        for (precision, lanes) in [(Precision::F64, None), (Precision::F32, Some(1))] {
            let device = lanes.map_or(Ok(host.clone()), |lanes| host.clone().lanes(lanes)).unwrap();
            let solver = kernel.solver(&problems::lorenz(), precision);
            let layout = solver.layout(&device.target(precision).unwrap()).unwrap();
            let text = solver.source(&layout).unwrap().text;
            assert!(object(&text) == object(&unmarked(&text)), "{kernel} in {precision}");
        }
    }
}

#[test]
fn marks_cost_a_release_nothing_on_cuda() {
    let Some(nvrtc) = nvrtc() else { return };
    let capability = "9.0".parse().unwrap();
    for kernel in stepped() {
        for precision in [Precision::F32, Precision::F64] {
            let solver = kernel.solver(&problems::lorenz(), precision);
            let layout = solver.layout(&Target::cuda(capability, precision)).unwrap();
            let text = solver.source(&layout).unwrap().text;
            let compile = |text: &str| nvrtc.compile(text, capability, precision).unwrap();
            let (with, without) = (compile(&text), compile(&unmarked(&text)));
            assert!(with.ptx == without.ptx, "{kernel} in {precision}");
            assert!(with.cubin == without.cubin, "{kernel} in {precision}");
        }
    }
}

/// Each method on a GPU with fixed steps and with steps by a tolerance, which take turns at precisions,
/// packings and placements.
#[test]
fn every_method_is_clean_on_a_gpu() {
    let Some(NamedDevice { device: gpu, .. }) = gpu_or_skip() else { return };
    let precisions = [Precision::F64, Precision::F32].into_iter().cycle();
    let packings = [Packing::Auto, Packing::Auto, Packing::Declared].into_iter().cycle();
    let problem = problems::lorenz();
    for (turn, ((kernel, precision), packing)) in
        stepped().zip(precisions).zip(packings).enumerate()
    {
        let solver = kernel.solver(&problem, precision).device(gpu.clone());
        let release = solver.clone().build().unwrap().solve(batch(), 0.0..1.0).unwrap();
        let placements = placements(&solver.factory().unwrap()).unwrap();
        // From the end, where mixtures are.
        let placement = placements.iter().rev().cycle().nth(turn).unwrap();
        let what = format!("{kernel}, {precision}, {}, {packing}", placement.name);
        assert_clean(&what, place(solver, placement).packing(packing), &batch(), &release);
    }
}
