//! A warp: up to 32 threads in lock step.
//!
//! Where lanes part at a branch, one side runs until it comes to the branch's join, then the other,
//! then both go on together. Each call has a stack of such paths of its own. A path that comes to a
//! barrier or a vote before the others waits for them there.
#![allow(
    clippy::indexing_slicing,
    reason = "the parser made all numbers of functions and registers"
)]

mod frame;
mod lane;

use crate::fault::{Fault, FaultKind};
use crate::launch::Machine;
use crate::memory::Memory;
use crate::module::{Field, Guard, Instruction, LANES, Operation, Vote};
use frame::{Frame, Path};

/// Lanes as bits.
type Lanes = u32;

/// The strictest alignment of a local variable.
const LOCAL_ALIGNMENT: usize = 16;

/// Calls within calls; a GPU's stack ends before.
const MAX_FRAMES: usize = 256;

/// Why a warp stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The line of the barrier that all lanes wait at.
    Barrier(usize),
    Finished,
}

/// A fault of a lane.
type LaneFault = (usize, FaultKind);

pub(crate) struct Warp {
    /// The number of lane 0 in its block.
    first: usize,
    /// The lanes that are threads.
    all: Lanes,
    /// Those that have not ended.
    live: Lanes,
    /// The kernel's first, then those of the calls that are under way.
    frames: Vec<Frame>,
    /// Of each lane.
    local: Vec<Memory>,
    /// The line of the barrier that it waits at.
    barrier: Option<usize>,
}

/// The numbers of some lanes.
fn lanes(mut mask: Lanes) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = mask.trailing_zeros();
        mask &= mask.checked_sub(1)?;
        Some(lane as usize)
    })
}

/// Those of some lanes that a guard lets through.
fn guarded(registers: &[[u64; LANES]], guard: Option<Guard>, mask: Lanes) -> Lanes {
    let Some(Guard { register, negated }) = guard else { return mask };
    let through = lanes(mask).filter(|&lane| (registers[register][lane] & 1 == 1) != negated);
    through.fold(0, |through, lane| through | 1 << lane)
}

impl Warp {
    /// The threads of a block from `first` on, at the start of the kernel.
    pub(crate) fn new(machine: &Machine<'_>, kernel: usize, first: usize, count: usize) -> Self {
        let all = Lanes::MAX >> (LANES - count);
        let local = vec![Memory::default(); LANES];
        let mut warp = Self { first, all, live: all, frames: Vec::new(), local, barrier: None };
        warp.enter(machine, kernel, all, Vec::new());
        for frame in &mut warp.frames {
            for lane in lanes(all) {
                frame.parameters[lane].write(0, machine.launch.arguments);
            }
        }
        warp
    }

    /// Runs to the next barrier, or to the end.
    pub(crate) fn run(&mut self, machine: &mut Machine<'_>) -> Result<Pause, Box<Fault>> {
        self.barrier = None;
        while let Some(frame) = self.frames.last_mut() {
            let Some(path) = frame.paths.last_mut() else {
                self.leave(machine);
                continue;
            };
            if path.lanes == 0 || path.join == Some(path.next) {
                frame.paths.pop();
                continue;
            }
            let function = &machine.launch.module.module.functions[frame.function];
            let instruction = &function.instructions[path.next];
            path.next += 1;
            machine.counters.count_instruction(instruction.class, path.lanes.count_ones());
            let active = guarded(&frame.registers, instruction.guard, path.lanes);
            let lacking = self
                .step(machine, instruction, active)
                .map_err(|(lane, kind)| self.fault(machine, instruction.line, lane, kind))?;
            if let Some(kind) = lacking
                && !self.frames.last_mut().is_some_and(Frame::wait_for_others)
            {
                let lane = active.trailing_zeros() as usize;
                return Err(self.fault(machine, instruction.line, lane, kind));
            }
            if let Some(line) = self.barrier {
                return Ok(Pause::Barrier(line));
            }
        }
        Ok(Pause::Finished)
    }

    /// The fault of a barrier that another warp of the block does not reach.
    pub(crate) fn abandoned_barrier(&self, machine: &Machine<'_>) -> Box<Fault> {
        let lane = self.all.trailing_zeros() as usize;
        self.fault(machine, self.barrier.unwrap_or(1), lane, FaultKind::DivergentBarrier)
    }

    fn fault(
        &self,
        machine: &Machine<'_>,
        line: usize,
        lane: usize,
        kind: FaultKind,
    ) -> Box<Fault> {
        let lines = &machine.launch.module.module.lines;
        Box::new(Fault {
            kernel: machine.launch.kernel.to_owned(),
            block: machine.block,
            thread: self.thread(machine, lane),
            line,
            instruction: lines.get(line - 1).cloned().unwrap_or_default(),
            kind,
        })
    }

    fn thread(&self, machine: &Machine<'_>, lane: usize) -> [u32; 3] {
        let [x, y, _] = machine.launch.block;
        let number = (self.first + lane) as u32;
        [number % x, number / x % y, number / x / y]
    }

    /// Calls a function for some lanes.
    fn enter(
        &mut self,
        machine: &Machine<'_>,
        function: usize,
        caller: Lanes,
        results: Vec<Field>,
    ) {
        let callee = &machine.launch.module.module.functions[function];
        let local_below = self.local[0].len();
        let local_start = local_below.next_multiple_of(LOCAL_ALIGNMENT);
        for local in &mut self.local {
            local.resize(local_start + callee.local_bytes);
        }
        self.frames.push(Frame {
            function,
            registers: vec![[0; LANES]; callee.registers],
            carry: [false; LANES],
            parameters: vec![Memory::new(callee.parameter_bytes); LANES],
            local_below,
            local_start: local_start as u64,
            paths: vec![Path { lanes: caller, next: 0, join: None, is_waiting: false }],
            caller,
            results,
        });
    }

    /// Gives the results to the caller, when all lanes have returned.
    fn leave(&mut self, machine: &Machine<'_>) {
        let Some(callee) = self.frames.pop() else { return };
        for local in &mut self.local {
            local.resize(callee.local_below);
        }
        let Some(caller) = self.frames.last_mut() else { return };
        let function = &machine.launch.module.module.functions[callee.function];
        for lane in lanes(callee.caller & self.live) {
            for (&from, &to) in function.results.iter().zip(&callee.results) {
                let from_callee = &callee.parameters[lane];
                caller.parameters[lane].copy(from_callee, from.offset, to.offset, from.bytes);
            }
        }
    }

    /// Executes an instruction for the active lanes of the path that runs. Answers what is wrong where
    /// it takes lanes of other paths, too, and these do not come.
    fn step(
        &mut self,
        machine: &mut Machine<'_>,
        instruction: &Instruction,
        active: Lanes,
    ) -> Result<Option<FaultKind>, LaneFault> {
        if active == 0 {
            return Ok(None);
        }
        let first = active.trailing_zeros() as usize;
        match &instruction.operation {
            Operation::Branch { target } => self.branch(*target, instruction.join, active),
            Operation::Return => self.end(active, self.frames.len() == 1),
            Operation::Exit => self.end(active, true),
            Operation::Trap => return Err((first, FaultKind::Trap)),
            // All threads must come there together, and none may have ended.
            Operation::Barrier if active != self.all => {
                return Ok(Some(FaultKind::DivergentBarrier));
            }
            Operation::Barrier => self.barrier = Some(instruction.line),
            Operation::Call { function, parameters, results } => {
                if self.frames.len() == MAX_FRAMES {
                    return Err((first, FaultKind::StackOverflow));
                }
                self.enter(machine, *function, active, results.clone());
                if let [.., caller, callee] = self.frames.as_mut_slice() {
                    let fields = &machine.launch.module.module.functions[*function].parameters;
                    for lane in lanes(active) {
                        for (&from, &to) in parameters.iter().zip(fields) {
                            let given = &caller.parameters[lane];
                            callee.parameters[lane].copy(given, from.offset, to.offset, from.bytes);
                        }
                    }
                }
            }
            Operation::Vote { vote, source, negated, members, destination } => {
                let votes = |lane| (self.value(machine, *source, lane) & 1 == 1) != *negated;
                let ballot = lanes(active).filter(|&lane| votes(lane));
                let ballot = ballot.fold(0, |ballot, lane| ballot | 1 << lane);
                // Lanes that have ended do not count.
                if self.value(machine, *members, first) as Lanes & self.live != active {
                    return Ok(Some(FaultKind::DivergentVote));
                }
                let result = match vote {
                    Vote::Any => Lanes::from(ballot != 0),
                    Vote::All => Lanes::from(ballot == active),
                    Vote::Uniform => Lanes::from(ballot == 0 || ballot == active),
                    Vote::Ballot => ballot,
                };
                for lane in lanes(active) {
                    self.set(*destination, lane, u64::from(result));
                }
            }
            Operation::Compute { function, sources, destination } => {
                self.compute(machine, function, sources, *destination, active);
            }
            operation => {
                self.count_access(machine, operation, active);
                for lane in lanes(active) {
                    self.step_lane(machine, operation, lane).map_err(|kind| (lane, kind))?;
                }
            }
        }
        Ok(None)
    }

    /// Sends the active lanes to `target`; where others go on, both meet at `join`.
    fn branch(&mut self, target: usize, join: Option<usize>, active: Lanes) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(mut path) = frame.paths.pop() else { return };
        let (others, next) = (path.lanes & !active, path.next);
        if others == 0 {
            path.next = target;
            frame.paths.push(path);
            return;
        }
        // Where the join is that of the path itself, another path waits there already.
        if let Some(join) = join.filter(|_| join != path.join) {
            path.next = join;
            frame.paths.push(path);
        }
        frame.paths.push(Path { lanes: others, next, join, is_waiting: false });
        frame.paths.push(Path { lanes: active, next: target, join, is_waiting: false });
    }

    /// Ends a function, or all of the thread, for some lanes.
    fn end(&mut self, ended: Lanes, whole_thread: bool) {
        let frames = self.frames.len();
        let above = if whole_thread { 0 } else { frames - 1 };
        for path in self.frames[above..].iter_mut().flat_map(|frame| &mut frame.paths) {
            path.lanes &= !ended;
            path.is_waiting = false;
        }
        if whole_thread {
            self.live &= !ended;
        }
    }
}
