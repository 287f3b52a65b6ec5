//! Sizes that the compiler knows, and what it asserts of them.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, ExprLit, Ident, Lit, parse_quote};

use super::{at, local, option};
use crate::check::Assertion;
use crate::model::{Bound, Declaration, Kind, Operator, Size, Term};

/// The constants of sizes, and the check of all that is known with them.
pub(super) struct Constants {
    pub(super) items: TokenStream,
    /// A statement that asks for the check where code is generated for given parameters.
    pub(super) check: Option<TokenStream>,
}

pub(super) fn expand(declaration: &Declaration, assertions: &[Assertion<'_>]) -> Constants {
    let Declaration { ident, generics, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let mut checks = TokenStream::new();
    checks.extend(declaration.bounds.iter().filter_map(|bound| assert_bound(declaration, bound)));
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (field, buffer) in declaration.buffers() {
        let size = buffer.size.as_ref().filter(|size| !size.at_run_time);
        if let Some(size) = size.filter(|size| literal(size).is_none()) {
            names.push(&field.ident);
            values.push(constant(&size.expr));
            checks.extend(assert_size(&field.ident, &size.expr));
        }
    }
    checks.extend(assertions.iter().map(|assertion| assert_fit(declaration, assertion)));
    let trait_name = trait_name();
    let sizes = (!names.is_empty()).then(|| {
        quote! {
            #[allow(non_upper_case_globals)]
            trait #trait_name {
                #(const #names: ::core::primitive::usize;)*
            }
            // An overflow is an error of the evaluation already.
            #[allow(non_upper_case_globals, arithmetic_overflow)]
            impl #impl_generics #trait_name for #ident #ty_generics #where_clause {
                #(const #names: ::core::primitive::usize = #values;)*
            }
        }
    });
    let (mut check, mut check_now) = (None, None);
    let mut constant = None;
    if !checks.is_empty() {
        constant = Some(quote!(const CHECK: () = { #checks };));
        // Where only lifetimes are open there is one set of values, which is checked at once.
        if generics.params.len() == generics.lifetimes().count() {
            let lifetimes = generics.lifetimes().map(|_| quote!('static));
            check_now = Some(quote! {
                const _: () = <#ident<#(#lifetimes),*> as __private::Checked>::CHECK;
            });
        } else {
            check = Some(quote!(const { <Self as __private::Checked>::CHECK };));
        }
    }
    let items = quote! {
        #sizes
        #[automatically_derived]
        impl #impl_generics __private::Checked for #ident #ty_generics #where_clause {
            #constant
        }
        #check_now
    };
    Constants { items, check }
}

/// The value of a size that is a literal, which needs no constant: its value was checked where it was
/// read. Where it has another type, the compiler says so.
pub(super) fn literal(size: &Size) -> Option<i128> {
    let Term::Integer(value) = size.term else { return None };
    let mut expr = &size.expr;
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
            ["", "usize"].contains(&literal.suffix()).then_some(value)
        }
        _ => None,
    }
}

/// The trait that holds the sizes. An item's name has no hygiene, so this one is unlikely.
fn trait_name() -> Ident {
    local("BufferSizes")
}

/// The constant of a buffer whose size only the compiler knows.
pub(super) fn size_of(buffer: &Ident) -> TokenStream {
    let trait_name = trait_name();
    quote!(<Self as #trait_name>::#buffer)
}

/// The size of a buffer, which is no matter of fields.
fn literal_or_size_of(declaration: &Declaration, buffer: &Ident) -> TokenStream {
    let field = declaration.field(buffer).map(|field| &field.kind);
    match field {
        Some(Kind::Buffer(field)) if let Some(value) = field.size.as_ref().and_then(literal) => {
            Literal::i128_unsuffixed(value).into_token_stream()
        }
        _ => size_of(buffer),
    }
}

/// The user's expression, where `max` and `min` become functions that constants can call.
pub(super) fn constant(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    Functions.visit_expr_mut(&mut expr);
    expr
}

struct Functions;

impl VisitMut for Functions {
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        if let Expr::Path(function) = &*call.func
            && function.qself.is_none()
            && let Some(name) = function.path.get_ident()
            && Operator::of_function(name).is_some()
            && call.args.len() == 2
        {
            *call.func = parse_quote!(__private::#name);
        }
    }
}

/// SB012 for a const parameter; fields are checked when they have values.
fn assert_bound(declaration: &Declaration, bound: &Bound) -> Option<TokenStream> {
    let variable = &bound.variable;
    let parameter = declaration
        .generics
        .const_params()
        .find(|parameter| parameter.ident.unraw() == variable.unraw())?;
    let variable = at(&parameter.ident, variable.span());
    let (name, text) = (variable.unraw().to_string(), bound.to_string());
    let (least, most) = (bound.least, option(bound.most));
    let span = variable.span();
    let function = respanned(quote!(__private::assert_bound), span);
    let value = respanned(quote!(#variable as ::core::primitive::i128), span);
    Some(quote_spanned!(span=> #function(#name, #value, #least, #most, #text);))
}

/// SB012 for a size: its bytes can be counted. A failure underlines all of the expression.
fn assert_size(buffer: &Ident, expr: &Expr) -> TokenStream {
    let tokens: Vec<_> = expr.to_token_stream().into_iter().map(|token| token.span()).collect();
    let (start, end) = match tokens.as_slice() {
        [start, .., end] => (*start, *end),
        _ => (expr.span(), expr.span()),
    };
    let function = respanned(quote!(__private::assert_size), start);
    let (name, size) = (buffer.unraw().to_string(), size_of(buffer));
    let arguments = respanned(quote!((#name, #size)), end);
    quote!(#function #arguments;)
}

/// SB010 for the aliases of one parent: what they take is what the next one finds taken.
fn assert_fit(declaration: &Declaration, assertion: &Assertion<'_>) -> TokenStream {
    let (parent, holds) =
        (assertion.parent.unraw().to_string(), literal_or_size_of(declaration, assertion.parent));
    let taken = assertion.aliases.iter().fold(quote!(0), |taken, alias| {
        let (name, needs) =
            (alias.ident.unraw().to_string(), literal_or_size_of(declaration, alias.ident));
        if alias.may_own {
            quote!(__private::fit_or_own(#taken, #needs, #holds))
        } else {
            let function = respanned(quote!(__private::fit), alias.span);
            let (needs, holds) =
                (respanned(needs, alias.span), respanned(holds.clone(), alias.span));
            quote_spanned!(alias.span=> #function(#name, #parent, #taken, #needs, #holds))
        }
    });
    quote!(let _ = #taken;)
}

/// Tokens at another place: a failing call is shown where all of its tokens say.
fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
