//! `vars(n >= 1, 1 <= m <= 16)`.

use darling::FromMeta;
use proc_macro2::{Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitInt, Meta, Token};

use crate::diag::Problem;
use crate::model::Bound;

/// The list in the parentheses of `vars`.
#[derive(Debug)]
pub(crate) struct Bounds(pub(crate) Vec<Bound>);

impl FromMeta for Bounds {
    fn from_meta(meta: &Meta) -> darling::Result<Self> {
        match meta {
            Meta::List(list) => list.parse_args_with(bounds)?,
            other => {
                Err(darling::Error::custom(Problem::KeyForm { key: "vars", form: "vars(n >= 1)" })
                    .with_span(other))
            }
        }
    }
}

/// All bounds of the list, or all that are none.
fn bounds(input: ParseStream<'_>) -> syn::Result<darling::Result<Bounds>> {
    let (mut bounds, mut errors) = (Vec::new(), Vec::new());
    while !input.is_empty() {
        match input.parse::<Bound>() {
            Ok(bound) if is_at_end(input) => bounds.push(bound),
            Ok(_) => errors.push(not_a_bound(input.span()).into()),
            Err(error) => errors.push(error.into()),
        }
        while !is_at_end(input) {
            input.parse::<TokenTree>()?;
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(if errors.is_empty() { Ok(Bounds(bounds)) } else { Err(darling::Error::multiple(errors)) })
}

fn is_at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn not_a_bound(span: Span) -> syn::Error {
    syn::Error::new(span, Problem::NotABound)
}

impl Parse for Bound {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let start = input.span();
        if input.peek(LitInt) {
            let left = Limit::parse_after(input)?;
            let variable: Ident =
                input.call(Ident::parse_any).map_err(|error| not_a_bound(error.span()))?;
            let mut bound = Self { variable, least: 0, most: None };
            left.mirrored().narrow(&mut bound);
            if !is_at_end(input) {
                let span = input.span();
                let right = Limit::parse(input)?;
                if right.upper != left.mirrored().upper {
                    right.narrow(&mut bound);
                } else {
                    return Err(not_a_bound(span));
                }
            }
            Ok(bound)
        } else {
            let variable: Ident = input.call(Ident::parse_any).map_err(|_| not_a_bound(start))?;
            if is_at_end(input) {
                return Err(not_a_bound(start));
            }
            let mut bound = Self { variable, least: 0, most: None };
            Limit::parse(input)?.narrow(&mut bound);
            Ok(bound)
        }
    }
}

/// One side of a bound: `>= 1`.
#[derive(Clone, Copy)]
struct Limit {
    upper: bool,
    value: i128,
    inclusive: bool,
}

impl Limit {
    /// `>= 1`
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (upper, inclusive) = relation(input)?;
        Ok(Self { upper, inclusive, value: number(input)? })
    }

    /// `1 <=`
    fn parse_after(input: ParseStream<'_>) -> syn::Result<Self> {
        let value = number(input)?;
        let (upper, inclusive) = relation(input)?;
        Ok(Self { upper, inclusive, value })
    }

    /// The same limit seen from the other side: `1 <= n` is `n >= 1`.
    fn mirrored(self) -> Self {
        Self { upper: !self.upper, ..self }
    }

    fn narrow(self, bound: &mut Bound) {
        if self.upper {
            bound.most = Some(if self.inclusive { self.value } else { self.value - 1 });
        } else {
            bound.least = if self.inclusive { self.value } else { self.value + 1 };
        }
    }
}

/// Whether the relation bounds its left side from above, and whether the limit itself is allowed.
fn relation(input: ParseStream<'_>) -> syn::Result<(bool, bool)> {
    if input.parse::<Option<Token![<=]>>()?.is_some() {
        Ok((true, true))
    } else if input.parse::<Option<Token![>=]>>()?.is_some() {
        Ok((false, true))
    } else if input.parse::<Option<Token![<]>>()?.is_some() {
        Ok((true, false))
    } else if input.parse::<Option<Token![>]>>()?.is_some() {
        Ok((false, false))
    } else {
        Err(not_a_bound(input.span()))
    }
}

fn number(input: ParseStream<'_>) -> syn::Result<i128> {
    let literal: LitInt = input.parse().map_err(|error| not_a_bound(error.span()))?;
    // A `u64` is what any field can hold, and leaves room for the arithmetic of proofs.
    literal.base10_parse::<u64>().map(i128::from).map_err(|_| not_a_bound(literal.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<(i128, Option<i128>)> {
        let bound: Bound = syn::parse_str(text).ok()?;
        assert_eq!(bound.variable, "n");
        Some((bound.least, bound.most))
    }

    #[test]
    fn a_bound_may_be_written_from_either_side() {
        for text in ["n >= 3", "3 <= n", "n > 2", "2 < n"] {
            assert_eq!(parse(text), Some((3, None)), "{text}");
        }
        for text in ["n <= 16", "16 >= n", "n < 17", "17 > n"] {
            assert_eq!(parse(text), Some((0, Some(16))), "{text}");
        }
        for text in ["3 <= n <= 16", "16 >= n >= 3", "2 < n < 17", "3 <= n < 17"] {
            assert_eq!(parse(text), Some((3, Some(16))), "{text}");
        }
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        let texts = [
            "",
            "n",
            "3",
            "n >=",
            "3 <= n >= 16",
            "n == 3",
            "n >= m",
            "n >= -1",
            "n >= 2.5",
            "3 <= n <= m",
            "3 <= 4",
            "n >= 18446744073709551616",
            "n >= 1 <= 3",
        ];
        for text in texts {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_bound_is_shown_as_a_range() {
        let shown = |text: &str| syn::parse_str::<Bound>(text).unwrap().to_string();
        assert_eq!(shown("2 < r#loop"), "loop >= 3");
        assert_eq!(shown("n < 4"), "0 <= n <= 3");
    }
}
