//! Sizes that the compiler knows, and what it asserts of them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprCall, Ident, Path, parse_quote};

use super::{at, local, option};
use crate::check::Assertion;
use crate::model::{Bound, Declaration, Operator};

/// The constants of sizes, and the check of all that is known with them.
pub(super) fn expand(declaration: &Declaration, assertions: &[Assertion<'_>]) -> TokenStream {
    let Declaration { ident, generics, krate, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let sizes: Vec<_> = declaration
        .buffers()
        .filter_map(|(field, buffer)| {
            let size = buffer.size.as_ref().filter(|size| !size.at_run_time)?;
            Some((&field.ident, &size.expr))
        })
        .collect();
    let names = sizes.iter().map(|(name, _)| name);
    let names_again = names.clone();
    let values = sizes.iter().map(|(_, expr)| constant(expr, krate));
    let limits: Vec<_> = sizes.iter().map(|(name, expr)| assert_size(krate, name, expr)).collect();
    let trait_name = trait_name();
    let sizes = (!sizes.is_empty()).then(|| {
        quote! {
            #[allow(non_upper_case_globals)]
            trait #trait_name {
                #(const #names: ::core::primitive::usize;)*
            }
            // An overflow is an error of the evaluation already.
            #[allow(non_upper_case_globals, arithmetic_overflow)]
            impl #impl_generics #trait_name for #ident #ty_generics #where_clause {
                #(const #names_again: ::core::primitive::usize = #values;)*
            }
        }
    });
    let bounds = declaration.bounds.iter().filter_map(|bound| assert_bound(declaration, bound));
    let fits = assertions.iter().map(|assertion| assert_fit(declaration, assertion));
    // Where only lifetimes are open there is one set of values, which is checked at once.
    let only_lifetimes = generics.params.len() == generics.lifetimes().count();
    let check_now = only_lifetimes.then(|| {
        let lifetimes = generics.lifetimes().map(|_| quote!('static));
        quote! {
            const _: () = <#ident<#(#lifetimes),*> as #krate::__private::Checked>::CHECK;
        }
    });
    quote! {
        #sizes
        #[automatically_derived]
        impl #impl_generics #krate::__private::Checked for #ident #ty_generics #where_clause {
            const CHECK: () = {
                #(#bounds)*
                #(#limits)*
                #(#fits)*
            };
        }
        #check_now
    }
}

/// The trait that holds the sizes. An item's name has no hygiene, so this one is unlikely.
fn trait_name() -> Ident {
    local("BufferSizes")
}

/// The constant of a buffer whose size the compiler knows.
pub(super) fn size_of(buffer: &Ident) -> TokenStream {
    let trait_name = trait_name();
    quote!(<Self as #trait_name>::#buffer)
}

/// The user's expression, where `max` and `min` become functions that constants can call.
pub(super) fn constant(expr: &Expr, krate: &Path) -> Expr {
    let mut expr = expr.clone();
    Functions { krate }.visit_expr_mut(&mut expr);
    expr
}

struct Functions<'a> {
    krate: &'a Path,
}

impl VisitMut for Functions<'_> {
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        visit_mut::visit_expr_call_mut(self, call);
        if let Expr::Path(function) = &*call.func
            && function.qself.is_none()
            && let Some(name) = function.path.get_ident()
            && Operator::of_function(name).is_some()
            && call.args.len() == 2
        {
            let krate = self.krate;
            *call.func = parse_quote!(#krate::__private::#name);
        }
    }
}

/// SB012 for a const parameter; fields are checked when they have values.
fn assert_bound(declaration: &Declaration, bound: &Bound) -> Option<TokenStream> {
    let krate = &declaration.krate;
    let variable = &bound.variable;
    let parameter = declaration
        .generics
        .const_params()
        .find(|parameter| parameter.ident.unraw() == variable.unraw())?;
    let variable = at(&parameter.ident, variable.span());
    let (name, text) = (variable.unraw().to_string(), bound.to_string());
    let (least, most) = (bound.least, option(bound.most));
    let span = variable.span();
    let function = respanned(quote!(#krate::__private::assert_bound), span);
    let value = respanned(quote!(#variable as ::core::primitive::i128), span);
    Some(quote_spanned!(span=> #function(#name, #value, #least, #most, #text);))
}

/// SB012 for a size: its bytes can be counted. A failure underlines all of the expression.
fn assert_size(krate: &Path, buffer: &Ident, expr: &Expr) -> TokenStream {
    let tokens: Vec<_> = expr.to_token_stream().into_iter().map(|token| token.span()).collect();
    let (start, end) = match tokens.as_slice() {
        [start, .., end] => (*start, *end),
        _ => (expr.span(), expr.span()),
    };
    let function = respanned(quote!(#krate::__private::assert_size), start);
    let (name, size) = (buffer.unraw().to_string(), size_of(buffer));
    let arguments = respanned(quote!((#name, #size)), end);
    quote!(#function #arguments;)
}

/// SB010 for the aliases of one parent: what they take is what the next one finds taken.
fn assert_fit(declaration: &Declaration, assertion: &Assertion<'_>) -> TokenStream {
    let krate = &declaration.krate;
    let (parent, holds) = (assertion.parent.unraw().to_string(), size_of(assertion.parent));
    let taken = assertion.aliases.iter().fold(quote!(0), |taken, alias| {
        let (name, needs) = (alias.ident.unraw().to_string(), size_of(alias.ident));
        if alias.may_own {
            quote!(#krate::__private::fit_or_own(#taken, #needs, #holds))
        } else {
            let function = respanned(quote!(#krate::__private::fit), alias.span);
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
