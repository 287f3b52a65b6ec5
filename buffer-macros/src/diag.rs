//! Every message of the derive, and where they are collected.
//!
//! Rules that the registry checks too have the registry's headline, word for word.

use proc_macro2::TokenStream;
use quote::ToTokens;
use thiserror::Error;

use crate::phase_order::MOST_PHASES;

/// What is wrong with a declaration: a headline, then what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Problem {
    // Shape.
    #[error(
        "`Buffers` cannot be derived for {kind}\nhelp: declare buffers on a struct with named fields or on a unit struct"
    )]
    Shape { kind: &'static str },

    // Attributes and keys.
    #[error("`#[{attribute}]` does not belong on {place}\nhelp: {help}")]
    Misplaced { attribute: &'static str, place: &'static str, help: &'static str },
    #[error(
        "field `{field}` is both a buffer and a child\nhelp: remove `#[buffer(...)]` or `#[child]`"
    )]
    BufferAndChild { field: String },
    #[error(
        "`#[child]` is given twice\nhelp: a field is one child; name all of its calls in one, as in `#[child(call = [predict, solve])]`"
    )]
    RepeatedChild,
    #[error("`#[{attribute}]` takes no value\nhelp: write `{form}`")]
    Form { attribute: &'static str, form: &'static str },
    #[error(
        "unknown key `{key}`{}",
        suggest(suggestion.as_deref(), || keys_of(attribute, known))
    )]
    UnknownKey {
        attribute: &'static str,
        key: String,
        suggestion: Option<String>,
        known: Vec<&'static str>,
    },
    #[error("expected a key, found `{found}`\nhelp: write `{form}`")]
    NotAKey { found: String, form: &'static str },
    #[error("{error}\nhelp: write `{form}`")]
    Unreadable { error: String, form: &'static str },
    #[error(
        "`#[{attribute}(...)]` is too long to be checked\nhelp: shorten its expressions, for example with constants"
    )]
    TooLong { attribute: &'static str },
    #[error("key `{key}` is given twice\nhelp: remove one of them")]
    RepeatedKey { key: String },
    #[error("`{key}` has the wrong form\nhelp: write `{form}`")]
    KeyForm { key: &'static str, form: &'static str },
    #[error("`{key}` takes no value\nhelp: write `{key}` alone, or remove it")]
    NeedlessValue { key: String },
    #[error("expected a name\nhelp: write an identifier or a string, for example `{form}`")]
    NotAName { form: &'static str },
    #[error("expected phases\nhelp: write `{form}`")]
    NotPhases { form: String },
    #[error("expected a path\nhelp: write `crate = path::to::buffer_core`")]
    NotAPath,
    #[error(
        "`{given}` is not a location{}",
        suggest(suggestion.as_deref(), || "use `shared`, `local` or `auto`".to_owned())
    )]
    UnknownLocation { given: String, suggestion: Option<String> },
    #[error(
        "`{given}` is not a way to overflow{}",
        suggest(suggestion.as_deref(), || "use `error` or `own`".to_owned())
    )]
    UnknownOverflow { given: String, suggestion: Option<String> },
    #[error("buffer `{name}` has no size\nhelp: add `size = ...`, a number of elements")]
    MissingSize { name: String },
    #[error(
        "buffer `{name}` has no location\nhelp: add `location = \"shared\"` or `location = \"local\"`"
    )]
    MissingLocation { name: String },
    #[error(
        "`overflow` has no meaning on buffer `{name}`, which aliases nothing\nhelp: remove `overflow`"
    )]
    NeedlessOverflow { name: String },
    #[error(
        "persistent buffer `{name}` cannot be `zero`\nhelp: it would lose its contents; what is persistent is zeroed when a run starts, so remove `zero`"
    )]
    PersistentZero { name: String },
    #[error(
        "buffer `{name}` cannot be `zero`: it takes its data over by `handoff`\nhelp: remove `zero` or `handoff`"
    )]
    ZeroHandoff { name: String },
    #[error(
        "buffer `{name}` cannot be `zero`: in `{phase}` its live range begins after `{dead}`, but goes on after `{live}`\nhelp: add `{dead}` to its `live`, to zero it there, or leave `{live}` out, to zero it in each `{phase}`"
    )]
    ZeroBeginning { name: String, phase: String, dead: String, live: String },

    // Names.
    #[error(
        "`{name}` cannot be the prefix of a factory: it is {reason}\nhelp: use a C identifier, for example `prefix = \"dirk\"`"
    )]
    Prefix { name: String, reason: &'static str },
    #[error(
        "`{name}` is not an identifier of C\nhelp: use letters, digits and `_`, and start with a letter"
    )]
    NotAnIdentifier { name: String },
    #[error(
        "`{name}` cannot name a {what}: it is {meaning}\nhelp: rename it, for example to `{name}_{what}`"
    )]
    ReservedName { name: String, what: &'static str, meaning: &'static str },

    // Phases.
    #[error("`{phase}` cannot name a phase: it is {reason}\nhelp: use a C identifier")]
    PhaseName { phase: String, reason: &'static str },
    #[error("phase `{phase}` is declared twice\nhelp: rename one of them")]
    DuplicatePhase { phase: String },
    #[error("loop `{phase}` has no phases\nhelp: declare its phases, or remove it")]
    EmptyLoop { phase: String },
    #[error("{count} phases are declared\nhelp: declare at most {MOST_PHASES}")]
    TooManyPhases { count: usize },
    #[error(
        "`{name}` names phase `{phase}`, which is not declared [SB009]{}",
        suggest(suggestion.as_deref(), || phases_of(known))
    )]
    UnknownPhase { name: String, phase: String, suggestion: Option<String>, known: Vec<String> },
    #[error(
        "the phases `{range}` of `{name}` are an empty range [SB009]\nhelp: `a..b` ends before `b`; `a..=b` includes it"
    )]
    EmptyPhases { name: String, range: String },
    #[error(
        "the phases `{range}` of `{name}` run backwards [SB009]\nhelp: only inside a loop may a range start after its end; swap its ends"
    )]
    BackwardsPhases { name: String, range: String },
    #[error(
        "persistent buffer `{name}` has a live range\nhelp: what is persistent holds data in all phases; remove `live` or `persistent`"
    )]
    PersistentLive { name: String },
    #[error(
        "buffer `{name}` lies in the storage of `{parent}`, and both are live in {shared} [SB002]{through}\nnote: `{parent}` is live in {parent_live}; `{name}` is live in {live}\nhelp: {remedy}, or give `{name}` storage of its own: a `location` in place of `aliases`"
    )]
    LiveTogether {
        name: String,
        parent: String,
        live: String,
        parent_live: String,
        shared: String,
        through: String,
        remedy: String,
    },
    #[error(
        "part `{part}` of buffer `{name}` does not lie inside it\nhelp: `{name}` holds {holds}; a part goes from one of its elements to a later one"
    )]
    PartOutside { name: String, part: String, holds: String },
    #[error(
        "part `{part}` of buffer `{name}` overlaps an earlier one\nhelp: an element belongs to one part"
    )]
    PartsOverlap { name: String, part: String },
    #[error(
        "`handoff` has no meaning on buffer `{name}`, which aliases nothing\nhelp: remove `handoff`"
    )]
    NeedlessHandoff { name: String },
    #[error(
        "buffer `{name}` takes over what is no part of `{parent}` [SB007]\nhelp: declare the elements that it lies on with `part(..., live = ...)` on `{parent}`: exactly these, since it takes over element by element"
    )]
    HandoffOfNoPart { name: String, parent: String },
    #[error(
        "buffer `{name}` takes over part `{part}` of `{parent}` {what} [SB007]\nnote: the part is live in {part_live}; `{name}` is live in {live}\nhelp: end the part in the phase in which `{name}` begins, or remove `handoff`"
    )]
    Handoff {
        name: String,
        parent: String,
        part: String,
        what: String,
        part_live: String,
        live: String,
    },
    #[error("`{parent}` is still live here, when `{name}` writes to its storage")]
    StillLive { name: String, parent: String },
    #[error("`{parent}` has no `live`, so it is still live when `{name}` writes to its storage")]
    AlwaysLive { name: String, parent: String },

    // Bounds.
    #[error("expected a bound\nhelp: write `n >= 1`, `n <= 16` or `1 <= n <= 16`")]
    NotABound,
    #[error(
        "`{name}` is no integer field or const parameter{}",
        suggest(suggestion.as_deref(), || "`vars` bounds the plain fields and const parameters that sizes use".to_owned())
    )]
    UnknownVariable { name: String, suggestion: Option<String> },
    #[error(
        "no value of `{name}` is at least {least} and at most {most}\nhelp: change one of the bounds"
    )]
    EmptyRange { name: String, least: i128, most: i128 },

    // Aliases.
    #[error(
        "buffer `{name}` aliases `{parent}`, which is not declared [SB001]{}",
        suggest(suggestion.as_deref(), || "name a buffer declared above it".to_owned())
    )]
    AliasUnknown { name: String, parent: String, suggestion: Option<String> },
    #[error(
        "buffer `{name}` aliases itself [SB001]\nhelp: name a buffer declared above it, or remove the alias"
    )]
    AliasSelf { name: String },
    #[error(
        "buffer `{name}` aliases `{parent}`, which is declared after it [SB001]\nhelp: move `{parent}` above `{name}`"
    )]
    AliasLater { name: String, parent: String },
    #[error("`{parent}` is declared here, after `{name}`")]
    DeclaredHere { name: String, parent: String },
    #[error(
        "buffer `{name}` aliases `{parent}` in a circle [SB001]\nhelp: {circle}; remove one of these aliases"
    )]
    AliasCircle { name: String, parent: String, circle: String },
    #[error(
        "buffer `{name}` aliases `{parent}`, which is a child [SB001]\nhelp: a child's memory is its own, and part of it may be persistent; give `{name}` a `location` in place of `aliases`"
    )]
    AliasChild { name: String, parent: String },
    #[error(
        "buffer `{name}` aliases `{parent}`, which is no buffer [SB001]\nhelp: name a field with `#[buffer(...)]` declared above it"
    )]
    AliasPlain { name: String, parent: String },
    #[error(
        "buffer `{name}` aliases `{parent}`, which is persistent [SB003]\nhelp: `{parent}` keeps its contents from step to step; give `{name}` storage of its own"
    )]
    PersistentParent { name: String, parent: String },
    #[error(
        "persistent buffer `{name}` aliases `{parent}` [SB004]\nhelp: what `{parent}` holds would overwrite it; remove `aliases` or `persistent`"
    )]
    PersistentAlias { name: String, parent: String },
    #[error(
        "buffer `{name}` is {location} but aliases `{parent}`, which is {parent_location} [SB005]\nhelp: remove the location of `{name}`: an alias lives where its parent lives"
    )]
    LocationMismatch {
        name: String,
        location: &'static str,
        parent: String,
        parent_location: &'static str,
    },

    // Fit.
    #[error(
        "buffer `{name}` does not fit inside `{parent}` [SB010]\nnote: {account}\nhelp: make `{parent}` larger or write `overflow = \"own\"`"
    )]
    DoesNotFit { name: String, parent: String, account: Account },
    #[error(
        "buffer `{name}` may not fit inside `{parent}` [SB011]\nnote: for {witness}: {account}\nhelp: bound the sizes with `vars(...)`, make `{parent}` larger or write `overflow = \"own\"`"
    )]
    MayNotFit { name: String, parent: String, witness: String, account: Account },

    // Sizes.
    #[error(
        "the size of buffer `{name}` is {value} [SB012]\nhelp: a size is an unsigned number of elements; 0 means no storage"
    )]
    NegativeSize { name: String, value: String },
    #[error("the size of buffer `{name}` is {value} [SB012]\nhelp: a size is an unsigned integer")]
    NotAnInteger { name: String, value: String },
    #[error(
        "the size of buffer `{name}` is a string [SB012]\nhelp: remove the quotes: sizes are expressions, for example `size = 2 * n`"
    )]
    StringSize { name: String },
    #[error(
        "the size of buffer `{name}` overflows [SB012]\nhelp: a size is at most {} elements",
        crate::parse::MOST_ELEMENTS
    )]
    OverflowingSize { name: String },
    #[error("a size cannot use {what}\nhelp: {SIZE_LANGUAGE}")]
    UnsupportedSize { what: &'static str },
    #[error(
        "a size cannot use `self`\nhelp: write `{field}` alone: it is looked up among the fields"
    )]
    SelfInSize { field: String },
    #[error("`{field}` is {kind}, not a number\nhelp: {SIZE_LANGUAGE}")]
    SizeOfField { field: String, kind: &'static str },
}

const SIZE_LANGUAGE: &str = "over fields, sizes are made of integers, constants, plain fields, `+`, `-`, `*`, `max(a, b)`, `min(a, b)`, `if` and parentheses; compute anything else beforehand, in a field of its own";

/// What of a parent an alias finds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{parent}` holds {holds}, earlier aliases take {taken}, which leaves {left}; `{name}` needs {needs}"
)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) parent: String,
    pub(crate) holds: String,
    pub(crate) taken: String,
    pub(crate) left: String,
    pub(crate) needs: String,
}

fn suggest(suggestion: Option<&str>, otherwise: impl FnOnce() -> String) -> String {
    match suggestion {
        Some(name) => format!("\nhelp: did you mean `{name}`?"),
        None => format!("\nhelp: {}", otherwise()),
    }
}

fn phases_of(known: &[String]) -> String {
    if known.is_empty() {
        return "declare it with `phases(...)` in `#[buffers(...)]`".to_owned();
    }
    let names: Vec<String> = known.iter().map(|phase| format!("`{phase}`")).collect();
    format!("the phases and loops are {}", names.join(", "))
}

fn keys_of(attribute: &str, keys: &[&str]) -> String {
    if keys.is_empty() {
        return format!("`#[{attribute}]` has no keys");
    }
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    format!("the keys of `#[{attribute}(...)]` are {}", keys.join(", "))
}

/// Collects problems with their places in the source.
#[derive(Debug, Default)]
pub(crate) struct Report {
    errors: Vec<(Option<usize>, syn::Error)>,
    field: Option<usize>,
}

impl Report {
    /// Says which field the next problems belong to, or that they are the struct's. They are told in
    /// the order of the source, whatever the order of the rules.
    pub(crate) fn enter(&mut self, field: Option<usize>) {
        self.field = field;
    }

    /// Records a problem at `tokens`, all of which will be underlined.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, problem: Problem) {
        self.error(syn::Error::new_spanned(tokens, problem));
    }

    /// Records what syn or darling found.
    pub(crate) fn error(&mut self, error: impl Into<syn::Error>) {
        self.errors.push((self.field, error.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// One `compile_error!` per problem.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.sorted().map(|error| error.to_compile_error()).collect()
    }

    fn sorted(mut self) -> impl Iterator<Item = syn::Error> {
        self.errors.sort_by_key(|(field, _)| *field);
        self.errors.into_iter().map(|(_, error)| error)
    }

    /// The messages, in order.
    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        self.sorted().flatten().map(|error| error.to_string()).collect()
    }
}
