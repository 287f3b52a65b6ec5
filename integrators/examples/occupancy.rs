//! What seven GPUs will make of a solver of the Lorenz system, with none of them at hand: registers,
//! stack and spills as the compiler reports them, and how many runs a multiprocessor then holds.
//!
//! Needs NVRTC alone: `BUFFERS_NVRTC=... cargo run -p integrators --example occupancy`.

use std::error::Error;
use std::process::ExitCode;

use comfy_table::{Table, presets};
use integrators::{CudaReport, Location, Precision, Solver, SolverBuilder, System};

const GPUS: [&str; 7] = ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"];
const PLACES: [Location; 2] = [Location::Local, Location::Shared];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let lorenz = System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")?
        .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
        .constants([("sigma", 10.0), ("beta", 8.0 / 3.0)])
        .parameters([("rho", 21.0)])
        .build()?;
    let solver = Solver::builder(&lorenz).method("tsit5");
    for place in PLACES {
        let table = table(&solver.clone().location("loop.step.stage_accumulator", place))?;
        println!("tsit5 on the Lorenz system, the sums of its stages in {place} memory\n{table}");
    }
    println!("unmeasured: computed from what the compiler says, not timed on a GPU");
    Ok(())
}

fn table(solver: &SolverBuilder) -> Result<Table, Box<dyn Error>> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_FULL_CONDENSED).set_header([
        "GPU",
        "precision",
        "registers",
        "stack",
        "spills",
        "shared B/run",
        "threads/block",
        "blocks/SM",
        "warps/SM",
        "limited by",
        "free B/run",
    ]);
    for precision in [Precision::F32, Precision::F64] {
        let solver = solver.clone().precision(precision);
        for gpu in GPUS {
            table.add_row(row(gpu, precision, &solver.inspect(gpu.parse()?)?));
        }
    }
    Ok(table)
}

fn row(gpu: &str, precision: Precision, report: &CudaReport) -> [String; 11] {
    let (resources, occupancy) = (report.resources(), report.occupancy());
    let limits: Vec<_> = occupancy.limits().map(|limit| limit.to_string()).collect();
    let most_warps = occupancy.capability().multiprocessor().warps();
    [
        gpu.to_owned(),
        precision.to_string(),
        resources.registers.to_string(),
        resources.stack_bytes.to_string(),
        (resources.spill_store_bytes + resources.spill_load_bytes).to_string(),
        report.layout().shared_bytes().to_string(),
        occupancy.block().threads.to_string(),
        occupancy.blocks().to_string(),
        format!("{} of {most_warps}", occupancy.warps()),
        limits.join(", "),
        occupancy.free_shared_bytes().to_string(),
    ]
}
