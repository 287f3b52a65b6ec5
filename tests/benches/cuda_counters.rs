//! What kernels take on a GPU, counted without one: `cargo bench -p buffer-tests --bench cuda_counters`.
//!
//! The simulated GPU executes the PTX of each kernel and counts, so the figures are the same on every
//! machine; registers, stack and spills are the compiler's, for compute capability 9.0. Nothing is timed.
//! Beside the product's kernels stand two that are written by hand, in `lorenz.cu`.

use std::error::Error;
use std::fmt;

use buffer_core::ComputeCapability;
use buffer_tests::counted::{Counted, RUNS, STEPS, hand_written, workloads};
use buffer_tests::cuda::{case, placed};
use buffer_tests::simulated;
use comfy_table::{CellAlignment, Table, presets};
use cudasim::{Counters, GlobalTraffic, Instructions};
use integrators::device::nvrtc::{Nvrtc, Resources};
use integrators::{Batch, Location, Precision};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// What is counted: methods, and whether a tolerance chooses their steps.
const METHODS: [(&str, bool); 8] = [
    ("euler", false),
    ("rk4", false),
    ("tsit5", false),
    ("tsit5", true),
    ("kvaerno3", false),
    ("kvaerno3", true),
    ("rodas3p", false),
    ("rodas3p", true),
];

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// How many times the instructions of a kernel written by hand a step of Tsit5 may take.
const RATIO: f64 = 1.15;

fn main() -> Fallible<()> {
    let nvrtc = match (Nvrtc::load(), simulated::driver()) {
        (Ok(nvrtc), Ok(_)) => nvrtc,
        (Err(error), _) => return skip(&error.to_string()),
        (_, Err(reason)) => return skip(reason),
    };
    let capability: ComputeCapability = "9.0".parse()?;
    println!("GPU: simulated, compute capability {capability}; NVRTC {}", nvrtc.version());
    println!(
        "{RUNS} runs; a step is one of one run, tried steps counting; a whole run has {} of them where they are\n\
         fixed; bank conflicts and local bytes are of the whole launch\n",
        2 * STEPS
    );

    let mut targets = Vec::new();
    let mut instructions = Table::new();
    instructions.load_style(presets::ASCII_MARKDOWN).set_header([
        "instructions of a step",
        "integer",
        "f32",
        "f64",
        "moves",
        "conversions",
        "memory",
        "control",
        "all",
        "of a run",
    ]);
    let mut traffic = Table::new();
    traffic.load_style(presets::ASCII_MARKDOWN).set_header([
        "traffic",
        "lanes at work",
        "shared passes a warp's step",
        "bank conflicts",
        "sectors a load",
        "sectors a store",
        "fewest sectors",
        "local bytes",
        "registers",
        "stack",
        "spills",
    ]);
    let mut add = |name: &str, counted: &Counted, resources: Resources| {
        instructions.add_row(instruction_cells(name, counted));
        traffic.add_row(traffic_cells(name, counted, resources));
    };
    for workload in workloads() {
        for (method, adapts) in METHODS {
            let case = case(method, adapts);
            for precision in PRECISIONS {
                for place in [None, Some(Location::Shared)] {
                    let mut solver = workload.solver(&case, precision);
                    let mut what = format!("{}, {case}, {precision}", workload.name);
                    if let Some(place) = place {
                        solver = placed(solver, place);
                        what = format!("{what}, {place}");
                    }
                    let resources = solver.inspect(capability)?.resources();
                    let (counted, _) = workload.count(&case, &solver);
                    add(&what, &counted, resources);
                    let conflicts = counted.longer.shared.conflicts;
                    targets.push(Target::none(format!("{what}: bank conflicts"), conflicts));
                    let spilled = resources.stack_bytes
                        + resources.spill_store_bytes
                        + resources.spill_load_bytes;
                    let name = format!("{what}: bytes of stack and spills of a thread");
                    targets.push(Target::none(name, spilled.into()));
                    let name = format!("{what}: bytes of local memory moved");
                    targets.push(Target::none(name, counted.local_bytes()));
                    targets.push(whole_sectors(&what, &counted));
                    let is_by_hand = ["rk4", "tsit5"].contains(&method) && !adapts;
                    if workload.name == "Lorenz" && place.is_none() && is_by_hand {
                        let by_hand = hand_written(nvrtc, method, precision);
                        let of = format!("{what}, by hand");
                        add(&of, &by_hand.counted, by_hand.resources);
                        targets.push(Target {
                            name: format!("{what}: instructions, beside those by hand"),
                            value: counted.instructions() / by_hand.counted.instructions(),
                            most: RATIO,
                        });
                    }
                }
            }
        }
    }
    // A table's rows begin at whole sectors, whatever the number of runs.
    let [lorenz, _] = workloads();
    let odd = Batch::grid().parameter("rho", (0..=RUNS).map(|run| f64::from(run) * 0.1));
    let (lorenz, tsit5) = (lorenz.with(odd), case("tsit5", false));
    let (counted, _) = lorenz.count(&tsit5, &lorenz.solver(&tsit5, Precision::F32));
    targets.push(whole_sectors(&format!("Lorenz, tsit5, f32, {} runs", RUNS + 1), &counted));

    for table in [&mut instructions, &mut traffic] {
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}\n");
    }
    let is_told = |target: &&Target| !target.is_met() || target.most == RATIO;
    println!("targets, those left out being met:");
    for target in targets.iter().filter(is_told) {
        println!("  {target}");
    }
    Ok(())
}

/// A figure that may be no more than another.
struct Target {
    name: String,
    value: f64,
    most: f64,
}

impl Target {
    fn none(name: String, value: u64) -> Self {
        Self { name, value: value as f64, most: 0.0 }
    }

    fn is_met(&self) -> bool {
        self.value <= self.most
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, most } = self;
        let met = if self.is_met() { "met   " } else { "MISSED" };
        write!(f, "{met} {name}: {value:.2}, at most {most}")
    }
}

/// Stores move no more sectors than hold what is stored.
fn whole_sectors(what: &str, counted: &Counted) -> Target {
    let GlobalTraffic { sectors, least_sectors, .. } = counted.longer.global_stores;
    Target {
        name: format!("{what}: sectors of stores, beside the fewest"),
        value: sectors as f64 / least_sectors.max(1) as f64,
        most: 1.0,
    }
}

fn instruction_cells(name: &str, counted: &Counted) -> Vec<String> {
    let classes: [fn(&Instructions) -> u64; 8] = [
        |of| of.integer,
        |of| of.f32,
        |of| of.f64,
        |of| of.moves,
        |of| of.conversions,
        |of| of.memory,
        |of| of.control,
        Instructions::total,
    ];
    let of_class = |class: fn(&Instructions) -> u64| {
        format!("{:.1}", counted.per_step(|counters| class(&counters.instructions)))
    };
    let of_run = counted.longer.instructions.total() as f64 / f64::from(RUNS);
    let cells = std::iter::once(name.to_owned()).chain(classes.map(of_class));
    cells.chain([format!("{of_run:.0}")]).collect()
}

fn traffic_cells(name: &str, counted: &Counted, resources: Resources) -> Vec<String> {
    let Counters { global_loads, global_stores, shared, .. } = counted.longer;
    let sectors = |traffic: GlobalTraffic| {
        format!("{:.2}", traffic.sectors as f64 / traffic.requests.max(1) as f64)
    };
    let all = global_loads.sectors + global_stores.sectors;
    let fewest = global_loads.least_sectors + global_stores.least_sectors;
    // A pass serves a whole warp.
    let passes = counted.per_step(|counters| 32 * counters.shared.transactions);
    vec![
        name.to_owned(),
        format!("{:.1} %", 100.0 * counted.longer.warp_efficiency()),
        format!("{passes:.1}"),
        shared.conflicts.to_string(),
        sectors(global_loads),
        sectors(global_stores),
        format!("{:.0} %", 100.0 * fewest as f64 / all.max(1) as f64),
        counted.local_bytes().to_string(),
        resources.registers.to_string(),
        resources.stack_bytes.to_string(),
        (resources.spill_store_bytes + resources.spill_load_bytes).to_string(),
    ]
}

fn skip(reason: &str) -> Fallible<()> {
    println!("skipped: {}", reason.lines().next().unwrap_or_default());
    Ok(())
}
