//! `phases(start, loop stage { base, solve }, finish)`, and the ranges of phases in `live` and `call`.

use darling::FromMeta;
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprRange, Ident, LitStr, Meta, RangeLimits, Token, braced, bracketed, token};

use super::value::ungrouped;
use crate::diag::Problem;
use crate::model::{LiveRange, Located, Phases, Step};

const FORM: &str = "phases(start, loop stage { base, solve }, finish)";

impl FromMeta for Phases {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        match meta {
            Meta::List(list) => {
                let steps = list.parse_args_with(steps)?;
                Ok(Self::new(steps))
            }
            other => Err(darling::Error::custom(Problem::KeyForm { key: "phases", form: FORM })
                .with_span(other)),
        }
    }
}

fn steps(input: ParseStream<'_>) -> syn::Result<Vec<Step>> {
    Ok(Punctuated::<Step, Token![,]>::parse_terminated(input)?.into_iter().collect())
}

impl Parse for Step {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.parse::<Option<Token![loop]>>()?.is_none() {
            return phase(input).map(Self::Phase);
        }
        let name = phase(input)?;
        if !input.peek(token::Brace) {
            return Err(not_phases(input.span()));
        }
        let body;
        braced!(body in input);
        Ok(Self::Loop(name, steps(&body)?))
    }
}

/// A name, as an identifier or a string.
fn phase(input: ParseStream<'_>) -> syn::Result<Ident> {
    let span = input.span();
    let name = if input.peek(LitStr) {
        input.parse::<LitStr>()?.parse_with(Ident::parse_any)
    } else {
        input.call(Ident::parse_any)
    };
    name.map_err(|_| not_phases(span))
}

fn not_phases(span: Span) -> syn::Error {
    syn::Error::new(span, Problem::NotPhases { form: FORM.to_owned() })
}

/// `live = ...` and `call = ...`
impl FromMeta for Located<Vec<LiveRange>> {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        let key = meta.path().to_token_stream().to_string();
        let form = format!("{key} = solve`, `{key} = base..=solve` or `{key} = [start, solve]");
        let problem = Problem::NotPhases { form };
        let Meta::NameValue(value) = meta else {
            return Err(darling::Error::custom(problem).with_span(meta));
        };
        let tokens = ungrouped(&value.value).to_token_stream();
        match syn::parse2(tokens.clone()) {
            Ok(Ranges(ranges)) if !ranges.is_empty() => Ok(Self::new(ranges, tokens)),
            _ => Err(syn::Error::new_spanned(tokens, problem).into()),
        }
    }
}

/// `part(0..n, live = start)`
#[derive(Debug)]
pub(crate) struct PartValue {
    pub(crate) start: Expr,
    pub(crate) end: Expr,
    pub(crate) live: Located<Vec<LiveRange>>,
    /// The range of elements.
    pub(crate) tokens: TokenStream,
}

impl FromMeta for PartValue {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        const FORM: &str = "part(0..n, live = start)";
        let problem =
            || darling::Error::custom(Problem::KeyForm { key: "part", form: FORM }).with_span(meta);
        let Meta::List(list) = meta else { return Err(problem()) };
        let (elements, live) = list
            .parse_args_with(|input: ParseStream<'_>| {
                let elements: Expr = input.parse()?;
                input.parse::<Token![,]>()?;
                let live: Meta = input.parse()?;
                input.parse::<Option<Token![,]>>()?;
                Ok((elements, live))
            })
            .map_err(|_| problem())?;
        let elements = ungrouped(&elements);
        match elements {
            Expr::Range(ExprRange {
                start: Some(start),
                end: Some(end),
                limits: RangeLimits::HalfOpen(_),
                ..
            }) if live.path().is_ident("live") => Ok(Self {
                start: ungrouped(start).clone(),
                end: ungrouped(end).clone(),
                live: FromMeta::from_meta(&live)?,
                tokens: elements.to_token_stream(),
            }),
            _ => Err(problem()),
        }
    }
}

/// One range, or several in brackets.
struct Ranges(Vec<LiveRange>);

impl Parse for Ranges {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(token::Bracket) {
            return Ok(Self(vec![input.parse()?]));
        }
        let list;
        bracketed!(list in input);
        let ranges = Punctuated::<LiveRange, Token![,]>::parse_terminated(&list)?;
        Ok(Self(ranges.into_iter().collect()))
    }
}

impl Parse for LiveRange {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // A string holds a name, or the whole range.
        if input.peek(LitStr) && !input.peek2(Token![..]) {
            return input.parse::<LitStr>()?.parse_with(range);
        }
        range(input)
    }
}

fn range(input: ParseStream<'_>) -> syn::Result<LiveRange> {
    let start = phase(input)?;
    let (operator, inclusive) = if let Some(operator) = input.parse::<Option<Token![..=]>>()? {
        (operator.to_token_stream(), true)
    } else if let Some(operator) = input.parse::<Option<Token![..]>>()? {
        (operator.to_token_stream(), false)
    } else {
        let tokens = start.to_token_stream();
        return Ok(LiveRange { end: start.clone(), start, inclusive: true, tokens });
    };
    let end = phase(input)?;
    let mut tokens = start.to_token_stream();
    tokens.extend(operator);
    tokens.extend(end.to_token_stream());
    Ok(LiveRange { start, end, inclusive, tokens })
}
