//! What the sanitizer finds, and its words.

use std::error::Error;
use std::fmt;

use indexmap::IndexMap;

use super::MOST_FAULTS;
use crate::layout::{Instance, Layout, PlacedBuffer};

/// One mistake of a kernel text in its use of buffers, where it first happened.
///
/// Uses that differ in index, run and step alone are one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SanitizerFault {
    /// What is wrong.
    pub kind: SanitizerFaultKind,
    /// The buffer, by the path of its factory and its name, as in `loop_step.stage_rhs`. Of a
    /// [`WrongCall`](SanitizerFaultKind::WrongCall) the path of what is called, and empty where there is
    /// no buffer.
    pub buffer: String,
    /// The element, counted from the buffer's start.
    pub index: i64,
    /// What was done with the element.
    pub access: Access,
    /// The phase that the buffer's factory was in, if it was in one. Of a wrong call that of the
    /// caller.
    pub phase: Option<String>,
    /// The run's number in its launch; none where the text does not say.
    pub run: Option<u64>,
    /// The run's step, from 0; none where the text does not say.
    pub step: Option<u64>,
    /// How often it happened in all, as far as lists had room for it.
    pub times: u64,
}

/// What is done with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// It is read.
    Read,
    /// It is written.
    Write,
}

/// What is wrong with a use of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SanitizerFaultKind {
    /// The buffer has no such element.
    OutOfBounds {
        /// The elements that it has.
        size: usize,
    },
    /// SB016: the element is dead in the phase.
    DeadPhase,
    /// The element was not written before.
    NeverWritten,
    /// SB016: what was written died, as the factory entered a phase in which it is dead.
    DiedInPhase {
        /// The phase.
        died_in: String,
    },
    /// What was written died as the buffer was allocated again: it is not persistent.
    DiedWithCall,
    /// The element holds what was written through another buffer on the same bytes.
    ForeignData {
        /// The other buffer, by path and name.
        owner: String,
        /// The phase of its factory in which it was written, if it was in one.
        written_in: Option<String>,
    },
    /// The element was taken over by another buffer, in a handoff.
    TakenOver {
        /// The other buffer, by path and name.
        by: String,
    },
    /// SB016: a factory is called in a phase that is not among its calls.
    WrongCall,
    /// The pointer is null.
    NoBuffer,
}

impl fmt::Display for SanitizerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SanitizerFaultKind as Kind;
        let Self { kind, buffer, index, access, phase, .. } = self;
        let access = match access {
            Access::Read => "read",
            Access::Write => "written",
        };
        match kind {
            Kind::WrongCall => write!(f, "`{buffer}` is called{}", within(phase.as_deref()))?,
            Kind::NoBuffer => write!(f, "the element {index} of no buffer is {access}")?,
            _ => write!(f, "`{buffer}[{index}]` is {access}{}", within(phase.as_deref()))?,
        }
        match kind {
            Kind::OutOfBounds { size: 0 } => f.write_str(", but the buffer has no elements")?,
            Kind::OutOfBounds { size } => write!(f, ", but the buffer has {size} element(s)")?,
            Kind::DeadPhase => f.write_str(", where it is dead [SB016]")?,
            Kind::NeverWritten => f.write_str(", but was not written before")?,
            Kind::DiedInPhase { died_in } => {
                write!(f, ", but what it held died in `{died_in}` [SB016]")?;
            }
            Kind::DiedWithCall => {
                f.write_str(", but what it held died with the call that wrote it")?
            }
            Kind::ForeignData { owner, written_in } => {
                write!(f, ", but holds data of `{owner}`")?;
                if let Some(phase) = written_in {
                    write!(f, ", written in `{phase}`")?;
                }
            }
            Kind::TakenOver { by } => write!(f, ", but was taken over by `{by}`")?,
            Kind::WrongCall => f.write_str(", which is not among its calls [SB016]")?,
            Kind::NoBuffer => {}
        }
        self.write_place(f)?;
        let phase = phase.as_deref().unwrap_or_default();
        match kind {
            Kind::OutOfBounds { size: 0 } => f.write_str("\nhelp: correct its size"),
            Kind::OutOfBounds { size } => {
                write!(f, "\nhelp: correct the index, which is at most {}, or the size", size - 1)
            }
            Kind::DeadPhase => {
                write!(f, "\nhelp: add `{phase}` to its `live`, or use it in its live phases only")
            }
            Kind::NeverWritten => f.write_str("\nhelp: write it first, or declare it `zero`"),
            Kind::DiedInPhase { died_in } => {
                write!(f, "\nhelp: add `{died_in}` to its `live`, or write it again first")
            }
            Kind::DiedWithCall => {
                f.write_str("\nhelp: write it first in every call, or declare it `persistent`")
            }
            Kind::ForeignData { owner, .. } => write!(
                f,
                "\nhelp: they share storage; give `{owner}` storage of its own, or read `{buffer}` before"
            ),
            Kind::TakenOver { by } => {
                write!(f, "\nhelp: write it before `{by}` is used, or write to `{by}`")
            }
            Kind::WrongCall => write!(
                f,
                "\nhelp: add `{phase}` to `call` of its `#[child(...)]`, or call it in its calls only"
            ),
            Kind::NoBuffer => f.write_str("\nhelp: pass a buffer, or do not use the parameter"),
        }
    }
}

impl Error for SanitizerFault {}

impl SanitizerFault {
    /// Where it happened, in parentheses.
    fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.run.map(|run| format!("run {run}"));
        let step = self.step.map(|step| format!("step {step}"));
        let times = (self.times > 1).then(|| format!("{} times in all", self.times));
        let place: Vec<_> = [run, step, times].into_iter().flatten().collect();
        if place.is_empty() { Ok(()) } else { write!(f, " ({})", place.join(", ")) }
    }
}

fn within(phase: Option<&str>) -> String {
    phase.map_or_else(String::new, |phase| format!(" in `{phase}`"))
}

/// Numbers of one fault.
const NUMBERS: usize = 10;
/// Numbers of one list: how many faults it holds, and room for the most.
const LIST_NUMBERS: usize = 1 + MOST_FAULTS * NUMBERS;

/// The faults in all of `buffers_fault_lists`, in the order of runs.
pub(super) fn read_lists(layout: &Layout, numbers: &[i64]) -> Vec<SanitizerFault> {
    let mut listed: Vec<[i64; NUMBERS]> = Vec::new();
    for list in numbers.chunks_exact(LIST_NUMBERS) {
        let Some((&count, faults)) = list.split_first() else { continue };
        let (faults, _) = faults.as_chunks();
        listed.extend(faults.iter().take(usize::try_from(count).unwrap_or_default()));
    }
    // Stable: what one run does wrong stays in its order.
    listed.sort_by_key(|[.., run, _, _]| *run);
    let mut merged = IndexMap::new();
    for [kind, writes, subject, phase, other, other_phase, place @ ..] in listed {
        let alike = [kind, writes, subject, phase, other, other_phase];
        let [.., times] = place;
        merged
            .entry(alike)
            .and_modify(|[.., sum]: &mut [i64; 4]| *sum = sum.saturating_add(times))
            .or_insert(place);
    }
    merged.into_iter().filter_map(|(alike, place)| read(layout, alike, place)).collect()
}

/// The fault of some numbers, those of `struct fault` in `sanitizer.hpp`. None where they are not of
/// this layout.
fn read(layout: &Layout, alike: [i64; 6], place: [i64; 4]) -> Option<SanitizerFault> {
    use SanitizerFaultKind as Kind;
    let [kind, writes, subject, phase, other, other_phase] = alike;
    let [index, run, step, times] = place;
    let (subject, of, size) = match kind {
        6 => {
            let called = instance(layout, subject)?;
            (called.path.clone(), called.parent.and_then(|parent| layout.instances.get(parent)), 0)
        }
        7 => (String::new(), None, 0),
        _ => {
            let (of, buffer) = buffer(layout, subject)?;
            (named(of, buffer), Some(of), buffer.size())
        }
    };
    let phase_name = |of: Option<&Instance>, position| phase_name(of?, position);
    let kind = match kind {
        0 => Kind::OutOfBounds { size },
        1 => Kind::DeadPhase,
        2 => Kind::NeverWritten,
        3 => Kind::DiedInPhase { died_in: phase_name(of, other_phase)? },
        4 => Kind::DiedWithCall,
        5 => {
            let (of, owner) = buffer(layout, other)?;
            let written_in = phase_name(Some(of), other_phase);
            Kind::ForeignData { owner: named(of, owner), written_in }
        }
        6 => Kind::WrongCall,
        7 => Kind::NoBuffer,
        8 => {
            let (of, taker) = buffer(layout, other)?;
            Kind::TakenOver { by: named(of, taker) }
        }
        _ => return None,
    };
    Some(SanitizerFault {
        kind,
        buffer: subject,
        index,
        access: if writes == 0 { Access::Read } else { Access::Write },
        phase: phase_name(of, phase),
        // Negative where the text did not say.
        run: u64::try_from(run).ok(),
        step: u64::try_from(step).ok(),
        times: times.unsigned_abs(),
    })
}

fn instance(layout: &Layout, position: i64) -> Option<&Instance> {
    layout.instances.get(usize::try_from(position).ok()?)
}

fn buffer(layout: &Layout, number: i64) -> Option<(&Instance, &PlacedBuffer)> {
    let (_, of, buffer) = layout.numbered().nth(usize::try_from(number).ok()?)?;
    Some((of, buffer))
}

fn named(of: &Instance, buffer: &PlacedBuffer) -> String {
    format!("{}.{}", of.path, buffer.name())
}

/// The name of a phase; none where the factory was in none.
fn phase_name(of: &Instance, position: i64) -> Option<String> {
    let order = of.phases.order();
    let name = order.phases().nth(usize::try_from(position).ok()?)?;
    Some(name.to_owned())
}
