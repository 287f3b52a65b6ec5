//! What a multiprocessor holds of a kernel: the formula against a table, and what follows from it.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use buffer_core::{
    BufferEntry, BufferRegistry, ComputeCapability, Layout, Location, Multiprocessor, Occupancy,
    OccupancyError, OccupancyLimit, Precision, Target, ThreadBlock, Width,
};
use buffer_tests::cuda::{lorenz, nvrtc};
use integrators::device::DeviceError;
use integrators::device::cuda::CudaError;
use integrators::device::nvrtc::NvrtcError;
use integrators::{SolveError, Solver};

const TABLE: &str = include_str!("../occupancy/table.csv");

/// Numbers of registers from few to all.
const REGISTERS: [usize; 6] = [16, 32, 64, 96, 168, 255];

fn occupancy(
    capability: &str,
    threads: usize,
    registers: usize,
    shared_bytes: usize,
) -> Result<Occupancy, OccupancyError> {
    Occupancy::new(capability.parse().unwrap(), ThreadBlock { threads, registers, shared_bytes })
}

/// A layout of one shared buffer.
fn layout(target: &Target, size: usize) -> Arc<Layout> {
    let mut registry = BufferRegistry::new();
    let factory = registry.factory("step").unwrap();
    let slopes = BufferEntry::new("slopes", size).location(Location::Shared);
    registry.register(factory, slopes).unwrap();
    registry.layout(factory, target).unwrap()
}

fn cuda(capability: &str, precision: Precision) -> Target {
    Target::cuda(capability.parse().unwrap(), precision)
}

#[test]
fn the_formula_gives_what_the_table_holds() {
    let mut rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(rows.next(), Some("capability,threads,registers,shared bytes,blocks,limits"));
    let mut capabilities = Vec::new();
    let mut count = 0;
    for row in rows {
        let [capability, threads, registers, shared_bytes, blocks, limits] =
            row.split(',').collect::<Vec<_>>().try_into().unwrap();
        let [threads, registers, shared_bytes, blocks] =
            [threads, registers, shared_bytes, blocks].map(|number| number.parse().unwrap());
        match occupancy(capability, threads, registers, shared_bytes) {
            Ok(occupancy) => {
                let found: Vec<_> = occupancy.limits().map(|limit| limit.to_string()).collect();
                assert_eq!((occupancy.blocks(), found.join(" and ").as_str()), (blocks, limits));
            }
            Err(error) => assert_eq!(blocks, 0, "{row}: {error}"),
        }
        capabilities.push(capability);
        count += 1;
    }
    capabilities.dedup();
    let known: Vec<_> = ComputeCapability::all().map(|known| known.to_string()).collect();
    assert_eq!(capabilities, known);
    assert!(count >= 300, "{count} rows");
}

#[test]
fn registers_limit_before_shared_memory_does() {
    let occupancy = occupancy("9.0", 128, 96, 128 * 164).unwrap();
    assert_eq!((occupancy.blocks(), occupancy.warps(), occupancy.threads()), (5, 20, 640));
    assert!(occupancy.limits().eq([OccupancyLimit::Registers]));
    assert_eq!(occupancy.free_shared_bytes(), 356 - 164);
    assert_eq!(
        occupancy.to_string(),
        "a block on sm_90: 128 threads of 96 registers, 20992 bytes of shared memory\n\
         a multiprocessor: 5 blocks = 20 of 64 warps (31.25 %), limited by registers\n\
         free without losing a block: 192 bytes a thread"
    );
}

#[test]
fn fewer_bytes_a_run_let_another_block_in_or_make_the_kernel_fit() {
    let blocks =
        |capability, bytes: usize| occupancy(capability, 64, 96, 64 * bytes).map(|o| o.blocks());
    assert_eq!(blocks("9.0", 1816), Ok(1));
    assert_eq!(blocks("9.0", 1688), Ok(2));
    assert_eq!(blocks("8.6", 1560), Ok(1));
    let refused = blocks("8.6", 1688).unwrap_err();
    assert!(
        matches!(refused, OccupancyError::SharedMemory { needed: 108_032, limit: 101_376, .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("[SB014]\nhelp: use fewer threads"), "{refused}");
}

#[test]
fn blocks_that_no_multiprocessor_holds_are_refused() {
    for threads in [0, 1025, usize::MAX] {
        let error = occupancy("9.0", threads, 32, 0).unwrap_err();
        assert_eq!(error, OccupancyError::Threads { threads });
    }
    for registers in [0, 256, usize::MAX] {
        let error = occupancy("9.0", 32, registers, 0).unwrap_err();
        assert_eq!(error, OccupancyError::ThreadRegisters { registers });
    }
    let error = occupancy("9.0", 32, 32, usize::MAX).unwrap_err();
    assert!(matches!(error, OccupancyError::SharedMemory { .. }), "{error:?}");

    // The number that the message gives is the largest that is not refused.
    let error = occupancy("9.0", 1024, 96, 0).unwrap_err();
    let expected = OccupancyError::BlockRegisters { threads: 1024, registers: 96, most: 640 };
    assert_eq!(error, expected);
    assert!(error.to_string().ends_with("help: use at most 640 threads"), "{error}");
    assert!(occupancy("9.0", 640, 96, 0).is_ok() && occupancy("9.0", 641, 96, 0).is_err());
}

#[test]
fn a_layout_for_the_host_has_no_occupancy() {
    let layout = layout(&Target::host(8, Precision::F64).unwrap(), 3);
    let expected = OccupancyError::NotCuda { target: "host, 8 lanes of f64".to_owned() };
    assert_eq!(layout.occupancy(32, 32), Err(expected.clone()));
    assert_eq!(layout.largest_block(32), Err(expected.clone()));
    assert_eq!(layout.fullest_block(32), Err(expected));
}

#[test]
fn what_is_free_costs_no_block_and_a_byte_more_does() {
    for capability in ComputeCapability::all() {
        for registers in REGISTERS {
            for threads in [32, 96, 128, 256] {
                for bytes in [0, 4, 36, 164] {
                    let of = |bytes_of_run: usize| {
                        let shared_bytes = threads * bytes_of_run;
                        Occupancy::new(capability, ThreadBlock { threads, registers, shared_bytes })
                    };
                    let Ok(occupancy) = of(bytes) else { continue };
                    let most = bytes + occupancy.free_shared_bytes();
                    let blocks = occupancy.blocks();
                    assert_eq!(of(most).unwrap().blocks(), blocks, "{occupancy}");
                    assert!(of(most + 1).map_or(0, |less| less.blocks()) < blocks, "{occupancy}");
                }
            }
        }
    }
}

#[test]
fn no_block_is_larger_than_the_largest_or_fuller_than_the_fullest() {
    for capability in ComputeCapability::all() {
        for size in [0, 3, 18, 100, 400, 900, 3000, 8000] {
            let layout = layout(&Target::cuda(capability, Precision::F64), size);
            for registers in REGISTERS {
                let fitting = (1..=Multiprocessor::BLOCK_THREADS)
                    .filter_map(|threads| layout.occupancy(threads, registers).ok());
                let all: Vec<_> = fitting.collect();
                let whole: Vec<_> = all.iter().filter(|o| o.block().threads % 32 == 0).collect();
                let largest = layout.largest_block(registers).unwrap();
                let fullest = layout.fullest_block(registers).unwrap();
                if whole.is_empty() {
                    let most = all.iter().map(|o| o.block().threads).max().unwrap();
                    assert_eq!(largest.block().threads, most, "{layout}");
                    assert!(most < 2 * fullest.block().threads, "{layout}");
                    assert!(fullest.block().threads.is_power_of_two(), "{layout}");
                    continue;
                }
                let most = whole.iter().map(|o| o.block().threads).max().unwrap();
                assert_eq!(largest.block().threads, most, "{layout}");
                let resident = whole.iter().map(|o| o.threads()).max().unwrap();
                let smallest = whole.iter().find(|o| o.threads() == resident).unwrap();
                assert_eq!(&&fullest, smallest, "{layout}");
            }
        }
    }
}

#[test]
fn strides_of_layouts_have_no_bank_conflicts() {
    for precision in [Precision::F32, Precision::F64] {
        for size in (0..=128).step_by(2) {
            let layout = layout(&cuda("8.0", precision), size);
            for width in Width::ALL {
                assert_eq!(layout.bank_conflict_ways(width), 1, "{layout}");
            }
        }
    }
}

#[test]
fn a_solver_is_inspected_without_the_gpu() {
    let Some(nvrtc) = nvrtc() else { return };
    for precision in [Precision::F32, Precision::F64] {
        let solver = Solver::builder(&lorenz())
            .precision(precision)
            .location("loop.step.stage_rhs", Location::Shared);
        for sm in ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"] {
            let target = cuda(sm, precision);
            let capability = target.compute_capability().unwrap();
            let report = solver.inspect(capability).unwrap();

            let layout = solver.layout(&target).unwrap();
            assert_eq!(report.layout(), &layout);
            assert!(layout.shared_bytes() > 0);
            let source = solver.source(&layout).unwrap();
            let compiled = nvrtc.compile(&source.text, capability, precision).unwrap();
            assert_eq!(Some(report.resources()), compiled.resources(&source.entry));

            let registers = report.resources().registers as usize;
            assert_eq!(report.occupancy().block().registers, registers);
            assert_eq!(report.occupancy(), &layout.fullest_block(registers).unwrap());
            let largest = report.largest_block();
            assert!(layout.occupancy(largest, registers).is_ok());
            assert!(layout.occupancy(largest + 32, registers).is_err());

            let shown = report.to_string();
            for part in [
                layout.to_string(),
                format!("a thread: {registers} registers, 0 bytes of stack, spills of 0 bytes"),
                report.occupancy().to_string(),
                format!("the largest block that fits: {largest} threads"),
                "bank conflicts: none".to_owned(),
                "unmeasured".to_owned(),
            ] {
                assert!(shown.contains(&part), "`{part}` is not in:\n{shown}");
            }
        }
    }
}

#[test]
fn a_gpu_that_the_compiler_does_not_know_is_not_inspected() {
    let Some(nvrtc) = nvrtc() else { return };
    if nvrtc.version().major != 12 {
        println!("skipped: NVRTC {} may know compute capability 11.0", nvrtc.version());
        return;
    }
    let error = Solver::builder(&lorenz()).inspect("11.0".parse().unwrap()).unwrap_err();
    let SolveError::Device(DeviceError::Cuda(CudaError::Nvrtc(error))) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(error, NvrtcError::UnknownCapability { .. }), "{error:?}");
}
