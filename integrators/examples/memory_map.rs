//! The scratch memory of a stiff solver before and after packing, as a table, as JSON and as a picture:
//! offset against phase.
//!
//! Writes `target/memory_map.svg` and `target/memory_map.json`. Where there is NVRTC it also prints the
//! registers that the compiler takes, and the occupancy that follows. The picture in this folder is
//! written by `UPDATE=1 cargo test -p integrators --example memory_map`.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use buffer_core::{ComputeCapability, MemoryMap, Target};
use integrators::{Location, Packing, Precision, Solver, SolverBuilder, System, SystemError};

/// The cells of the system; each has two states.
const CELLS: usize = 10;

/// Registers of a thread: the most that there are, which this solver takes.
const REGISTERS: usize = 255;

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
    let solver = solver()?;
    let gpu = gpu()?;
    let packed = solver.clone().packing(Packing::Auto);
    let layout = packed.layout(&Target::cuda(gpu, Precision::F64))?;
    match packed.inspect(gpu) {
        Ok(report) => println!("{report}"),
        Err(error) => println!("{layout}\nno registers are known: {error}"),
    }

    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    fs::create_dir_all(&target)?;
    let (svg, json) = (target.join("memory_map.svg"), target.join("memory_map.json"));
    fs::write(&svg, picture(&solver)?)?;
    fs::write(&json, format!("{:#}\n", layout.to_json()))?;
    println!("written: {} and {}", svg.display(), json.display());
    Ok(())
}

/// The solver's layouts in both packings, side by side.
fn picture(solver: &SolverBuilder) -> Result<String, Box<dyn Error>> {
    let target = Target::cuda(gpu()?, Precision::F64);
    let before = solver.layout(&target)?;
    let after = solver.clone().packing(Packing::Auto).layout(&target)?;
    Ok(MemoryMap::new(&before).beside(&after).registers(REGISTERS).to_svg())
}

fn gpu() -> Result<ComputeCapability, Box<dyn Error>> {
    Ok("sm_90".parse()?)
}

/// `kvaerno3` with all of its buffers in shared memory.
fn solver() -> Result<SolverBuilder, SystemError> {
    Ok(Solver::builder(&brusselator()?).method("kvaerno3").place_all(Location::Shared))
}

/// The Brusselator in a ring of cells, between which both of its substances diffuse.
fn brusselator() -> Result<System, SystemError> {
    let mut equations = String::new();
    let mut states = Vec::new();
    for cell in 0..CELLS {
        let (before, behind) = ((cell + CELLS - 1) % CELLS, (cell + 1) % CELLS);
        equations += &format!(
            "r{cell} = u{cell}^2*v{cell}\n\
             du{cell} = a + r{cell} - (b + 1)*u{cell} + d*(u{before} - 2*u{cell} + u{behind})\n\
             dv{cell} = b*u{cell} - r{cell} + d*(v{before} - 2*v{cell} + v{behind})\n"
        );
        states.extend([(format!("u{cell}"), 1.0 + 0.1 * cell as f64), (format!("v{cell}"), 3.0)]);
    }
    System::parse(&equations)?
        .states(states)
        .constants([("a", 1.0), ("d", 50.0)])
        .parameters([("b", 3.0)])
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_in_this_folder_is_the_one_that_is_drawn() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/memory_map.svg");
        let drawn = picture(&solver().unwrap()).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == drawn,
            "{} is out of date: run `UPDATE=1 cargo test -p integrators --example memory_map`",
            file.display()
        );
    }
}
