//! Opcodes and operands, turned into operations.

use crate::arithmetic;
use crate::fault::Space;
use crate::kind::Kind;
use crate::module::{Access, Address, Operation, Register, Source, Vote};
use crate::parse::Reason;

/// Bytes that a lane loads or stores at most.
const LONGEST_ACCESS: usize = 16;

/// An operand as it is written.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Source(Source),
    /// `!%p1`
    Negated(Register),
    /// `{%r1, _}`
    List(Vec<Operand>),
    /// `[%rd1+8]`
    Address(Address),
    /// `_`
    Sink,
}

/// The operation of an opcode that neither branches nor calls.
pub(crate) fn decode(opcode: &str, operands: &[Operand]) -> Result<Operation, Reason> {
    if let Some(operation) = decode_move(opcode, operands) {
        return operation;
    }
    if let Some(arithmetic) = arithmetic::find(opcode) {
        return Ok(Operation::Compute {
            function: arithmetic.compute,
            sources: sources_after_first(opcode, operands, arithmetic.operands)?,
            destination: first_register(opcode, operands)?,
        });
    }
    if let Some((function, count)) = arithmetic::find_carry(opcode) {
        return Ok(Operation::Carry {
            function,
            writes: opcode.contains(".cc"),
            sources: sources_after_first(opcode, operands, count)?,
            destination: first_register(opcode, operands)?,
        });
    }
    let (name, suffixes) = opcode.split_once('.').unwrap_or((opcode, ""));
    let suffixes: Vec<_> = suffixes.split('.').filter(|suffix| !suffix.is_empty()).collect();
    match (name, suffixes.as_slice()) {
        ("ld", suffixes) => decode_load(opcode, suffixes, operands),
        ("st", suffixes) => decode_store(opcode, suffixes, operands),
        ("cvta", ["to", space, "u64"]) => decode_cvta(opcode, space, true, operands),
        ("cvta", [space, "u64"]) => decode_cvta(opcode, space, false, operands),
        ("vote", ["sync", vote, kind]) => decode_vote(opcode, vote, kind, operands),
        ("bar", ["sync"]) | ("barrier", ["sync"]) => match operands {
            [Operand::Source(Source::Immediate(0))] => Ok(Operation::Barrier),
            _ => Err(wrong(opcode)),
        },
        ("ret", [] | ["uni"]) if operands.is_empty() => Ok(Operation::Return),
        ("exit", []) if operands.is_empty() => Ok(Operation::Exit),
        ("trap", []) if operands.is_empty() => Ok(Operation::Trap),
        _ => Err(Reason::UnknownInstruction { opcode: opcode.to_owned() }),
    }
}

fn wrong(opcode: &str) -> Reason {
    Reason::Operands { opcode: opcode.to_owned() }
}

/// A move that takes a value apart, or puts one together; none where it is another instruction.
fn decode_move(opcode: &str, operands: &[Operand]) -> Option<Result<Operation, Reason>> {
    let kind = Kind::parse(opcode.strip_prefix("mov.")?)?;
    let part_bytes = |parts: &[Operand]| match parts.len() {
        parts @ (2 | 4) if kind.bytes().is_multiple_of(parts) => Ok(kind.bytes() / parts),
        _ => Err(wrong(opcode)),
    };
    match operands {
        [Operand::List(parts), Operand::Source(source)] => {
            Some(part_bytes(parts).and_then(|bytes| {
                let destinations = parts.iter().map(|part| match part {
                    Operand::Sink => Ok(None),
                    part => register(opcode, part).map(Some),
                });
                let destinations = destinations.collect::<Result<_, _>>()?;
                Ok(Operation::Unpack { source: *source, bytes, destinations })
            }))
        }
        [destination, Operand::List(parts)] => Some(part_bytes(parts).and_then(|bytes| {
            let destination = register(opcode, destination)?;
            Ok(Operation::Pack { sources: sources(opcode, parts)?, bytes, destination })
        })),
        _ => None,
    }
}

fn decode_load(opcode: &str, suffixes: &[&str], operands: &[Operand]) -> Result<Operation, Reason> {
    let (access, count) = decode_access(opcode, suffixes)?;
    let [destinations, Operand::Address(address)] = operands else { return Err(wrong(opcode)) };
    let destinations = elements(opcode, destinations, count)?;
    let destinations = destinations.iter().map(|operand| register(opcode, operand));
    let destinations = destinations.collect::<Result<_, _>>()?;
    Ok(Operation::Load { access, address: *address, destinations })
}

fn decode_store(
    opcode: &str,
    suffixes: &[&str],
    operands: &[Operand],
) -> Result<Operation, Reason> {
    let (access, count) = decode_access(opcode, suffixes)?;
    let [Operand::Address(address), stored] = operands else { return Err(wrong(opcode)) };
    let sources = sources(opcode, elements(opcode, stored, count)?)?;
    Ok(Operation::Store { access, address: *address, sources })
}

/// What is accessed, and how many elements of it. Caching and ordering change nothing where threads run
/// one after another.
fn decode_access(opcode: &str, suffixes: &[&str]) -> Result<(Access, usize), Reason> {
    let unknown = || Reason::UnknownInstruction { opcode: opcode.to_owned() };
    let (kind, modifiers) = suffixes.split_last().ok_or_else(unknown)?;
    let kind = Kind::parse(kind).filter(|&kind| kind != Kind::Predicate).ok_or_else(unknown)?;
    let (modifiers, count) = match modifiers {
        [modifiers @ .., "v2"] => (modifiers, 2),
        [modifiers @ .., "v4"] => (modifiers, 4),
        modifiers => (modifiers, 1),
    };
    let is_load = opcode.starts_with("ld");
    let space = match *modifiers {
        [] | ["volatile"] => None,
        ["volatile", space @ ("global" | "shared" | "local")] => parse_space(space),
        ["global", "nc"] if is_load => Some(Space::Global),
        ["const"] if !is_load => return Err(unknown()),
        [space] => Some(parse_space(space).ok_or_else(unknown)?),
        _ => return Err(unknown()),
    };
    if kind.bytes() * count > LONGEST_ACCESS {
        return Err(unknown());
    }
    let signed = matches!(kind, Kind::Signed(_));
    Ok((Access { space, bytes: kind.bytes(), signed }, count))
}

pub(crate) fn parse_space(name: &str) -> Option<Space> {
    Some(match name {
        "global" => Space::Global,
        "const" => Space::Constant,
        "shared" => Space::Shared,
        "local" => Space::Local,
        "param" => Space::Parameter,
        _ => return None,
    })
}

fn decode_cvta(
    opcode: &str,
    space: &str,
    to_space: bool,
    operands: &[Operand],
) -> Result<Operation, Reason> {
    let space = parse_space(space).filter(|&space| space != Space::Parameter);
    let space = space.ok_or_else(|| Reason::UnknownInstruction { opcode: opcode.to_owned() })?;
    let [source, ..] = sources_after_first(opcode, operands, 1)?;
    let destination = first_register(opcode, operands)?;
    Ok(Operation::Convert { space, to_space, source, destination })
}

fn decode_vote(
    opcode: &str,
    vote: &str,
    kind: &str,
    operands: &[Operand],
) -> Result<Operation, Reason> {
    let vote = match (vote, kind) {
        ("any", "pred") => Vote::Any,
        ("all", "pred") => Vote::All,
        ("uni", "pred") => Vote::Uniform,
        ("ballot", "b32") => Vote::Ballot,
        _ => return Err(Reason::UnknownInstruction { opcode: opcode.to_owned() }),
    };
    let [destination, voted, Operand::Source(members)] = operands else {
        return Err(wrong(opcode));
    };
    let (source, negated) = match voted {
        Operand::Negated(register) => (Source::Register(*register), true),
        Operand::Source(source) => (*source, false),
        _ => return Err(wrong(opcode)),
    };
    let destination = register(opcode, destination)?;
    Ok(Operation::Vote { vote, source, negated, members: *members, destination })
}

fn elements<'a>(opcode: &str, operand: &'a Operand, count: usize) -> Result<&'a [Operand], Reason> {
    match operand {
        Operand::List(list) if list.len() == count => Ok(list),
        Operand::List(_) => Err(wrong(opcode)),
        _ if count == 1 => Ok(std::slice::from_ref(operand)),
        _ => Err(wrong(opcode)),
    }
}

fn register(opcode: &str, operand: &Operand) -> Result<Register, Reason> {
    match operand {
        Operand::Source(Source::Register(register)) => Ok(*register),
        _ => Err(wrong(opcode)),
    }
}

fn first_register(opcode: &str, operands: &[Operand]) -> Result<Register, Reason> {
    operands.first().ok_or_else(|| wrong(opcode)).and_then(|first| register(opcode, first))
}

fn sources(opcode: &str, operands: &[Operand]) -> Result<Vec<Source>, Reason> {
    let source = |operand: &Operand| match operand {
        Operand::Source(source) => Ok(*source),
        _ => Err(wrong(opcode)),
    };
    operands.iter().map(source).collect()
}

/// The sources behind the destination; zeros follow.
fn sources_after_first(
    opcode: &str,
    operands: &[Operand],
    count: usize,
) -> Result<[Source; 4], Reason> {
    let given = sources(opcode, operands.get(1..).unwrap_or_default())?;
    if given.len() != count {
        return Err(wrong(opcode));
    }
    let mut all = [Source::Immediate(0); 4];
    all.iter_mut().zip(given).for_each(|(to, from)| *to = from);
    Ok(all)
}
