//! What a declaration says, once its attributes are read.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, Generics, Ident, Path, Type};

use crate::phase_order::PhaseOrder;

/// A value with the tokens that gave it, which an error underlines.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) tokens: TokenStream,
}

impl<T> Located<T> {
    pub(crate) fn new(value: T, tokens: impl ToTokens) -> Self {
        Self { value, tokens: tokens.into_token_stream() }
    }

    /// The place of the first token.
    pub(crate) fn span(&self) -> Span {
        self.tokens.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span())
    }
}

/// One struct with `#[derive(Buffers)]`.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Where `buffer_core` is found.
    pub(crate) krate: Path,
    pub(crate) prefix: Located<String>,
    pub(crate) bounds: Vec<Bound>,
    /// A key of the struct could not be read, so there may be more bounds.
    pub(crate) damaged: bool,
    /// None where they could not be read, so that nothing can be said of lifetimes.
    pub(crate) phases: Option<Phases>,
    pub(crate) fields: Vec<Field>,
    /// What stands in the place of keys, for editors.
    pub(crate) keys: Vec<Ident>,
}

impl Declaration {
    /// The fields that are buffers, in the order of their declaration.
    pub(crate) fn buffers(&self) -> impl Iterator<Item = (&Field, &Buffer)> {
        self.fields.iter().filter_map(|field| match &field.kind {
            Kind::Buffer(buffer) => Some((field, &**buffer)),
            _ => None,
        })
    }

    pub(crate) fn field(&self, name: &Ident) -> Option<&Field> {
        self.fields.get(position(&self.fields, name)?)
    }

    /// The buffer that an alias names.
    pub(crate) fn parent_of(&self, buffer: &Buffer) -> Option<(&Field, &Buffer)> {
        let field = self.fields.get(buffer.parent?)?;
        match &field.kind {
            Kind::Buffer(parent) => Some((field, &**parent)),
            _ => None,
        }
    }
}

/// Where among the fields one of a name stands.
pub(crate) fn position(fields: &[Field], name: &Ident) -> Option<usize> {
    let name = name.unraw().to_string();
    fields.iter().position(|field| field.name == name)
}

/// One named field.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its place in the order of declaration.
    pub(crate) index: usize,
    pub(crate) ident: Ident,
    /// The identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) kind: Kind,
}

impl Field {
    /// The phases in which a buffer is live or a child called, as far as it says so.
    pub(crate) fn ranges(&self) -> &[LiveRange] {
        let ranges = match &self.kind {
            Kind::Buffer(buffer) => buffer.live.as_ref(),
            Kind::Child(child) => child.calls.as_ref(),
            Kind::Plain | Kind::Contradictory => None,
        };
        ranges.map_or(&[], |ranges| &ranges.value)
    }
}

/// What a field is to the derive.
#[derive(Debug)]
pub(crate) enum Kind {
    Plain,
    Buffer(Box<Buffer>),
    Child(Child),
    /// Its attributes contradict each other: nothing follows from it.
    Contradictory,
}

/// What `#[buffer(...)]` says.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) size: Option<Size>,
    pub(crate) location: Option<Located<Location>>,
    pub(crate) persistent: Option<Located<()>>,
    pub(crate) aliases: Option<Located<Ident>>,
    /// Where among the fields the one stands that it aliases.
    pub(crate) parent: Option<usize>,
    pub(crate) overflow: Option<Located<Overflow>>,
    pub(crate) zero: Option<Located<()>>,
    pub(crate) live: Option<Located<Vec<LiveRange>>>,
    pub(crate) parts: Vec<Part>,
    pub(crate) handoff: Option<Located<()>>,
    /// A key could not be read, so what is missing may be what was meant by it.
    pub(crate) damaged: bool,
}

/// Elements of a buffer that are live in phases of their own.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) start: Size,
    pub(crate) end: Size,
    pub(crate) live: Located<Vec<LiveRange>>,
    /// The elements, as they were written.
    pub(crate) tokens: TokenStream,
}

impl Part {
    /// The elements, in words.
    pub(crate) fn text(&self) -> String {
        let Self { start, end, .. } = self;
        let [start, end] = [start, end].map(|end| end.expr.to_token_stream().to_string());
        format!("{start}..{end}")
    }
}

/// What `#[child(...)]` says.
#[derive(Debug, Default)]
pub(crate) struct Child {
    pub(crate) calls: Option<Located<Vec<LiveRange>>>,
}

/// The phases of the kernel text, of which there may be none.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    pub(crate) steps: Vec<Step>,
    pub(crate) order: PhaseOrder,
}

impl Phases {
    /// The phases and loops, with the names as they were written.
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        fn order(steps: &[Step]) -> PhaseOrder {
            let mut all = PhaseOrder::new();
            for step in steps {
                match step {
                    Step::Phase(name) => all.push(name.unraw().to_string()),
                    Step::Loop(name, body) => all.push_loop(name.unraw().to_string(), order(body)),
                }
            }
            all
        }
        Self { order: order(&steps), steps }
    }
}

/// A phase, or a loop of phases.
#[derive(Debug)]
pub(crate) enum Step {
    Phase(Ident),
    Loop(Ident, Vec<Step>),
}

/// Phases from one to another: `solve`, `base..feval` or `base..=feval`.
#[derive(Debug, Clone)]
pub(crate) struct LiveRange {
    pub(crate) start: Ident,
    /// The start again where there is no other end.
    pub(crate) end: Ident,
    pub(crate) inclusive: bool,
    pub(crate) tokens: TokenStream,
}

impl LiveRange {
    /// Whether it is one phase or loop.
    pub(crate) fn is_one(&self) -> bool {
        self.inclusive && self.start.unraw() == self.end.unraw()
    }
}

impl fmt::Display for LiveRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start.unraw(), self.end.unraw());
        match self.inclusive {
            true if self.is_one() => write!(f, "{start}"),
            true => write!(f, "{start}..={end}"),
            false => write!(f, "{start}..{end}"),
        }
    }
}

/// Where a buffer is declared to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Shared,
    Local,
    Auto,
}

impl Location {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Auto => "auto",
        }
    }

    /// The place that declared packing gives.
    pub(crate) fn resolved(self) -> Self {
        match self {
            Self::Auto => Self::Local,
            place => place,
        }
    }
}

/// What an alias gets that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    Error,
    Own,
}

/// `1 <= n <= 16`: the values that a field or const parameter may have.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) variable: Ident,
    pub(crate) least: i128,
    pub(crate) most: Option<i128>,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variable, least, most } = self;
        let variable = variable.unraw();
        match most {
            None => write!(f, "{variable} >= {least}"),
            Some(most) => write!(f, "{least} <= {variable} <= {most}"),
        }
    }
}

/// A size: the user's expression, and what it says as far as it is understood.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    pub(crate) expr: Expr,
    pub(crate) term: Term,
    /// Whether the value depends on a field, so that it is known at run time only.
    pub(crate) at_run_time: bool,
}

/// An expression over integers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Integer(i128),
    /// A plain field of the struct.
    Field(Ident),
    /// A const parameter of the struct.
    Parameter(Ident),
    /// Anything else that names no field: it has one value, which only the compiler knows.
    Constant(Expr),
    Binary(Operator, Box<Term>, Box<Term>),
    If(Box<Condition>, Box<Term>, Box<Term>),
}

/// An operation on two integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Sub,
    Mul,
    Max,
    Min,
}

impl Operator {
    /// The operation of a function of two sizes.
    pub(crate) fn of_function(name: &Ident) -> Option<Self> {
        if name == "max" {
            Some(Self::Max)
        } else if name == "min" {
            Some(Self::Min)
        } else {
            None
        }
    }
}

/// The condition of an `if`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Compare(Relation, Term, Term),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// A plain field of type `bool`.
    Field(Ident),
    /// Anything else that names no field.
    Constant(Expr),
}

/// How two integers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
