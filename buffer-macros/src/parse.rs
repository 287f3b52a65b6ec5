//! From the derive's input to a declaration.

mod bounds;
mod phases;
mod size;
mod value;

use darling::FromMeta;
use darling::ast::NestedMeta;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, ExprPath, Fields, Ident, Lit, Meta, MetaNameValue,
    Path, Token, Type, parse_quote,
};

use crate::diag::{Problem, Report};
use crate::keys;
use crate::model::{
    Buffer, Child, Declaration, Field, Kind, LiveRange, Located, Location, Overflow, Part, Phases,
    position,
};
use crate::suggest::nearest;
use bounds::Bounds;
use phases::PartValue;
pub(crate) use size::MOST_ELEMENTS;
use size::{Scope, parse_size};
use value::{CratePath, SizeValue};

/// The keys of `#[buffers(...)]`. A value that cannot be read does not lose the others.
#[derive(Debug, Default, FromMeta)]
#[darling(default)]
struct StructArguments {
    prefix: Option<darling::Result<Located<String>>>,
    vars: Option<darling::Result<Bounds>>,
    phases: Option<darling::Result<Phases>>,
    #[darling(rename = "crate")]
    krate: Option<darling::Result<CratePath>>,
}

/// The keys of `#[buffer(...)]`.
#[derive(Debug, Default, FromMeta)]
#[darling(default)]
struct BufferArguments {
    size: Option<darling::Result<SizeValue>>,
    location: Option<darling::Result<Located<Location>>>,
    persistent: Option<darling::Result<Located<()>>>,
    aliases: Option<darling::Result<Located<Ident>>>,
    overflow: Option<darling::Result<Located<Overflow>>>,
    zero: Option<darling::Result<Located<()>>>,
    live: Option<darling::Result<Located<Vec<LiveRange>>>>,
    #[darling(multiple)]
    part: Vec<darling::Result<PartValue>>,
    handoff: Option<darling::Result<Located<()>>>,
}

/// The keys of `#[child(...)]`.
#[derive(Debug, Default, FromMeta)]
#[darling(default)]
struct ChildArguments {
    call: Option<darling::Result<Located<Vec<LiveRange>>>>,
}

/// Reads a declaration. What cannot be read is reported and left out.
pub(crate) fn parse(input: DeriveInput, report: &mut Report) -> Declaration {
    let (arguments, mut damaged) = struct_arguments(&input.attrs, report);
    damaged |= matches!(arguments.vars, Some(Err(_)));
    let prefix = arguments.prefix.and_then(|prefix| accept(prefix, report)).unwrap_or_else(|| {
        Located::new(snake_case(&input.ident.unraw().to_string()), &input.ident)
    });
    let krate = arguments
        .krate
        .and_then(|path| accept(path, report))
        .map_or_else(|| parse_quote!(::buffer_core), |CratePath(path)| path);
    let bounds = arguments
        .vars
        .and_then(|bounds| accept(bounds, report))
        .map_or_else(Vec::new, |Bounds(bounds)| bounds);
    let phases = match arguments.phases {
        None if damaged => None,
        None => Some(Phases::default()),
        Some(phases) => accept(phases, report),
    };
    let fields = match named_fields(&input, report) {
        Some(fields) => read_fields(fields, &input.generics, report),
        None => Vec::new(),
    };
    let keys = written_keys(&input);
    Declaration {
        ident: input.ident,
        generics: input.generics,
        krate,
        prefix,
        bounds,
        damaged,
        phases,
        fields,
        keys,
    }
}

/// The fields of a struct whose shape can declare buffers.
fn named_fields<'a>(
    input: &'a DeriveInput,
    report: &mut Report,
) -> Option<impl Iterator<Item = &'a syn::Field> + use<'a>> {
    let (kind, at) = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) | Fields::Unit => return Some(data.fields.iter()),
            Fields::Unnamed(fields) => ("a tuple struct", fields.to_token_stream()),
        },
        Data::Enum(data) => ("an enum", data.enum_token.to_token_stream()),
        Data::Union(data) => ("a union", data.union_token.to_token_stream()),
    };
    report.push(at, Problem::Shape { kind });
    None
}

fn read_fields<'a>(
    fields: impl Iterator<Item = &'a syn::Field>,
    generics: &syn::Generics,
    report: &mut Report,
) -> Vec<Field> {
    let raw: Vec<RawField> = fields
        .enumerate()
        .filter_map(|(index, field)| {
            report.enter(Some(index));
            RawField::read(index, field, report)
        })
        .collect();
    let mut scope = Scope {
        parameters: generics.const_params().map(|parameter| parameter.ident.clone()).collect(),
        ..Scope::default()
    };
    for field in &raw {
        let name = field.ident.unraw().to_string();
        match &field.kind {
            RawKind::Plain => scope.plain.push(name),
            RawKind::Buffer(..) => scope.other.push((name, "a buffer")),
            RawKind::Child(_) => scope.other.push((name, "a child")),
            RawKind::Contradictory => scope.other.push((name, "a buffer and a child")),
        }
    }
    let mut fields: Vec<Field> = raw
        .into_iter()
        .map(|field| {
            report.enter(Some(field.index));
            field.finish(&scope, report)
        })
        .collect();
    let parents: Vec<Option<usize>> = fields
        .iter()
        .map(|field| match &field.kind {
            Kind::Buffer(buffer) => position(&fields, &buffer.aliases.as_ref()?.value),
            _ => None,
        })
        .collect();
    for (field, parent) in fields.iter_mut().zip(parents) {
        if let Kind::Buffer(buffer) = &mut field.kind {
            buffer.parent = parent;
        }
    }
    fields
}

/// A field before the names in its size are resolved.
struct RawField {
    index: usize,
    ident: Ident,
    ty: Type,
    kind: RawKind,
}

enum RawKind {
    Plain,
    Buffer(Box<BufferArguments>, bool),
    Child(Child),
    Contradictory,
}

impl RawField {
    fn read(index: usize, field: &syn::Field, report: &mut Report) -> Option<Self> {
        // The compiler says of `_` that it names no field.
        let ident = field.ident.clone().filter(|ident| ident != "_")?;
        for attribute in named(&field.attrs, "buffers") {
            let help = "write `#[buffer(...)]` here, or move it above the struct";
            let problem = Problem::Misplaced { attribute: "buffers", place: "a field", help };
            report.push(attribute.path(), problem);
        }
        let mut buffers = named(&field.attrs, "buffer").peekable();
        let mut children = named(&field.attrs, "child").peekable();
        let kind = match (buffers.peek(), children.peek()) {
            (None, None) => RawKind::Plain,
            (Some(_), Some(_)) => {
                let field = ident.unraw().to_string();
                report.push(&ident, Problem::BufferAndChild { field });
                RawKind::Contradictory
            }
            (Some(_), None) => {
                let (arguments, damaged) = buffer_arguments(&field.attrs, report);
                RawKind::Buffer(Box::new(arguments), damaged)
            }
            (None, Some(_)) => RawKind::Child(child(children, report)),
        };
        Some(Self { index, ident, ty: closed(&field.ty), kind })
    }

    fn finish(self, scope: &Scope, report: &mut Report) -> Field {
        let name = self.ident.unraw().to_string();
        let kind = match self.kind {
            RawKind::Plain => Kind::Plain,
            RawKind::Child(child) => Kind::Child(child),
            RawKind::Contradictory => Kind::Contradictory,
            RawKind::Buffer(arguments, damaged) => {
                Kind::Buffer(Box::new(buffer(*arguments, damaged, &name, scope, report)))
            }
        };
        Field { index: self.index, ident: self.ident, name, ty: self.ty, kind }
    }
}

fn buffer(
    arguments: BufferArguments,
    mut damaged: bool,
    name: &str,
    scope: &Scope,
    report: &mut Report,
) -> Buffer {
    let mut keep = Keep { report, damaged: &mut damaged };
    let size = keep.value(arguments.size).and_then(|SizeValue(expr)| {
        let size = parse_size(&expr, name, scope, keep.report);
        *keep.damaged |= size.is_none();
        size
    });
    let location = keep.value(arguments.location);
    let persistent = keep.value(arguments.persistent);
    let aliases = keep.value(arguments.aliases);
    let overflow = keep.value(arguments.overflow);
    let zero = keep.value(arguments.zero);
    let live = keep.value(arguments.live);
    let mut parts = Vec::new();
    for part in arguments.part {
        let Some(PartValue { start, end, live, tokens }) = keep.value(Some(part)) else { continue };
        let [start, end] = [start, end].map(|end| parse_size(&end, name, scope, keep.report));
        match (start, end) {
            (Some(start), Some(end)) => parts.push(Part { start, end, live, tokens }),
            _ => *keep.damaged = true,
        }
    }
    let handoff = keep.value(arguments.handoff);
    // The parent is found when all fields are read.
    let parent = None;
    Buffer {
        size,
        location,
        persistent,
        aliases,
        parent,
        overflow,
        zero,
        live,
        parts,
        handoff,
        damaged,
    }
}

/// Takes values out of arguments, and notes that one could not be read.
struct Keep<'a> {
    report: &'a mut Report,
    damaged: &'a mut bool,
}

impl Keep<'_> {
    fn value<T>(&mut self, argument: Option<darling::Result<T>>) -> Option<T> {
        let argument = argument?;
        *self.damaged |= argument.is_err();
        accept(argument, self.report)
    }
}

/// The type, in parentheses where its end is open: `Buffer +` can stand in few places.
fn closed(ty: &Type) -> Type {
    match ty {
        Type::TraitObject(_) => parse_quote!((#ty)),
        _ => ty.clone(),
    }
}

/// The value, or a report of why there is none.
fn accept<T>(argument: darling::Result<T>, report: &mut Report) -> Option<T> {
    argument.map_err(|error| report.error(error)).ok()
}

/// The arguments of the struct's `#[buffers(...)]`, and whether some could not be read.
fn struct_arguments(attributes: &[Attribute], report: &mut Report) -> (StructArguments, bool) {
    for (name, help) in [
        ("buffer", "write `#[buffers(...)]` here, or move it to a field"),
        ("child", "move it to a field that holds a factory"),
    ] {
        for attribute in named(attributes, name) {
            let problem = Problem::Misplaced { attribute: name, place: "a struct", help };
            report.push(attribute.path(), problem);
        }
    }
    let mut items = Items::new("buffers", keys::STRUCT, "#[buffers(prefix = \"dirk\")]");
    for attribute in named(attributes, "buffers") {
        items.read(attribute, report);
    }
    let arguments = accept(StructArguments::from_list(&items.accepted), report);
    (arguments.unwrap_or_default(), items.damaged)
}

/// The arguments of a field's `#[buffer(...)]`, and whether some could not be read.
fn buffer_arguments(attributes: &[Attribute], report: &mut Report) -> (BufferArguments, bool) {
    let mut items =
        Items::new("buffer", keys::BUFFER, "#[buffer(size = 3, location = \"shared\")]");
    for attribute in named(attributes, "buffer") {
        items.read(attribute, report);
    }
    let arguments = accept(BufferArguments::from_list(&items.accepted), report);
    (arguments.unwrap_or_default(), items.damaged)
}

fn child<'a>(mut attributes: impl Iterator<Item = &'a Attribute>, report: &mut Report) -> Child {
    let mut items = Items::new("child", keys::CHILD, "#[child(call = solve)]");
    if let Some(attribute) = attributes.next()
        && !matches!(attribute.meta, Meta::Path(_))
    {
        items.read(attribute, report);
    }
    for attribute in attributes {
        report.push(attribute.path(), Problem::RepeatedChild);
    }
    let arguments = accept(ChildArguments::from_list(&items.accepted), report).unwrap_or_default();
    Child { calls: arguments.call.and_then(|calls| accept(calls, report)) }
}

/// One item, as darling has it.
struct Item(NestedMeta);

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let short = input.step(|cursor| {
            Ok(match short_item(*cursor) {
                Some((item, rest)) => (Some(item), rest),
                None => (None, *cursor),
            })
        })?;
        short.map_or_else(|| input.parse(), |item| Ok(NestedMeta::Meta(item))).map(Self)
    }
}

/// `key`, `key = literal` or `key = name`, and what stands behind it. Most items are short, and the
/// parser of expressions, which would find the same, is slow where it is not optimised.
fn short_item(start: Cursor<'_>) -> Option<(Meta, Cursor<'_>)> {
    // Of these the parser says that they are no key.
    let no_key = |key: &Ident| ["true", "false", "_"].contains(&key.to_string().as_str());
    let (key, rest) = start.ident().filter(|(key, _)| !no_key(key))?;
    let path = Path::from(key);
    if ends(rest) {
        return Some((Meta::Path(path), rest));
    }
    let (equals, rest) = rest.punct().filter(|(equals, _)| equals.as_char() == '=')?;
    let (value, rest) = if let Some((literal, rest)) = rest.literal() {
        (Expr::Lit(ExprLit { attrs: Vec::new(), lit: Lit::new(literal) }), rest)
    } else {
        let (name, rest) = rest.ident()?;
        let path = Path::from(plain_name(name)?);
        (Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path }), rest)
    };
    let eq_token = Token![=](equals.span());
    ends(rest).then_some((Meta::NameValue(MetaNameValue { path, eq_token, value }), rest))
}

/// Whether an item ends here.
fn ends(rest: Cursor<'_>) -> bool {
    rest.eof() || rest.punct().is_some_and(|(comma, _)| comma.as_char() == ',')
}

/// The identifier, if it is no keyword. The parser knows, and is asked only where the name is no key.
fn plain_name(ident: Ident) -> Option<Ident> {
    let name = ident.to_string();
    let is_key = [keys::STRUCT, keys::BUFFER].iter().any(|keys| keys.contains(&name.as_str()));
    if is_key && name != "crate" {
        return Some(ident);
    }
    syn::parse2(TokenTree::from(ident).into()).ok()
}

/// The `key = value` items of one kind of attribute, gathered over all attributes of that kind.
struct Items {
    attribute: &'static str,
    known: &'static [&'static str],
    form: &'static str,
    accepted: Vec<NestedMeta>,
    seen: Vec<String>,
    damaged: bool,
}

impl Items {
    fn new(attribute: &'static str, known: &'static [&'static str], form: &'static str) -> Self {
        Self { attribute, known, form, accepted: Vec::new(), seen: Vec::new(), damaged: false }
    }

    fn read(&mut self, attribute: &Attribute, report: &mut Report) {
        match &attribute.meta {
            Meta::List(list) if is_readable(list.tokens.clone()) => {}
            Meta::List(list) => {
                self.damaged = true;
                report.push(&list.path, Problem::TooLong { attribute: self.attribute });
                return;
            }
            // Nothing is said, which the check of what is missing finds.
            Meta::Path(_) => return,
            Meta::NameValue(meta) => {
                self.damaged = true;
                let problem = Problem::Form { attribute: self.attribute, form: self.form };
                report.push(meta, problem);
                return;
            }
        }
        // Parsed as the attribute's own arguments, so that an early end is seen at its parenthesis.
        match attribute.parse_args_with(Punctuated::<Item, Token![,]>::parse_terminated) {
            Ok(items) => {
                for Item(item) in items {
                    self.check_item(item, report);
                }
            }
            Err(error) => self.unreadable(&error, report),
        }
    }

    fn check_item(&mut self, item: NestedMeta, report: &mut Report) {
        let path = match &item {
            NestedMeta::Meta(meta) => meta.path().clone(),
            NestedMeta::NameValueInvalidExpr(meta) => meta.path.clone(),
            NestedMeta::Lit(literal) => {
                self.damaged = true;
                let found = literal.to_token_stream().to_string();
                report.push(literal, Problem::NotAKey { found, form: self.form });
                return;
            }
        };
        match self.check_key(&path) {
            Some(problem) => {
                self.damaged = true;
                report.push(path, problem);
            }
            None => match item {
                NestedMeta::NameValueInvalidExpr(meta) => {
                    self.unreadable(&meta.error.into(), report)
                }
                item => self.accepted.push(item),
            },
        }
    }

    /// The parser says what it expected; an example says more.
    fn unreadable(&mut self, error: &syn::Error, report: &mut Report) {
        self.damaged = true;
        let problem = Problem::Unreadable { error: error.to_string(), form: self.form };
        report.error(syn::Error::new(error.span(), problem));
    }

    /// A key is known, checked, and given once.
    fn check_key(&mut self, path: &Path) -> Option<Problem> {
        let key =
            path.get_ident().map_or_else(|| path.to_token_stream().to_string(), Ident::to_string);
        if !self.known.contains(&key.as_str()) {
            let suggestion = nearest(&key, self.known.iter().copied());
            let (attribute, known) = (self.attribute, self.known.to_vec());
            return Some(Problem::UnknownKey { attribute, key, suggestion, known });
        }
        if self.seen.contains(&key) && !keys::REPEATABLE.contains(&key.as_str()) {
            return Some(Problem::RepeatedKey { key });
        }
        self.seen.push(key);
        None
    }
}

/// Tokens of one attribute, and how deep their parentheses go, beyond which nothing is read: parsers
/// and proofs recurse, and a stack has an end.
const MOST_TOKENS: usize = 512;
const MOST_DEPTH: usize = 32;

fn is_readable(tokens: TokenStream) -> bool {
    let mut open = vec![tokens.into_iter()];
    let mut count = 0;
    while let Some(innermost) = open.last_mut() {
        match innermost.next() {
            Some(TokenTree::Group(group)) => open.push(group.stream().into_iter()),
            Some(_) => {}
            None => {
                open.pop();
                continue;
            }
        }
        count += 1;
        if count > MOST_TOKENS || open.len() > MOST_DEPTH {
            return false;
        }
    }
    true
}

/// Every identifier in the place of a key, however damaged the attributes are: an editor completes
/// keys while they are typed.
fn written_keys(input: &DeriveInput) -> Vec<Ident> {
    let of_struct = named(&input.attrs, "buffers");
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    let of_fields = fields.iter().flat_map(|field| named(&field.attrs, "buffer"));
    let mut keys = Vec::new();
    for attribute in of_struct.chain(of_fields) {
        let Meta::List(list) = &attribute.meta else { continue };
        let mut expected = true;
        for token in list.tokens.clone() {
            match token {
                // A keyword, `crate` among them, names no item.
                TokenTree::Ident(ident) if expected => keys.extend(plain_name(ident)),
                TokenTree::Punct(comma) if comma.as_char() == ',' => {
                    expected = true;
                    continue;
                }
                _ => {}
            }
            expected = false;
        }
    }
    keys
}

fn named<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a Attribute> {
    attributes.iter().filter(move |attribute| attribute.path().is_ident(name))
}

/// `DirkStep` is `dirk_step`, and `FIRKStep` is `firk_step`.
fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| characters.get(before));
        let after = characters.get(index + 1);
        let starts_a_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if starts_a_word {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

/// The size that `text` says where `fields` are plain fields.
#[cfg(test)]
pub(crate) fn size_of_fields(text: &str, fields: &[&str]) -> Result<crate::model::Size, String> {
    let scope =
        Scope { plain: fields.iter().map(|&field| field.to_owned()).collect(), ..Scope::default() };
    let mut report = Report::default();
    let expr = syn::parse_str(text).unwrap();
    parse_size(&expr, "buffer", &scope, &mut report).ok_or_else(|| report.messages().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn struct_names_become_prefixes() {
        let names = [
            ("DirkStep", "dirk_step"),
            ("FIRK", "firk"),
            ("FIRKStep", "firk_step"),
            ("RosenbrockW", "rosenbrock_w"),
            ("BiCgStab", "bi_cg_stab"),
            ("Rk4Step", "rk4_step"),
            ("already_snake", "already_snake"),
        ];
        for (name, prefix) in names {
            assert_eq!(snake_case(name), prefix);
        }
    }

    #[test]
    fn short_items_are_what_the_parser_makes_of_them() {
        let texts = [
            "persistent",
            "size = 3",
            "size = 3usize",
            "aliases = \"parent\"",
            "aliases = parent",
            "live = r#loop",
            "crate = scratch",
            "crate = crate",
            "size = self",
            "size = _",
            "zero = true",
            "size = -1",
            "size = 1 + 2",
            "size = max(n, 2)",
            "live = start..=base",
            "size == 3",
            "size =",
            "size = = 3",
            "part(0..n, live = start)",
            "true",
            "true = 1",
            "_",
            "_ = 1",
            "type",
            "type = 1",
            "a::b",
            "a::b = 1",
            "\"text\"",
            "3 = 3",
            "",
        ];
        for text in texts {
            for text in [text.to_owned(), format!("{text}, zero")] {
                let all = Punctuated::<Item, Token![,]>::parse_terminated;
                let found = syn::parse::Parser::parse_str(all, &text);
                let found = found.map(|items| items.into_iter().map(|Item(item)| item).collect());
                let all = Punctuated::<NestedMeta, Token![,]>::parse_terminated;
                let expected = syn::parse::Parser::parse_str(all, &text);
                let expected = expected.map(|items| items.into_iter().collect::<Vec<_>>());
                let words = |result: syn::Result<Vec<NestedMeta>>| {
                    result.map(|items| format!("{items:?}")).map_err(|error| error.to_string())
                };
                assert_eq!(words(found), words(expected), "{text}");
            }
        }
    }
}
