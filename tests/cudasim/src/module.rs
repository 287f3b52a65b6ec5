//! A PTX text as it is executed.

use indexmap::IndexMap;

use crate::arithmetic::{Carry, Compute};
use crate::counters::Class;
use crate::fault::Space;

/// Lanes of a warp.
pub(crate) const LANES: usize = 32;

/// A module: functions and variables.
#[derive(Debug)]
pub struct Module {
    /// The compute capability that the text is for, as 10 times the major number and the minor one.
    pub(crate) target: u32,
    /// By name. One that is declared and not defined has no instructions.
    pub(crate) functions: IndexMap<String, Function>,
    pub(crate) variables: Vec<Variable>,
    /// The text, line by line, for faults to quote.
    pub(crate) lines: Vec<String>,
}

impl Module {
    /// Whether it has variables in the device's memory.
    pub(crate) fn has_variables(&self) -> bool {
        self.variables.iter().any(Variable::is_in_device)
    }
}

/// A variable in global, constant or shared memory.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) space: Space,
    pub(crate) alignment: usize,
    /// None where a launch gives it, as it does for dynamic shared memory.
    pub(crate) bytes: Option<usize>,
    /// Zeros follow where it is shorter than the variable.
    pub(crate) initial: Vec<u8>,
}

impl Variable {
    /// Whether it takes some of the device's memory.
    pub(crate) fn is_in_device(&self) -> bool {
        self.space != Space::Shared && self.bytes.is_some_and(|bytes| bytes > 0)
    }
}

/// A function or a kernel.
#[derive(Debug, Default)]
pub(crate) struct Function {
    pub(crate) is_kernel: bool,
    pub(crate) registers: usize,
    /// Where parameters lie in parameter memory, in the order of the declaration.
    pub(crate) parameters: Vec<Field>,
    /// Where results lie in parameter memory.
    pub(crate) results: Vec<Field>,
    /// Bytes of a thread's parameter memory, with that of the calls it makes.
    pub(crate) parameter_bytes: usize,
    /// Bytes of a thread's local memory.
    pub(crate) local_bytes: usize,
    /// The threads of a block that the text sets a limit of.
    pub(crate) max_threads: Option<usize>,
    pub(crate) instructions: Vec<Instruction>,
}

impl Function {
    /// Bytes that a launch must pass.
    pub(crate) fn argument_bytes(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.offset + last.bytes)
    }
}

/// A range of parameter memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

/// A register, by its number in the function.
pub(crate) type Register = usize;

/// What an instruction reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Register(Register),
    Immediate(u64),
    /// The address of a variable of the module.
    Variable(usize),
    /// A place in the frame's local memory.
    Local(u64),
    Special(Special),
}

/// A register that the machine provides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Special {
    Thread(usize),
    ThreadCount(usize),
    Block(usize),
    BlockCount(usize),
    Lane,
    Warp,
}

/// Whether an instruction is for a lane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    pub(crate) register: Register,
    pub(crate) negated: bool,
}

#[derive(Debug)]
pub(crate) struct Instruction {
    pub(crate) line: usize,
    pub(crate) guard: Option<Guard>,
    pub(crate) class: Class,
    pub(crate) operation: Operation,
    /// Where lanes that part here come together again; none where that is the function's end.
    pub(crate) join: Option<usize>,
}

/// An address: a base and a constant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) base: Source,
    pub(crate) offset: i64,
}

/// How memory is accessed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// None where the address is generic.
    pub(crate) space: Option<Space>,
    /// Bytes of one element.
    pub(crate) bytes: usize,
    pub(crate) signed: bool,
}

#[derive(Debug)]
pub(crate) enum Operation {
    Compute {
        function: Compute,
        sources: [Source; 4],
        destination: Register,
    },
    /// Arithmetic that reads or writes the carry flag.
    Carry {
        function: Carry,
        writes: bool,
        sources: [Source; 4],
        destination: Register,
    },
    /// Low parts first; none where a part is not wanted.
    Unpack {
        source: Source,
        bytes: usize,
        destinations: Vec<Option<Register>>,
    },
    Pack {
        sources: Vec<Source>,
        bytes: usize,
        destination: Register,
    },
    /// From a space's own addresses to generic ones, or back.
    Convert {
        space: Space,
        to_space: bool,
        source: Source,
        destination: Register,
    },
    Load {
        access: Access,
        address: Address,
        destinations: Vec<Register>,
    },
    Store {
        access: Access,
        address: Address,
        sources: Vec<Source>,
    },
    Vote {
        vote: Vote,
        source: Source,
        negated: bool,
        members: Source,
        destination: Register,
    },
    /// Waits for all threads of the block.
    Barrier,
    Branch {
        target: usize,
    },
    Call {
        function: usize,
        /// Where the caller keeps the parameters and the results.
        parameters: Vec<Field>,
        results: Vec<Field>,
    },
    Return,
    Exit,
    Trap,
}

impl Operation {
    /// All that it reads, but for guards.
    pub(crate) fn sources(&self) -> Vec<Source> {
        match self {
            Self::Compute { sources, .. } | Self::Carry { sources, .. } => sources.to_vec(),
            Self::Unpack { source, .. } | Self::Convert { source, .. } => vec![*source],
            Self::Pack { sources, .. } => sources.clone(),
            Self::Load { address, .. } => vec![address.base],
            Self::Store { address, sources, .. } => {
                sources.iter().copied().chain([address.base]).collect()
            }
            Self::Vote { source, members, .. } => vec![*source, *members],
            Self::Barrier
            | Self::Branch { .. }
            | Self::Call { .. }
            | Self::Return
            | Self::Exit
            | Self::Trap => vec![],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vote {
    Any,
    All,
    Uniform,
    Ballot,
}
