//! The text of a module, read as NVRTC writes it.

use std::collections::HashMap;

use indexmap::IndexMap;
use thiserror::Error;

use crate::counters::Class;
use crate::decode::{Operand, decode, parse_space};
use crate::fault::Space;
use crate::flow::immediate_post_dominators;
use crate::kind::Kind;
use crate::lexer::{Token, tokens};
use crate::module::{
    Address, Field, Function, Guard, Instruction, Module, Operation, Source, Special, Variable,
};

/// A text that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("PTX line {line}: {reason}")]
pub struct PtxError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is not understood in a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// An instruction that is not executed here.
    #[error("the instruction `{opcode}` is not known")]
    UnknownInstruction {
        /// The instruction, with its suffixes.
        opcode: String,
    },
    /// A directive that has no meaning here.
    #[error("the directive `{directive}` is not known")]
    UnknownDirective {
        /// The directive.
        directive: String,
    },
    /// Operands that do not fit their instruction.
    #[error("these operands of `{opcode}` are not known")]
    Operands {
        /// The instruction.
        opcode: String,
    },
    /// A name that nothing declares.
    #[error("`{name}` is not declared")]
    Undeclared {
        /// The name.
        name: String,
    },
    /// Another thing than what belongs here.
    #[error("found `{found}`, expected {expected}")]
    Unexpected {
        /// What is there.
        found: String,
        /// What belongs there.
        expected: &'static str,
    },
}

impl Module {
    /// Reads a module.
    ///
    /// # Errors
    /// [`PtxError`] at the first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, PtxError> {
        let module = Module {
            target: 0,
            functions: IndexMap::new(),
            variables: Vec::new(),
            lines: text.lines().map(|line| line.trim().to_owned()).collect(),
        };
        let mut parser =
            Parser { tokens: tokens(text)?, at: 0, module, names: vec![HashMap::new()] };
        while parser.peek().is_some() {
            parser.item()?;
        }
        parser.check_calls()?;
        Ok(parser.module)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Name {
    Register(usize),
    /// Registers `%f0`, `%f1` and so on, of which the first and their number are given.
    Registers(usize, usize),
    Variable(usize),
    Local(u64),
    Parameter(Field),
}

struct Parser<'a> {
    tokens: Vec<(usize, Token<'a>)>,
    at: usize,
    module: Module,
    /// The module's names, then those of each open block.
    names: Vec<HashMap<&'a str, Name>>,
}

/// A function while its body is read.
#[derive(Default)]
struct Body<'a> {
    function: Function,
    labels: HashMap<&'a str, usize>,
    /// The branches, and the labels that they go to.
    branches: Vec<(usize, &'a str)>,
}

/// A declaration of memory.
struct Declaration<'a> {
    name: &'a str,
    alignment: usize,
    bytes: Option<usize>,
    initial: Vec<u8>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).map(|&(_, token)| token)
    }

    fn peek_mark(&self, mark: char) -> bool {
        self.peek() == Some(Token::Mark(mark))
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |&(line, _)| line)
    }

    fn error(&self, reason: Reason) -> PtxError {
        PtxError { line: self.line(), reason }
    }

    fn unexpected(&self, expected: &'static str) -> PtxError {
        let found = match self.peek() {
            Some(Token::Word(word)) => word.to_owned(),
            Some(Token::Quoted(text)) => format!("\"{text}\""),
            Some(Token::Mark(mark)) => mark.to_string(),
            None => "the end".to_owned(),
        };
        self.error(Reason::Unexpected { found, expected })
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, PtxError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.peek_mark(mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char, expected: &'static str) -> Result<(), PtxError> {
        if self.take(mark) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn number(&mut self) -> Result<usize, PtxError> {
        let error = self.unexpected("a number");
        let value = parse_literal(self.word("a number")?).ok_or(error)?;
        Ok(value as usize)
    }

    fn find(&self, name: &str) -> Option<Name> {
        self.names.iter().rev().find_map(|names| {
            if let Some(&found) = names.get(name) {
                return Some(found);
            }
            let digits = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let (prefix, number) = name.split_at(digits);
            match (names.get(prefix), number.parse::<usize>()) {
                (Some(&Name::Registers(first, count)), Ok(number)) if number < count => {
                    Some(Name::Register(first + number))
                }
                _ => None,
            }
        })
    }

    fn declare(&mut self, name: &'a str, meaning: Name) {
        if let Some(names) = self.names.last_mut() {
            names.insert(name, meaning);
        }
    }

    /// A directive of the module, a variable or a function.
    fn item(&mut self) -> Result<(), PtxError> {
        let directive = self.word("a directive")?;
        match directive {
            ".version" | ".address_size" => {
                self.word("a number")?;
            }
            ".target" => {
                let target = self.word("a target")?;
                let number = target.strip_prefix("sm_").and_then(|number| number.parse().ok());
                let Some(number) = number else {
                    self.at -= 1;
                    return Err(self.unexpected("`sm_` and a number"));
                };
                self.module.target = number;
                while self.take(',') {
                    self.word("a target")?;
                }
            }
            // Linkage.
            ".visible" | ".extern" | ".weak" | ".common" => {}
            ".global" | ".const" | ".shared" => self.variable(directive)?,
            ".func" | ".entry" => self.function(directive == ".entry")?,
            _ => {
                self.at -= 1;
                let directive = directive.to_owned();
                return Err(self.error(Reason::UnknownDirective { directive }));
            }
        }
        Ok(())
    }

    /// A variable that the whole module has: those of functions as well, but for local ones.
    fn variable(&mut self, directive: &str) -> Result<(), PtxError> {
        let space = directive.strip_prefix('.').and_then(parse_space).unwrap_or(Space::Global);
        let Declaration { name, alignment, bytes, initial } = self.declaration()?;
        self.expect(';', "`;`")?;
        self.declare(name, Name::Variable(self.module.variables.len()));
        let name = name.to_owned();
        self.module.variables.push(Variable { name, space, alignment, bytes, initial });
        Ok(())
    }

    /// `.align 8 .b8 name[16] = {1, 2}`, and shorter forms.
    fn declaration(&mut self) -> Result<Declaration<'a>, PtxError> {
        let mut alignment = None;
        let mut word = self.word("a type")?;
        if word == ".align" {
            alignment = Some(self.number()?);
            word = self.word("a type")?;
        }
        let Some(kind) = word.strip_prefix('.').and_then(Kind::parse) else {
            self.at -= 1;
            return Err(self.unexpected("a type"));
        };
        self.skip_pointer()?;
        let name = self.word("a name")?;
        let mut bytes = Some(kind.bytes());
        while self.take('[') {
            bytes = if self.peek_mark(']') {
                None
            } else {
                let elements = self.number()?;
                bytes.and_then(|bytes| bytes.checked_mul(elements))
            };
            self.expect(']', "`]`")?;
        }
        let mut initial = Vec::new();
        if self.take('=') {
            let braced = self.take('{');
            loop {
                let value = self.literal()?.to_le_bytes();
                initial.extend(value.iter().take(kind.bytes()));
                if !self.take(',') {
                    break;
                }
            }
            if braced {
                self.expect('}', "`}`")?;
            }
        }
        Ok(Declaration { name, alignment: alignment.unwrap_or(kind.bytes()), bytes, initial })
    }

    /// `.ptr .global .align 1`: what a pointer points to, which does not matter here.
    fn skip_pointer(&mut self) -> Result<(), PtxError> {
        while let Some(Token::Word(word)) = self.peek()
            && word.starts_with('.')
        {
            self.at += 1;
            if word == ".align" {
                self.number()?;
            }
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<u64, PtxError> {
        let negative = self.take('-');
        let error = self.unexpected("a number");
        let value = parse_literal(self.word("a number")?).ok_or(error)?;
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    fn function(&mut self, is_kernel: bool) -> Result<(), PtxError> {
        let mut body = Body::default();
        body.function.is_kernel = is_kernel;
        self.names.push(HashMap::new());
        if self.peek_mark('(') {
            body.function.results = self.parameters(&mut body.function.parameter_bytes)?;
        }
        let name = self.word("a function's name")?;
        // A kernel's parameters lie where a launch's argument buffer has them, from 0.
        body.function.parameters = self.parameters(&mut body.function.parameter_bytes)?;
        while let Some(Token::Word(directive)) = self.peek() {
            self.at += 1;
            match directive {
                ".maxntid" | ".reqntid" => {
                    let mut threads = self.number()?;
                    while self.take(',') {
                        threads *= self.number()?;
                    }
                    body.function.max_threads = Some(threads);
                }
                ".minnctapersm" | ".maxnreg" => {
                    self.number()?;
                }
                ".noreturn" => {}
                _ => {
                    self.at -= 1;
                    let directive = directive.to_owned();
                    return Err(self.error(Reason::UnknownDirective { directive }));
                }
            }
        }
        // Known by its number before its body is read, since it may call itself.
        let known = self.module.functions.entry(name.to_owned()).or_default();
        let is_defined = !known.instructions.is_empty();
        if self.take(';') {
            self.names.pop();
            return Ok(());
        }
        if is_defined {
            return Err(self.unexpected("one definition of each function"));
        }
        self.expect('{', "`{`")?;
        self.block(&mut body)?;
        self.names.pop();
        let function = self.finish(body)?;
        self.module.functions.insert(name.to_owned(), function);
        Ok(())
    }

    /// Parameters or results in parentheses, placed behind the first `bytes`.
    fn parameters(&mut self, bytes: &mut usize) -> Result<Vec<Field>, PtxError> {
        let mut fields = Vec::new();
        self.expect('(', "`(`")?;
        while !self.take(')') {
            if self.word("`.param`")? != ".param" {
                self.at -= 1;
                return Err(self.unexpected("`.param`"));
            }
            fields.push(self.parameter(bytes)?);
            self.take(',');
        }
        Ok(fields)
    }

    fn parameter(&mut self, bytes: &mut usize) -> Result<Field, PtxError> {
        let Declaration { name, alignment, bytes: length, .. } = self.declaration()?;
        let offset = bytes.next_multiple_of(alignment.max(1));
        let field = Field { offset, bytes: length.unwrap_or(0) };
        *bytes = offset + field.bytes;
        self.declare(name, Name::Parameter(field));
        Ok(field)
    }

    /// Statements up to the block's end.
    fn block(&mut self, body: &mut Body<'a>) -> Result<(), PtxError> {
        self.names.push(HashMap::new());
        while !self.take('}') {
            self.statement(body)?;
        }
        self.names.pop();
        Ok(())
    }

    fn statement(&mut self, body: &mut Body<'a>) -> Result<(), PtxError> {
        if self.take('{') {
            return self.block(body);
        }
        let line = self.line();
        let guard = self.guard()?;
        let word = self.word("an instruction")?;
        match word {
            ".reg" => return self.registers(body),
            ".local" => {
                let Declaration { name, alignment, bytes, .. } = self.declaration()?;
                let offset = body.function.local_bytes.next_multiple_of(alignment.max(1));
                body.function.local_bytes = offset + bytes.unwrap_or(0);
                self.declare(name, Name::Local(offset as u64));
                return self.expect(';', "`;`");
            }
            ".shared" | ".global" | ".const" => return self.variable(word),
            ".param" => {
                self.parameter(&mut body.function.parameter_bytes)?;
                return self.expect(';', "`;`");
            }
            // Advice to a compiler.
            ".pragma" => {
                self.at += 1;
                return self.expect(';', "`;`");
            }
            label if self.take(':') => {
                body.labels.insert(label, body.function.instructions.len());
                return Ok(());
            }
            _ => {}
        }
        let at = PtxError { line, reason: Reason::Operands { opcode: word.to_owned() } };
        let operation = match word {
            "bra" | "bra.uni" => {
                let label = self.word("a label")?;
                body.branches.push((body.function.instructions.len(), label));
                Operation::Branch { target: 0 }
            }
            "call" | "call.uni" => self.call()?,
            opcode => {
                let mut operands = Vec::new();
                while !self.peek_mark(';') {
                    operands.push(self.operand()?);
                    if !self.take(',') {
                        break;
                    }
                }
                decode(opcode, &operands).map_err(|reason| PtxError { reason, ..at })?
            }
        };
        self.expect(';', "`;`")?;
        let class = Class::of(word);
        let instruction = Instruction { line, guard, class, operation, join: None };
        body.function.instructions.push(instruction);
        Ok(())
    }

    fn guard(&mut self) -> Result<Option<Guard>, PtxError> {
        if !self.take('@') {
            return Ok(None);
        }
        let negated = self.take('!');
        let register = self.register()?;
        Ok(Some(Guard { register, negated }))
    }

    fn register(&mut self) -> Result<usize, PtxError> {
        let name = self.word("a register")?;
        match self.find(name) {
            Some(Name::Register(register)) => Ok(register),
            _ => {
                self.at -= 1;
                Err(self.error(Reason::Undeclared { name: name.to_owned() }))
            }
        }
    }

    /// `.reg .f32 %f<8>, %x;`
    fn registers(&mut self, body: &mut Body<'a>) -> Result<(), PtxError> {
        self.word("a type")?;
        loop {
            let name = self.word("a register")?;
            let first = body.function.registers;
            if self.take('<') {
                let count = self.number()?;
                self.expect('>', "`>`")?;
                self.declare(name, Name::Registers(first, count));
                body.function.registers += count;
            } else {
                self.declare(name, Name::Register(first));
                body.function.registers += 1;
            }
            if !self.take(',') {
                return self.expect(';', "`;`");
            }
        }
    }

    /// `(result), function, (parameters)`; results and parameters may be absent.
    fn call(&mut self) -> Result<Operation, PtxError> {
        let mut results = Vec::new();
        if self.peek_mark('(') {
            results = self.fields()?;
            self.expect(',', "`,`")?;
        }
        let name = self.word("a function")?;
        let Some(function) = self.module.functions.get_index_of(name) else {
            self.at -= 1;
            return Err(self.error(Reason::Undeclared { name: name.to_owned() }));
        };
        let parameters = if self.take(',') { self.fields()? } else { Vec::new() };
        Ok(Operation::Call { function, parameters, results })
    }

    fn fields(&mut self) -> Result<Vec<Field>, PtxError> {
        let mut fields = Vec::new();
        self.expect('(', "`(`")?;
        while !self.take(')') {
            let name = self.word("a parameter")?;
            match self.find(name) {
                Some(Name::Parameter(field)) => fields.push(field),
                _ => {
                    self.at -= 1;
                    return Err(self.error(Reason::Undeclared { name: name.to_owned() }));
                }
            }
            self.take(',');
        }
        Ok(fields)
    }

    fn operand(&mut self) -> Result<Operand, PtxError> {
        if self.take('!') {
            return Ok(Operand::Negated(self.register()?));
        }
        if self.take('{') {
            let mut list = Vec::new();
            while !self.take('}') {
                list.push(self.operand()?);
                self.take(',');
            }
            return Ok(Operand::List(list));
        }
        if self.take('[') {
            let base = self.source()?;
            let negative = self.peek_mark('-');
            let offset = if self.take('+') || negative { self.literal()? } else { 0 };
            self.expect(']', "`]`")?;
            return Ok(Operand::Address(Address { base, offset: offset.cast_signed() }));
        }
        if self.peek() == Some(Token::Word("_")) {
            self.at += 1;
            return Ok(Operand::Sink);
        }
        Ok(Operand::Source(self.source()?))
    }

    fn source(&mut self) -> Result<Source, PtxError> {
        if self.peek_mark('-') {
            return Ok(Source::Immediate(self.literal()?));
        }
        let name = self.word("an operand")?;
        if let Some(value) = parse_literal(name) {
            return Ok(Source::Immediate(value));
        }
        if let Some(special) = parse_special(name) {
            return Ok(Source::Special(special));
        }
        match self.find(name) {
            Some(Name::Register(register)) => Ok(Source::Register(register)),
            Some(Name::Variable(variable)) => Ok(Source::Variable(variable)),
            Some(Name::Local(offset)) => Ok(Source::Local(offset)),
            Some(Name::Parameter(field)) => Ok(Source::Immediate(field.offset as u64)),
            Some(Name::Registers(..)) | None => {
                self.at -= 1;
                Err(self.error(Reason::Undeclared { name: name.to_owned() }))
            }
        }
    }

    /// Gives branches their targets, and each instruction the place where its lanes join.
    fn finish(&self, body: Body<'a>) -> Result<Function, PtxError> {
        let Body { mut function, labels, branches } = body;
        // Lanes that reach the end of the text return.
        let operation = Operation::Return;
        let line = self.tokens.get(self.at.saturating_sub(1)).map_or(1, |&(line, _)| line);
        let (class, guard) = (Class::Control, None);
        function.instructions.push(Instruction { line, guard, class, operation, join: None });
        for (at, label) in branches {
            let Some(instruction) = function.instructions.get_mut(at) else { continue };
            let Some(&target) = labels.get(label) else {
                let reason = Reason::Undeclared { name: label.to_owned() };
                return Err(PtxError { line: instruction.line, reason });
            };
            instruction.operation = Operation::Branch { target };
        }
        let end = function.instructions.len();
        let instructions = function.instructions.iter().enumerate();
        let successors: Vec<_> = instructions.map(|(at, it)| successors(at, it, end)).collect();
        let joins = immediate_post_dominators(&successors);
        for (instruction, join) in function.instructions.iter_mut().zip(joins) {
            instruction.join = join;
        }
        Ok(function)
    }

    /// Every function that is called must have a body, and take what it is given.
    fn check_calls(&self) -> Result<(), PtxError> {
        let functions = &self.module.functions;
        let bytes = |fields: &[Field]| fields.iter().map(|field| field.bytes).collect::<Vec<_>>();
        for instruction in functions.values().flat_map(|caller| &caller.instructions) {
            let Operation::Call { function, parameters, results } = &instruction.operation else {
                continue;
            };
            let Some((name, callee)) = functions.get_index(*function) else { continue };
            let reason = if callee.instructions.is_empty() {
                Reason::Undeclared { name: name.clone() }
            } else if bytes(&callee.parameters) != bytes(parameters)
                || bytes(&callee.results) != bytes(results)
            {
                Reason::Operands { opcode: "call".to_owned() }
            } else {
                continue;
            };
            return Err(PtxError { line: instruction.line, reason });
        }
        Ok(())
    }
}

fn successors(at: usize, instruction: &Instruction, end: usize) -> Vec<usize> {
    let target = match instruction.operation {
        Operation::Branch { target } => Some(target),
        Operation::Return => Some(end),
        // Lanes that end here come together with no others.
        Operation::Exit | Operation::Trap => None,
        _ => return vec![at + 1],
    };
    let goes_on = instruction.guard.map(|_| at + 1);
    goes_on.into_iter().chain(target).collect()
}

/// `12`, `0x1F`, `12U`, `0f3F800000` or `0d3FF0000000000000`, as bits.
fn parse_literal(word: &str) -> Option<u64> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(digits) = word.strip_prefix("0f").or(word.strip_prefix("0F")) {
        return u32::from_str_radix(digits, 16).ok().map(u64::from);
    }
    if let Some(digits) = word.strip_prefix("0d").or(word.strip_prefix("0D")) {
        return u64::from_str_radix(digits, 16).ok();
    }
    let digits = word.trim_end_matches('U');
    match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn parse_special(name: &str) -> Option<Special> {
    let axis = || ["x", "y", "z"].iter().position(|&axis| name.rsplit('.').next() == Some(axis));
    Some(match name.split('.').next()? {
        "%tid" => Special::Thread(axis()?),
        "%ntid" => Special::ThreadCount(axis()?),
        "%ctaid" => Special::Block(axis()?),
        "%nctaid" => Special::BlockCount(axis()?),
        "%laneid" => Special::Lane,
        "%warpid" => Special::Warp,
        _ => return None,
    })
}
