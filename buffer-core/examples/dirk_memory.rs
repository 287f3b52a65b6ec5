//! The scratch memory of a diagonally implicit Runge-Kutta step, over Newton's method and a linear
//! solver, before and after packing: declared here, printed as a table, and drawn.
//!
//! Writes `target/dirk_memory.svg`. The picture in this folder is written by
//! `UPDATE=1 cargo test -p buffer-core --example dirk_memory`.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use buffer_core::{
    Buffer, BufferError, BufferRegistry, Buffers, FactoryId, MemoryMap, Packing, Precision, Target,
};

/// States of the system.
const N: usize = 16;

/// Stages of the method.
const STAGES: usize = 4;

/// Registers of a thread, as a compiler may report them.
const REGISTERS: usize = 96;

#[derive(Buffers, Default)]
#[buffers(
    prefix = "dirk",
    vars(n >= 1, stages >= 2),
    phases(start, first, loop stage { solve, stream }, finish)
)]
struct DirkStep {
    n: usize,
    stages: usize,
    /// The sums of the stages to come. The first row becomes the state of the first stage, element by
    /// element.
    #[buffer(
        size = n * (stages - 1), location = "shared", live = start..=stream,
        part(0..n, live = start..=first)
    )]
    accumulator: Buffer,
    #[buffer(size = n, aliases = "accumulator", live = first..=stream, handoff)]
    stage_base: Buffer,
    #[buffer(size = n, location = "shared", persistent)]
    stage_increment: Buffer,
    #[buffer(size = n, location = "shared", live = stream)]
    stage_rhs: Buffer,
    #[buffer(size = 2 * n, location = "local", live = start)]
    predictor: Buffer,
    #[buffer(size = n, aliases = "predictor", live = finish)]
    error: Buffer,
    #[child(call = solve)]
    solver: Newton,
}

#[derive(Buffers, Default)]
#[buffers(prefix = "newton", phases(residual, loop iteration { linear, update }))]
struct Newton {
    n: usize,
    #[buffer(size = n, location = "shared", live = linear..=update)]
    delta: Buffer,
    #[buffer(size = n, location = "shared")]
    residual: Buffer,
    #[buffer(size = 1, location = "shared", persistent)]
    prev_theta: Buffer,
    #[child(call = linear)]
    linear_solver: MinimalResidual,
}

#[derive(Buffers, Default)]
#[buffers(prefix = "minimal_residual", phases(start, loop iteration { multiply, correct }))]
struct MinimalResidual {
    n: usize,
    #[buffer(size = n, location = "shared")]
    inverse_diagonal: Buffer,
    #[buffer(size = n, location = "shared", live = iteration)]
    preconditioned_vec: Buffer,
    #[buffer(size = n, location = "shared", live = iteration)]
    temp: Buffer,
}

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
    let (mut registry, dirk) = registry()?;
    for packing in [Packing::Declared, Packing::Auto] {
        registry.set_packing(packing);
        let layout = registry.layout(dirk, &target()?)?;
        println!("{layout}\n{}\n", layout.fullest_block(REGISTERS)?);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let file = folder.join("dirk_memory.svg");
    fs::create_dir_all(&folder)?;
    fs::write(&file, picture()?)?;
    println!("written: {}", file.display());
    Ok(())
}

/// Both packings side by side.
fn picture() -> Result<String, BufferError> {
    let (mut registry, dirk) = registry()?;
    let before = registry.layout(dirk, &target()?)?;
    registry.set_packing(Packing::Auto);
    let after = registry.layout(dirk, &target()?)?;
    Ok(MemoryMap::new(&before).beside(&after).registers(REGISTERS).to_svg())
}

fn target() -> Result<Target, BufferError> {
    Ok(Target::cuda("9.0".parse()?, Precision::F64))
}

fn registry() -> Result<(BufferRegistry, FactoryId), BufferError> {
    let linear_solver = MinimalResidual { n: N, ..MinimalResidual::default() };
    let solver = Newton { n: N, linear_solver, ..Newton::default() };
    let step = DirkStep { n: N, stages: STAGES, solver, ..DirkStep::default() };
    let mut registry = BufferRegistry::new();
    let dirk = registry.add(&step)?;
    Ok((registry, dirk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_in_this_folder_is_the_one_that_is_drawn() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/dirk_memory.svg");
        let drawn = picture().unwrap();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == drawn,
            "{} is out of date: run `UPDATE=1 cargo test -p buffer-core --example dirk_memory`",
            file.display()
        );
    }
}
