//! The time to lay out buffers against their number, in both packings: `cargo bench -p buffer-core`.
//!
//! A layout is planned and checked as in production. The fastest of some rounds counts. The slope of
//! the logarithms is the power of the number with which the time grows: 1 is linear, 2 quadratic.

use std::error::Error;
use std::time::{Duration, Instant};

use buffer_core::{
    BufferEntry, BufferError, BufferRegistry, Buffers, Child, Location, Packing, Phases, Precision,
    Target, Width,
};

const COUNTS: [usize; 7] = [10, 20, 50, 100, 200, 500, 1000];
const ROUNDS: usize = 10;

/// A factory with buffers of up to 256 elements that are live for up to 8 of 40 phases.
struct Step {
    phases: Phases,
    entries: Vec<BufferEntry>,
}

impl Step {
    const PHASES: u64 = 40;

    fn new(count: usize) -> Self {
        let names: Vec<String> = (0..Self::PHASES).map(|phase| format!("phase{phase}")).collect();
        let phases = names.iter().fold(Phases::new(), |phases, name| phases.phase(name));
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let mut entries = Vec::new();
        for index in 0..count {
            let size = 1 + random(256) as usize;
            let first = random(Self::PHASES);
            let last = (first + random(8)).min(Self::PHASES - 1);
            let [first, last] = [first, last].map(|phase| format!("phase{phase}"));
            let entry = BufferEntry::new(format!("b{index}"), size).location(Location::Local);
            entries.push(entry.live([first.as_str()..=last.as_str()]));
        }
        Self { phases, entries }
    }
}

impl Buffers for Step {
    fn prefix(&self) -> &str {
        "step"
    }

    fn phases(&self) -> &Phases {
        &self.phases
    }

    fn entries(&self) -> Result<Vec<BufferEntry>, BufferError> {
        Ok(self.entries.clone())
    }

    fn children(&self) -> Vec<Child<'_>> {
        Vec::new()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // The host's limit on local memory is far, in f32 and one lane.
    let target = Target::host(1, Precision::F32)?;
    for packing in [Packing::Declared, Packing::Auto] {
        println!("{packing} packing");
        println!(
            "{:>8} {:>10} {:>10} {:>10} {:>10}",
            "buffers", "seconds", "declared", "packed", "least"
        );
        let mut points = Vec::new();
        for count in COUNTS {
            let mut registry = BufferRegistry::new();
            registry.set_packing(packing);
            let step = registry.add(&Step::new(count))?;
            let mut fastest = Duration::MAX;
            for _ in 0..ROUNDS {
                registry.clear_layout(step);
                let start = Instant::now();
                registry.layout(step, &target)?;
                fastest = fastest.min(start.elapsed());
            }
            let bytes = registry.layout(step, &target)?.local_footprint(Width::Four);
            let seconds = fastest.as_secs_f64();
            println!(
                "{count:>8} {seconds:>10.6} {:>10} {:>10} {:>10}",
                bytes.declared, bytes.packed, bytes.lower_bound
            );
            points.push(((count as f64).ln(), seconds.ln()));
        }
        println!("the time grows with the power {:.2} of the number\n", slope(&points));
    }
    Ok(())
}

/// The slope of the straight line through some points by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    covariance / variance
}
