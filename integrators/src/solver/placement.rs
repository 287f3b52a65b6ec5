//! Choosing where buffers lie on a GPU, from what the compiler says and without the GPU.

use std::cmp::Reverse;
use std::fmt;

use buffer_core::{BufferError, ComputeCapability, Location, Multiprocessor, Occupancy};
use comfy_table::{Table, presets};

use super::{CudaReport, SolveError, SolverBuilder};
use crate::device::nvrtc::{Resources, Traffic};

/// How much longer an access to local memory takes where the L1 cache does not hold it: a
/// multiprocessor's share of the L2 cache's bandwidth is about a sixth of what its L1 cache gives.
const MISS: f64 = 6.0;

/// Instructions that a multiprocessor issues in a cycle: one in each partition.
const ISSUED_AT_ONCE: f64 = Multiprocessor::PARTITIONS as f64;

/// Warps that keep a multiprocessor busy: each of its partitions issues an instruction per cycle, and
/// one that follows from it may come four cycles later.
const BUSY_WARPS: f64 = 4.0 * ISSUED_AT_ONCE;

/// What an estimate must be better by. One that is not is as good, and the less shared memory wins.
const NOTABLE: f64 = 0.1;

/// One way to place the buffers that are `auto`.
#[derive(Debug, Clone)]
pub struct Placement {
    name: &'static str,
    locations: Vec<(String, Location)>,
    report: CudaReport,
    estimate: f64,
}

impl Placement {
    /// What it is, in a few words.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The buffers that were `auto`, by path, with the places that they have in it.
    pub fn locations(&self) -> &[(String, Location)] {
        &self.locations
    }

    /// What the GPU will make of the kernel.
    pub fn report(&self) -> &CudaReport {
        &self.report
    }

    /// Cycles of a multiprocessor for a warp to pass through the text of the kernel, loops counted as
    /// in [`Traffic`](crate::device::nvrtc::Traffic): less is better. It says something only
    /// beside those of other placements of the same kernel.
    ///
    /// A warp's instructions are issued at four a cycle, and its accesses to memory are served at 128
    /// bytes a cycle. Those to local memory take longer by the part of the resident threads' stacks
    /// that the L1 cache, less shared memory, does not hold. With fewer than 16 warps, the
    /// multiprocessor waits in proportion.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }
}

/// The placements that were compared for a GPU, and the one that was chosen. Nothing of it is measured;
/// its `Display` says so.
#[derive(Debug, Clone)]
pub struct PlacementReport {
    capability: ComputeCapability,
    placements: Vec<Placement>,
    chosen: Placement,
}

impl PlacementReport {
    /// The placements that fit the GPU.
    pub fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// The one that was chosen: of those whose estimate is within 10 % of the least, the one with the
    /// least shared memory, and of these the first.
    pub fn chosen(&self) -> &Placement {
        &self.chosen
    }
}

impl SolverBuilder {
    /// Compares where the buffers that are [`Location::Auto`] may lie on a GPU, which need not be of
    /// this machine: all in local memory; the most used in as much shared memory as costs no block, and
    /// as costs half of them; all in shared memory. Each kernel is compiled, or taken from the cache.
    /// Buffers with another place stay there.
    ///
    /// Local memory is the best place for small systems, whose arrays lie in registers, and mostly for
    /// larger ones too: the L1 cache serves it as fast as shared memory, until it holds no more.
    ///
    /// ```no_run
    /// use integrators::{Location, Solver, System};
    ///
    /// let decay = System::parse("dx = -x")?.states([("x", 1.0)]).build()?;
    /// let builder = Solver::builder(&decay).place_all(Location::Auto);
    /// println!("{}", builder.compare_placements("9.0".parse()?)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect), but where a placement does not fit another one may;
    /// [`SolveError::NoPlacement`] where none does.
    pub fn compare_placements(
        &self,
        capability: ComputeCapability,
    ) -> Result<PlacementReport, SolveError> {
        let roots = self.unplaced()?;
        let mut search = Search {
            builder: self,
            capability,
            roots: &roots,
            tried: Vec::new(),
            placements: Vec::new(),
            unfit: Vec::new(),
        };
        search.attempt("all local", Vec::new())?;
        if let Some(local) = search.placements.first() {
            let occupancy = *local.report.occupancy();
            for (name, blocks) in [
                ("hottest, at no block less", occupancy.blocks()),
                ("hottest, at half the blocks", occupancy.blocks().div_ceil(2)),
            ] {
                let shared = search.hottest(shared_budget(&occupancy, blocks))?;
                search.attempt(name, shared)?;
            }
        }
        search.attempt("all shared", roots.clone())?;
        let Search { placements, unfit, .. } = search;
        match choose(&placements).cloned() {
            Some(chosen) => Ok(PlacementReport { capability, placements, chosen }),
            None => {
                Err(SolveError::NoPlacement { gpu: capability.sm(), reasons: unfit.join("\n") })
            }
        }
    }

    /// Places the buffers that are [`Location::Auto`] as
    /// [`compare_placements`](Self::compare_placements) chooses for a GPU. Without it they lie in local
    /// memory. Equal builders are placed equally, whatever machine does it, by equal compilers.
    ///
    /// # Errors
    /// Those of [`compare_placements`](Self::compare_placements).
    pub fn place_for(self, capability: ComputeCapability) -> Result<Self, SolveError> {
        let report = self.compare_placements(capability)?;
        let locations = report.chosen().locations().iter();
        Ok(locations.fold(self, |builder, (path, location)| builder.location(path, *location)))
    }
}

/// Placements that are being compared.
struct Search<'a> {
    builder: &'a SolverBuilder,
    capability: ComputeCapability,
    /// The paths of the buffers to place.
    roots: &'a [String],
    /// Those that were tried in shared memory together.
    tried: Vec<Vec<String>>,
    placements: Vec<Placement>,
    /// What did not fit, and why.
    unfit: Vec<String>,
}

impl Search<'_> {
    /// The places of all buffers where some are in shared memory.
    fn locations(&self, shared: &[String]) -> Vec<(String, Location)> {
        let place = |path: &String| match shared.contains(path) {
            true => (path.clone(), Location::Shared),
            false => (path.clone(), Location::Local),
        };
        self.roots.iter().map(place).collect()
    }

    fn placed(&self, shared: &[String]) -> SolverBuilder {
        let locations = self.locations(shared).into_iter();
        locations.fold(self.builder.clone(), |builder, (path, location)| {
            builder.location(path, location)
        })
    }

    /// Compiles the kernel with some buffers in shared memory, unless that was done.
    fn attempt(&mut self, name: &'static str, shared: Vec<String>) -> Result<(), SolveError> {
        if self.tried.contains(&shared) {
            return Ok(());
        }
        match self.placed(&shared).inspect(self.capability) {
            Ok(report) => {
                let locations = self.locations(&shared);
                let estimate = estimate(report.traffic(), report.resources(), report.occupancy());
                self.placements.push(Placement { name, locations, report, estimate });
            }
            Err(error) if is_unfit(&error) => {
                let reason = error.to_string();
                let reason = reason.lines().next().unwrap_or_default();
                self.unfit.push(format!("{name}: {reason}"));
            }
            Err(error) => return Err(error),
        }
        self.tried.push(shared);
        Ok(())
    }

    /// The buffers of which so many bytes of shared memory are best used, in order of declaration.
    ///
    /// An inner factory is called in the loops of the outer ones, so its bytes are used more often.
    fn hottest(&self, budget: usize) -> Result<Vec<String>, SolveError> {
        let mut hottest: Vec<_> = self.roots.iter().collect();
        hottest.sort_by_key(|path| Reverse(path.matches('.').count()));
        let target = self.builder.cuda_target(self.capability);
        let mut shared = Vec::new();
        for path in hottest {
            shared.push(path.clone());
            match self.placed(&shared).layout(&target) {
                Ok(layout) if layout.shared_bytes() <= budget => {}
                Err(error) if !is_unfit(&error) => return Err(error),
                Ok(_) | Err(_) => drop(shared.pop()),
            }
        }
        Ok(self.roots.iter().filter(|path| shared.contains(path)).cloned().collect())
    }
}

/// Whether a kernel is too large for a GPU with its buffers where they are.
fn is_unfit(error: &SolveError) -> bool {
    matches!(
        error,
        SolveError::Occupancy(_) | SolveError::Buffers(BufferError::ExceedsTarget { .. })
    )
}

/// Bytes of shared memory that a run can have where a multiprocessor holds so many blocks.
fn shared_budget(occupancy: &Occupancy, blocks: usize) -> usize {
    let multiprocessor = occupancy.capability().multiprocessor();
    let share = multiprocessor.shared_bytes.checked_div(blocks).unwrap_or_default();
    let share = share - share % multiprocessor.shared_granule;
    let share = share.saturating_sub(multiprocessor.reserved_shared_bytes);
    share.checked_div(occupancy.block().threads).unwrap_or_default()
}

/// What [`Placement::estimate`] says.
fn estimate(traffic: Traffic, resources: Resources, occupancy: &Occupancy) -> f64 {
    let multiprocessor = occupancy.capability().multiprocessor();
    let stacks = occupancy.threads() as f64 * f64::from(resources.stack_bytes);
    let of_block = occupancy.block().shared_bytes + multiprocessor.reserved_shared_bytes;
    let cache = multiprocessor.cache_bytes.saturating_sub(occupancy.blocks() * of_block) as f64;
    let missed = if stacks > cache { 1.0 - cache / stacks } else { 0.0 };
    // Where the assembler spills is not known: as often as the mean of all lines runs.
    let spilled = f64::from(resources.spill_store_bytes + resources.spill_load_bytes) / 4.0;
    let instructions = traffic.instructions as f64;
    let spilled = spilled * instructions / traffic.lines.max(1) as f64;
    let local = (traffic.local as f64 + spilled) * (1.0 + missed * (MISS - 1.0));
    let cycles = (instructions + spilled) / ISSUED_AT_ONCE + traffic.shared as f64 + local;
    cycles / (occupancy.warps() as f64 / BUSY_WARPS).min(1.0)
}

/// The placement to take.
fn choose(placements: &[Placement]) -> Option<&Placement> {
    let costs = placements.iter().map(|one| (one.estimate, one.report.layout().shared_bytes()));
    placements.get(best(&costs.collect::<Vec<_>>())?)
}

/// The position of the least bytes among those of estimates that are about the least, the first of
/// equals.
fn best(costs: &[(f64, usize)]) -> Option<usize> {
    let least = costs.iter().map(|(estimate, _)| *estimate).fold(f64::INFINITY, f64::min);
    let costs = costs.iter().enumerate();
    let good = costs.filter(|(_, (estimate, _))| *estimate <= least * (1.0 + NOTABLE));
    good.min_by_key(|(_, (_, bytes))| *bytes).map(|(position, _)| position)
}

impl fmt::Display for PlacementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(presets::ASCII_FULL_CONDENSED).set_header([
            "placement",
            "shared B/run",
            "registers",
            "stack",
            "spills",
            "warps/SM",
            "estimate",
        ]);
        let least = self.chosen.estimate;
        for placement in &self.placements {
            let report = &placement.report;
            let resources = report.resources();
            table.add_row([
                placement.name.to_owned(),
                report.layout().shared_bytes().to_string(),
                resources.registers.to_string(),
                resources.stack_bytes.to_string(),
                (resources.spill_store_bytes + resources.spill_load_bytes).to_string(),
                report.occupancy().warps().to_string(),
                format!("{:.2}", placement.estimate / least),
            ]);
        }
        let gpu = self.capability.sm();
        writeln!(
            f,
            "places for buffers on {gpu}, by estimated time; chosen: {}",
            self.chosen.name
        )?;
        writeln!(f, "{table}")?;
        write!(f, "unmeasured: computed from what the compiler says, not timed on a GPU")
    }
}

#[cfg(test)]
mod tests {
    use buffer_core::ThreadBlock;

    use super::*;

    fn occupancy(registers: usize, shared_bytes: usize) -> Occupancy {
        let block = ThreadBlock { threads: 32, registers, shared_bytes };
        Occupancy::new("9.0".parse().unwrap(), block).unwrap()
    }

    const NO_STACK: Resources = Resources {
        registers: 0,
        stack_bytes: 0,
        spill_store_bytes: 0,
        spill_load_bytes: 0,
        shared_bytes: 0,
        constant_bytes: 0,
    };

    fn traffic(instructions: u64, shared: u64, local: u64) -> Traffic {
        Traffic { lines: 100, instructions, shared, local }
    }

    #[test]
    fn instructions_issue_at_four_a_cycle_and_memory_answers_once() {
        let full = occupancy(128, 0);
        assert_eq!(full.warps(), 16);
        assert_eq!(estimate(traffic(400, 0, 0), NO_STACK, &full), 100.0);
        assert_eq!(estimate(traffic(400, 30, 0), NO_STACK, &full), 130.0);
        assert_eq!(estimate(traffic(400, 0, 30), NO_STACK, &full), 130.0);
        // 7 more instructions for each line that spills 28 bytes, which ran 4 times in the mean.
        let spills = Resources { spill_load_bytes: 28, ..NO_STACK };
        assert_eq!(estimate(traffic(400, 0, 0), spills, &full), 107.0 + 28.0);
    }

    #[test]
    fn with_half_the_warps_everything_takes_twice_as_long() {
        let half = occupancy(255, 0);
        assert_eq!(half.warps(), 8);
        assert_eq!(estimate(traffic(400, 30, 0), NO_STACK, &half), 260.0);
    }

    #[test]
    fn a_stack_that_the_cache_does_not_hold_is_slow() {
        let full = occupancy(128, 0);
        // 512 threads at 256 KiB, less what the system takes for each of 16 blocks.
        let stack = |stack_bytes| Resources { stack_bytes, ..NO_STACK };
        assert_eq!(estimate(traffic(0, 0, 100), stack(480), &full), 100.0);
        let missed = estimate(traffic(0, 0, 100), stack(960), &full);
        assert!((missed - 350.0).abs() < 1e-9, "half of it: {missed}");
        // Shared memory is a part of the cache, of which 128 KiB are left.
        let shared = occupancy(128, 7 * 1024);
        let squeezed = estimate(traffic(0, 0, 100), stack(512), &shared);
        assert!((squeezed - 350.0).abs() < 1e-9, "half of it: {squeezed}");
    }

    #[test]
    fn of_estimates_that_are_about_as_good_the_least_shared_memory_wins() {
        assert_eq!(best(&[]), None);
        assert_eq!(best(&[(1.0, 0), (0.92, 100)]), Some(0));
        assert_eq!(best(&[(1.0, 0), (0.8, 100), (0.81, 50), (0.81, 50)]), Some(2));
        assert_eq!(best(&[(5.0, 0), (1.0, 800)]), Some(1));
    }

    #[test]
    fn a_budget_costs_no_block() {
        for blocks in 1..=16 {
            let budget = shared_budget(&occupancy(128, 0), blocks);
            assert!(occupancy(128, 32 * budget).blocks() >= blocks, "{blocks}");
            let more = ThreadBlock { threads: 32, registers: 128, shared_bytes: 32 * (budget + 5) };
            let more = Occupancy::new("9.0".parse().unwrap(), more);
            assert!(more.is_err() || more.unwrap().blocks() < blocks, "{blocks}");
        }
    }
}
