//! What a declaration says, once its attributes are read.

use std::fmt;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, Generics, Ident, Path, Type};

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
        self.fields.iter().find(|field| name.unraw() == field.name)
    }

    /// The buffer that an alias names.
    pub(crate) fn parent_of(&self, buffer: &Buffer) -> Option<(&Field, &Buffer)> {
        let field = self.field(&buffer.aliases.as_ref()?.value)?;
        match &field.kind {
            Kind::Buffer(parent) => Some((field, &**parent)),
            _ => None,
        }
    }
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

/// What a field is to the derive.
#[derive(Debug)]
pub(crate) enum Kind {
    Plain,
    Buffer(Box<Buffer>),
    Child,
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
    pub(crate) overflow: Option<Located<Overflow>>,
    pub(crate) zero: Option<Located<()>>,
    /// A key could not be read, so what is missing may be what was meant by it.
    pub(crate) damaged: bool,
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
