//! The speed of the host, as ratios in one run: `cargo bench -p integrators --bench lanes`.
//!
//! Lorenz, the end state alone; with a fixed step where not said otherwise. Repetitions of all configurations take turns, and
//! the fastest of each counts, so that a busy machine slows all of them alike.

use std::error::Error;
use std::num::NonZero;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use integrators::device::cache::KernelCache;
use integrators::device::host::HostDevice;
use integrators::{Batch, Precision, Solver, SolverBuilder, System};

type Fallible<T> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 40;
/// For solves that take up to a second.
const LONG_ROUNDS: usize = 10;
const COMPILATIONS: usize = 5;
const STEPS: usize = 1000;
/// A few milliseconds each: long beside the start of a solve, and short beside what other processes
/// take from a core at a time.
const SCALAR_RUNS: usize = 128;
const VECTOR_RUNS: usize = 2048;
const ADAPTIVE_RUNS: usize = 65_536;

fn main() -> Fallible<()> {
    let bench = Bench::new()?;
    bench.print_machine()?;
    let mut budgets = Vec::new();
    bench.lanes(&mut budgets)?;
    bench.adaptive(&mut budgets)?;
    bench.compilation(&mut budgets)?;
    bench.small_solve(&mut budgets)?;
    bench.linearity(&mut budgets)?;
    println!("peak memory: {}\n", peak_memory().as_deref().unwrap_or("not known here"));
    println!("budgets:");
    for budget in &budgets {
        println!("  {budget}");
    }
    Ok(())
}

struct Bench {
    lorenz: System,
    host: HostDevice,
    threads: NonZero<usize>,
}

impl Bench {
    fn new() -> Fallible<Self> {
        let lorenz =
            System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")?
                .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
                .constants([("sigma", 10.0), ("beta", 8.0 / 3.0)])
                .parameters([("rho", 21.0)])
                .build()?;
        Ok(Self {
            lorenz,
            host: HostDevice::new()?,
            threads: std::thread::available_parallelism()?,
        })
    }

    fn solver(&self, method: &str, precision: Precision) -> SolverBuilder {
        Solver::builder(&self.lorenz).method(method).precision(precision).dt(0.001)
    }

    fn print_machine(&self) -> Fallible<()> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
        println!("machine: {model}, {} core(s), {}", self.threads, features().join(" "));
        println!("device: {}\n", self.host);
        Ok(())
    }

    /// One lane against all, on one thread and on all.
    fn lanes(&self, budgets: &mut Vec<Budget>) -> Fallible<()> {
        let one = NonZero::<usize>::MIN;
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_header([
            "",
            "1 lane, 1 thread",
            "",
            "all lanes, 1 thread",
            "",
            "ratio",
            "all threads",
            "",
        ]);
        table.add_row(["", "ns", "runs/s", "ns", "runs/s", "", "ns", "runs/s"]);
        for precision in [Precision::F32, Precision::F64] {
            for method in ["tsit5", "rk4"] {
                let build = |host: HostDevice| self.solver(method, precision).device(host).build();
                let scalar = build(self.host.clone().lanes(1)?.threads(one)?)?;
                let vector = build(self.host.clone().threads(one)?)?;
                let all = build(self.host.clone().threads(self.threads)?)?;
                let threads = self.threads.get();
                let [scalar, vector, all] = fastest(
                    ROUNDS,
                    [
                        &|| solve(&scalar, SCALAR_RUNS, STEPS, 1),
                        &|| solve(&vector, VECTOR_RUNS, STEPS, 1),
                        &|| solve(&all, VECTOR_RUNS * threads, STEPS, threads),
                    ],
                )?;
                let ratio = scalar.nanoseconds() / vector.nanoseconds();
                let mut row = vec![format!("{method} {precision}")];
                row.extend(scalar.cells());
                row.extend(vector.cells());
                row.push(format!("{ratio:.1}"));
                row.extend(all.cells());
                table.add_row(row);
                let name = format!("{method} in {precision}");
                if method == "tsit5" {
                    budgets.extend(step_budget(&name, precision, &vector));
                }
                budgets.extend(ratio_budget(&name, precision, ratio));
            }
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("Lorenz; ns per step of a run and core; runs of {STEPS} steps");
        println!("{table}\n");
        Ok(())
    }

    /// Steps that a tolerance chooses, against those of a fixed step, to t = 10 on all threads.
    fn adaptive(&self, budgets: &mut Vec<Budget>) -> Fallible<()> {
        let threads = self.threads.get();
        let host = self.host.clone().threads(self.threads)?;
        for (precision, tolerance) in [(Precision::F64, 1e-6), (Precision::F32, 1e-5)] {
            let solver = Solver::builder(&self.lorenz).precision(precision).tolerance(tolerance);
            let solver = solver.device(host.clone()).build()?;
            let rho = (0..ADAPTIVE_RUNS).map(|run| 21.0 * run as f64 / ADAPTIVE_RUNS as f64);
            let batch = Batch::grid().parameter("rho", rho);
            let mut least = Duration::MAX;
            let (mut steps, mut attempts) = (0, 0);
            for _ in 0..LONG_ROUNDS {
                let solution = solver.solve(&batch, 0.0..10.0)?;
                least = least.min(solution.wall_time());
                (steps, attempts) = (solution.steps().sum(), solution.attempts().sum());
            }
            let runs = ADAPTIVE_RUNS as f64;
            let speed = runs / least.as_secs_f64() / 1e6;
            println!(
                "tsit5 in {precision} to {tolerance:e}, to t = 10: {:.1} steps and {:.1} attempts of a \
                 run, {:.2} ns per attempt and core, {speed:.2} million runs/s",
                steps as f64 / runs,
                attempts as f64 / runs,
                1e9 * least.as_secs_f64() * threads as f64 / attempts as f64,
            );
            if precision == Precision::F64 {
                let name = "adaptive tsit5 in f64 to 1e-6, million runs/s of 2 cores".to_owned();
                budgets.push(Budget::at_least(name, speed * 2.0 / threads as f64, 0.36));
            }
        }
        println!();
        Ok(())
    }

    /// From the system to running code, cold and from the cache.
    fn compilation(&self, budgets: &mut Vec<Budget>) -> Fallible<()> {
        for precision in [Precision::F32, Precision::F64] {
            let mut cold = Duration::MAX;
            let mut cached = Duration::MAX;
            let mut bytes = 0;
            for _ in 0..COMPILATIONS {
                let folder = tempfile::tempdir()?;
                let host = self.host.clone().cache(KernelCache::in_folder(folder.path()));
                for fastest in [&mut cold, &mut cached] {
                    let start = Instant::now();
                    let solver = self.solver("tsit5", precision).device(host.clone()).build()?;
                    *fastest = start.elapsed().min(*fastest);
                    bytes = solver.kernel_text().len();
                }
            }
            println!(
                "tsit5 in {precision}: {bytes} bytes of text, {:.0} ms to running code, \
                 {:.2} ms from the cache",
                milliseconds(cold),
                milliseconds(cached)
            );
            let name = |what| format!("{what}, tsit5 in {precision}, ms");
            budgets.push(Budget::at_most(name("text to running code"), milliseconds(cold), 1000.0));
            budgets.push(Budget::at_most(name("from the cache"), milliseconds(cached), 100.0));
        }
        println!();
        Ok(())
    }

    /// What a solve costs beside its steps.
    fn small_solve(&self, budgets: &mut Vec<Budget>) -> Fallible<()> {
        let solver = self.solver("tsit5", Precision::F32).device(self.host.clone()).build()?;
        let times =
            (0..100).map(|_| Ok(solve(&solver, 8, 1, 1)?.time)).collect::<Fallible<Vec<_>>>()?;
        let time = times.into_iter().min().unwrap_or_default();
        println!("a solve of 8 runs of one step: {time:.0?}\n");
        let name = "a warm solve of 8 runs, us".to_owned();
        budgets.push(Budget::at_most(name, 1e3 * milliseconds(time), 1000.0));
        Ok(())
    }

    /// How the cost of a step depends on the number of runs and of steps.
    fn linearity(&self, budgets: &mut Vec<Budget>) -> Fallible<()> {
        let host = self.host.clone().threads(NonZero::<usize>::MIN)?;
        let solver = self.solver("tsit5", Precision::F32).device(host).build()?;
        let runs = [1000, 10_000, 100_000, 1_000_000].map(|runs| (runs, 500));
        let steps = [(2048, 1000), (512, 4000), (128, 16_000), (32, 64_000)];
        for (what, sizes) in [("1e3 to 1e6 runs", runs), ("1e3 to 64e3 steps", steps)] {
            let solves = sizes.map(|(runs, steps)| {
                let solver = &solver;
                move || solve(solver, runs, steps, 1)
            });
            let costs = fastest(LONG_ROUNDS, solves.each_ref().map(|solve| solve as _))?;
            let costs = costs.map(|cost| cost.nanoseconds());
            println!("ns per step of a run, from {what}: {costs:.2?}");
            let least = costs.into_iter().fold(f64::MAX, f64::min);
            let most = costs.into_iter().fold(0.0, f64::max);
            let name = format!("dearest step over cheapest, from {what}");
            budgets.push(Budget::at_most(name, most / least, 1.1));
        }
        println!();
        Ok(())
    }
}

/// What so many steps of so many runs took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    runs: usize,
    steps: usize,
    threads: usize,
}

impl Cost {
    /// Nanoseconds per step of a run and core.
    fn nanoseconds(&self) -> f64 {
        let steps = (self.runs * self.steps) as f64;
        1e9 * self.time.as_secs_f64() * self.threads as f64 / steps
    }

    fn cells(&self) -> [String; 2] {
        let runs = self.runs as f64 / self.time.as_secs_f64();
        [format!("{:.2}", self.nanoseconds()), format!("{runs:.0}")]
    }
}

fn solve(solver: &Solver, runs: usize, steps: usize, threads: usize) -> Fallible<Cost> {
    let rho = (0..runs).map(|run| 21.0 * run as f64 / runs as f64);
    let span = 0.0..0.001 * steps as f64;
    let solution = solver.solve(Batch::grid().parameter("rho", rho), span)?;
    let failed = solution.status().iter().filter(|status| !status.is_success()).count();
    if failed > 0 || solution.steps().any(|count| count != steps as u64) {
        return Err(format!("{failed} runs failed").into());
    }
    Ok(Cost { time: solution.wall_time(), runs, steps, threads })
}

/// The least cost of each of some solves, which take turns.
fn fastest<const N: usize>(
    rounds: usize,
    solves: [&dyn Fn() -> Fallible<Cost>; N],
) -> Fallible<[Cost; N]> {
    let mut least = [Cost { time: Duration::MAX, runs: 1, steps: 1, threads: 1 }; N];
    for _ in 0..rounds {
        for (solve, least) in solves.iter().zip(&mut least) {
            let cost = solve()?;
            if cost.time < least.time {
                *least = cost;
            }
        }
    }
    Ok(least)
}

/// What a measurement must reach.
struct Budget {
    name: String,
    value: f64,
    limit: f64,
    is_minimum: bool,
}

impl Budget {
    fn at_most(name: String, value: f64, limit: f64) -> Self {
        Self { name, value, limit, is_minimum: false }
    }

    fn at_least(name: String, value: f64, limit: f64) -> Self {
        Self { name, value, limit, is_minimum: true }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, value, limit, is_minimum } = self;
        let (met, bound) = match is_minimum {
            true => (value >= limit, "at least"),
            false => (value <= limit, "at most"),
        };
        let met = if met { "met   " } else { "MISSED" };
        write!(f, "{met} {name}: {value:.2}, {bound} {limit}")
    }
}

/// With AVX-512 a step of Tsit5 on one core takes so long at most.
fn step_budget(name: &str, precision: Precision, cost: &Cost) -> Option<Budget> {
    let limit = match precision {
        Precision::F32 => 2.0,
        Precision::F64 => 3.5,
    };
    let name = format!("{name}, ns per step of a run and core");
    has("avx512f").then(|| Budget::at_most(name, cost.nanoseconds(), limit))
}

/// In `f32`, all lanes are so many times as fast as one.
fn ratio_budget(name: &str, precision: Precision, ratio: f64) -> Option<Budget> {
    let limit = match precision {
        Precision::F32 if has("avx512f") => 8.0,
        Precision::F32 if has("avx2") => 4.0,
        _ => return None,
    };
    Some(Budget::at_least(format!("{name}, all lanes over one"), ratio, limit))
}

/// The features of this processor that bear on the kernels.
fn features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let all = [
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("fma", std::is_x86_feature_detected!("fma")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(target_arch = "aarch64")]
    let all = [("neon", std::arch::is_aarch64_feature_detected!("neon"))];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let all: [(&str, bool); 0] = [];
    all.into_iter().filter(|(_, detected)| *detected).map(|(name, _)| name).collect()
}

fn has(feature: &str) -> bool {
    features().contains(&feature)
}

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

/// The most memory that this process ever held, as Linux counts it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().to_owned())
}
