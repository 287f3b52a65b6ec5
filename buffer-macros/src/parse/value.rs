//! The values of keys.

use darling::{Error, FromMeta};
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::token::Paren;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLit, ExprParen, Ident, Lit, LitStr, Meta, Path};

use crate::diag::Problem;
use crate::keys;
use crate::model::{Located, Location, Overflow};
use crate::suggest::nearest;

/// A whole value, beside which nothing stands, without the invisible groups that `macro_rules!` puts
/// round its fragments.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

/// Makes such groups visible inside a value: the compiler ignores them in what a derive returns, so
/// that `2 * $e` would become `2 * 1 + 2`.
struct Parenthesize;

impl VisitMut for Parenthesize {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::Group(group) = expr {
            *expr = match group.expr.as_ref().clone() {
                // What binds most tightly needs no parentheses, and would get a warning for them.
                inner @ (Expr::Lit(_) | Expr::Path(_) | Expr::Call(_)) => inner,
                Expr::Paren(paren) => parenthesized(*paren.expr),
                inner => parenthesized(inner),
            };
        }
    }
}

/// The expression in parentheses of ours, which are no matter for a lint.
fn parenthesized(inner: Expr) -> Expr {
    Expr::Paren(ExprParen {
        attrs: Vec::new(),
        paren_token: Paren(Span::mixed_site()),
        expr: Box::new(inner),
    })
}

fn error(problem: Problem, at: &impl syn::spanned::Spanned) -> Error {
    Error::custom(problem).with_span(at)
}

/// The expression of `key = value`, whatever else stands there being an error.
fn value(meta: &Meta, key: &'static str, form: &'static str) -> darling::Result<Expr> {
    match meta {
        Meta::NameValue(meta) => {
            let mut value = ungrouped(&meta.value).clone();
            Parenthesize.visit_expr_mut(&mut value);
            Ok(value)
        }
        _ => Err(error(Problem::KeyForm { key, form }, meta)),
    }
}

/// A name, as an identifier or a string.
fn name(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Path(path) if path.attrs.is_empty() => path.path.get_ident().cloned(),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => name_in(text),
        _ => None,
    }
}

/// The name in a string, where the string stands.
fn name_in(text: &LitStr) -> Option<Ident> {
    let name = text.value();
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    // The parser calls the compiler's, which is slow.
    if starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Some(Ident::new(&name, text.span()));
    }
    text.parse_with(Ident::parse_any).ok()
}

/// `size = ...`
#[derive(Debug)]
pub(crate) struct SizeValue(pub(crate) Expr);

impl FromMeta for SizeValue {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        value(meta, "size", "size = ...").map(Self)
    }
}

/// `location = ...`
impl FromMeta for Located<Location> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        let expr = value(meta, "location", "location = \"shared\"")?;
        let given = name(&expr).map(|name| name.to_string());
        let location = match given.as_deref() {
            Some("shared") => Location::Shared,
            Some("local") => Location::Local,
            Some("auto") => Location::Auto,
            _ => {
                let given = given.unwrap_or_else(|| text_of(&expr));
                let suggestion = nearest(&given, keys::LOCATIONS.iter().copied());
                return Err(error(Problem::UnknownLocation { given, suggestion }, &expr));
            }
        };
        Ok(Self::new(location, expr))
    }
}

/// `overflow = ...`
impl FromMeta for Located<Overflow> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        let expr = value(meta, "overflow", "overflow = \"own\"")?;
        let given = name(&expr).map(|name| name.to_string());
        let overflow = match given.as_deref() {
            Some("error") => Overflow::Error,
            Some("own") => Overflow::Own,
            _ => {
                let given = given.unwrap_or_else(|| text_of(&expr));
                let suggestion = nearest(&given, keys::OVERFLOWS.iter().copied());
                return Err(error(Problem::UnknownOverflow { given, suggestion }, &expr));
            }
        };
        Ok(Self::new(overflow, meta))
    }
}

/// What was written, a string without its quotes.
fn text_of(expr: &Expr) -> String {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        other => other.to_token_stream().to_string(),
    }
}

/// `aliases = ...`
impl FromMeta for Located<Ident> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        const FORM: &str = "aliases = \"parent\"";
        let expr = value(meta, "aliases", FORM)?;
        match name(&expr) {
            Some(name) => Ok(Self::new(name, expr)),
            None => Err(error(Problem::NotAName { form: FORM }, &expr)),
        }
    }
}

/// `prefix = ...`, which may be no identifier yet: the check of names says what is wrong with it.
impl FromMeta for Located<String> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        const FORM: &str = "prefix = \"dirk\"";
        let expr = value(meta, "prefix", FORM)?;
        let given = match &expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            other => name(other).map(|name| name.unraw().to_string()),
        };
        match given {
            Some(given) => Ok(Self::new(given, expr)),
            None => Err(error(Problem::NotAName { form: FORM }, &expr)),
        }
    }
}

/// `crate = ...`
#[derive(Debug)]
pub(crate) struct CratePath(pub(crate) Path);

impl FromMeta for CratePath {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        let expr = value(meta, "crate", "crate = path::to::buffer_core")?;
        let path = match &expr {
            Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                text.parse_with(Path::parse_mod_style).ok()
            }
            _ => None,
        };
        path.map(Self).ok_or_else(|| error(Problem::NotAPath, &expr))
    }
}

/// A key that stands alone: `persistent`, `zero`.
impl FromMeta for Located<()> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        match meta {
            Meta::Path(path) => Ok(Self::new((), path)),
            other => {
                let key = other.path().to_token_stream().to_string();
                Err(error(Problem::NeedlessValue { key }, other))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_string_is_what_the_parser_makes_of_it() {
        let texts = [
            "parent", "k1", "type", "self", "a_b", "_", "_a", "r#type", " parent ", "", "1a", "a b",
        ];
        for text in texts {
            let text = LitStr::new(text, Span::call_site());
            let parsed = text.parse_with(Ident::parse_any).ok();
            assert_eq!(name_in(&text), parsed, "{:?}", text.value());
        }
    }
}
