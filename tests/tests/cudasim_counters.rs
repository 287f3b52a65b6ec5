//! What the product's kernels take on a GPU, counted while they are executed without one: the same on
//! every machine, so that a kernel which takes more is a failure.

#![cfg(target_os = "linux")]
// The helpers of tests assert as well.
#![allow(clippy::unwrap_used)]

use std::sync::{Mutex, MutexGuard, PoisonError};

use buffer_core::{BufferEntry, BufferRegistry, ElementType};
use buffer_tests::counted::{Counted, hand_written, workloads};
use buffer_tests::cuda::{case, cases, nvrtc, placed};
use buffer_tests::placement::placements;
use buffer_tests::random::SplitMix64;
use buffer_tests::simulated;
use integrators::device::arguments::Arguments;
use integrators::device::cuda::CudaDevice;
use integrators::factories::KernelText;
use integrators::{Batch, Location, Precision};

const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::F64];

/// The counters are those of the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each load and store of a table moves the fewest sectors that hold its values.
fn check_coalesced(counted: &Counted, what: &str) {
    for counters in [counted.shorter, counted.longer] {
        for traffic in [counters.global_loads, counters.global_stores] {
            assert!(traffic.requests > 0, "{what}: {counters:?}");
            assert_eq!(traffic.sectors, traffic.least_sectors, "{what}: {counters:?}");
        }
    }
}

#[test]
fn a_step_takes_little_more_than_one_written_by_hand() {
    let Some(nvrtc) = nvrtc() else { return };
    let _alone = alone();
    let [lorenz, _] = workloads();
    for precision in PRECISIONS {
        for method in ["rk4", "tsit5"] {
            let what = format!("{method} in {precision}");
            let case = case(method, false);
            let (counted, states) = lorenz.count(&case, &lorenz.solver(&case, precision));
            let by_hand = hand_written(nvrtc, method, precision);
            // The same method, in another order of its sums.
            let tolerance = if precision == Precision::F32 { 1e-4 } else { 1e-12 };
            for (found, expected) in states.iter().zip(&by_hand.states) {
                let off = (found - expected).abs() / expected.abs().max(1.0);
                assert!(off <= tolerance, "{what}: {found} and {expected}");
            }
            let (ours, theirs) = (counted.instructions(), by_hand.counted.instructions());
            println!("{what}: {ours:.1} instructions a step, {theirs:.1} by hand");
            assert!(ours <= 1.15 * theirs, "{what}: {ours} instructions, {theirs} by hand");
            assert_eq!((counted.local_bytes(), by_hand.counted.local_bytes()), (0, 0), "{what}");
            check_coalesced(&by_hand.counted, &what);
        }
    }
}

#[test]
fn kernels_keep_to_registers_and_their_results_to_whole_sectors() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let [lorenz, chain] = workloads();
    let of_lorenz = cases().map(|case| (&lorenz, case));
    let names = [("euler", false), ("tsit5", false), ("tsit5", true), ("kvaerno3", false)];
    let of_chain = names.map(|(name, adapts)| (&chain, case(name, adapts)));
    for (workload, case) in of_lorenz.chain(of_chain) {
        for precision in PRECISIONS {
            let what = format!("{} by {case} in {precision}", workload.name);
            let solver = placed(workload.solver(&case, precision), Location::Local);
            let (counted, _) = workload.count(&case, &solver);
            check_coalesced(&counted, &what);
            // Long functions of large systems are compiled once, and reach their arrays in memory.
            if workload.name == lorenz.name || !case.method.is_implicit() {
                assert_eq!(counted.local_bytes(), 0, "{what}");
            }
            assert_eq!(counted.longer.shared.requests, 0, "{what}");
            // An f32 kernel keeps clear of the slow arithmetic of f64.
            let has_f64 = counted.longer.instructions.f64 > 0;
            assert_eq!(has_f64, precision == Precision::F64, "{what}");
            // Explicit methods with fixed steps do the same for every run.
            if !case.method.is_implicit() && !case.adapts {
                assert_eq!(counted.longer.warp_efficiency(), 1.0, "{what}");
            }
        }
    }
}

#[test]
fn results_go_to_whole_sectors_whatever_the_number_of_runs() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let tsit5 = case("tsit5", false);
    for precision in PRECISIONS {
        for runs in [1, 7, 33, 257] {
            let [lorenz, _] = workloads();
            let rho = (0..runs).map(|run| f64::from(run) * 0.1);
            let lorenz = lorenz.with(Batch::grid().parameter("rho", rho));
            let solver = lorenz.solver(&tsit5, precision);
            // The end state alone, and rows on the way.
            for solver in [solver.clone(), solver.save_every(1.0 / 64.0)] {
                let (counted, states) = lorenz.count(&tsit5, &solver);
                check_coalesced(&counted, &format!("{runs} runs in {precision}"));
                assert_eq!(states.len(), 3 * runs as usize);
            }
        }
    }
}

#[test]
fn no_placement_of_a_kernels_buffers_has_bank_conflicts() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    let [lorenz, _] = workloads();
    let fixed_tsit5 = case("tsit5", false);
    for precision in PRECISIONS {
        for case in
            [fixed_tsit5, case("tsit5", true), case("kvaerno3", false), case("rodas3p", true)]
        {
            let solver = lorenz.solver(&case, precision);
            let mut in_shared_memory = 0;
            for placement in placements(&solver.factory().unwrap()).unwrap() {
                // Of single roots, those of one kernel are enough.
                if case != fixed_tsit5 && placement.places.len() == 1 {
                    continue;
                }
                let places = placement.places.iter();
                let placed = places
                    .fold(solver.clone(), |solver, (path, place)| solver.location(path, *place));
                let (counted, _) = lorenz.count(&case, &placed);
                let what = format!("{case} in {precision}, {}", placement.name);
                let shared = counted.longer.shared;
                assert_eq!(shared.conflicts, 0, "{what}: {counted:?}");
                check_coalesced(&counted, &what);
                in_shared_memory += u32::from(shared.requests > 0);
            }
            assert!(in_shared_memory > 5, "{in_shared_memory} placements in shared memory");
        }
    }
}

/// Buffers of random sizes and types in shared memory, some of them persistent or aliases.
fn random_entries(random: &mut SplitMix64) -> Vec<BufferEntry> {
    let types = [ElementType::F32, ElementType::F64, ElementType::I32, ElementType::Real];
    let sizes = [1, 2, 3, 4, 7, 8];
    let mut entries = Vec::new();
    for index in 0..4 {
        let (element, size) = (random.choose(&types), random.choose(&sizes));
        let name = format!("b{index}");
        let entry = BufferEntry::new(&name, size).element(element).location(Location::Shared);
        if random.choose(&[true, false]) {
            entries.push(entry.persistent());
        } else {
            entries.push(entry);
            let alias = format!("a{index}");
            entries.push(BufferEntry::new(&alias, 1).element(element).aliases(&name));
        }
    }
    entries
}

#[test]
fn no_layout_of_shared_memory_has_bank_conflicts() {
    if nvrtc().is_none() {
        return;
    }
    let _alone = alone();
    simulated::driver().unwrap();
    let device = CudaDevice::new(0).unwrap();
    let mut random = SplitMix64::new(7);
    for round in 0..12 {
        let precision = PRECISIONS[round % 2];
        let entries = random_entries(&mut random);
        let mut registry = BufferRegistry::new();
        let factory = registry.factory("mixed").unwrap();
        for entry in &entries {
            registry.register(factory, entry.clone()).unwrap();
        }
        let layout = registry.layout(factory, &device.target(precision)).unwrap();
        let mut text = KernelText::new(&layout);
        text.push("typedef struct { int *sums; long long runs; } arguments;\n");
        text.header("mixed").unwrap();
        let each = |line: fn(&str) -> String| -> String {
            entries.iter().map(|entry| line(entry.name())).collect()
        };
        let allocate = each(|name| format!("    ALLOCATE({name}, m);\n"));
        let write = each(|name| {
            format!("    for (int i = 0; i < SIZE({name}); i++) {name}[i] = run % 7 + i;\n")
        });
        let read = each(|name| {
            format!("    for (int i = 0; i < SIZE({name}); i++) sum += (int){name}[i];\n")
        });
        text.push(&format!(
            "INLINE void mixed_runs(memory m, const arguments *a, queue runs)\n{{\n\
             \x20   integer run = 0, sum = 0;\n\
             \x20   if (!TAKE(&runs, ALL_LANES, &run)) return;\n\
             \x20   buffers_reset(m, ALL_LANES);\n\
             {allocate}{write}{read}    a->sums[run] = sum;\n}}\nKERNEL(mixed)\n"
        ));
        let source = text.finish("mixed");
        let mut sums = [0; 96];
        let kernel = device.compile(&source).unwrap();
        let mut arguments = Arguments::new().output(&mut sums).integer(96);
        // SAFETY: the struct in the text has these fields, one sum for each run.
        unsafe { kernel.launch(&mut arguments, 96) }.unwrap();
        let counters = simulated::take_counters("mixed").unwrap();
        assert!(counters.shared.requests > 0, "{layout}");
        assert_eq!(counters.shared.conflicts, 0, "{layout}{counters:?}");
        assert!(sums.iter().any(|sum| *sum != 0), "{layout}");
    }
}
