//! From a checked declaration to its implementation.
//!
//! Everything stands in one `const _`, so that no name reaches the user's module. Paths are absolute,
//! since the user's module may define any name, or start at `__private`, which stands for the crate's
//! private module there: short paths are less to build.

mod constants;
mod entries;
mod fallback;
mod postfix;
mod reference;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::Ident;
use syn::ext::IdentExt;

use crate::check::Assertion;
use crate::model::{Declaration, Kind, LiveRange, Step};

use constants::Constants;
pub(crate) use fallback::fallback;

/// The implementation of a declaration without faults.
pub(crate) fn expand(declaration: &Declaration, assertions: &[Assertion<'_>]) -> TokenStream {
    let Declaration { ident, generics, krate, prefix, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let prefix = &prefix.value;
    let Constants { items, check } = constants::expand(declaration, assertions);
    let entries = entries::expand(declaration);
    let references = reference::expand(declaration);
    let (phases, children) = (phases(declaration), children(declaration));
    quote! {
        const _: () = {
            use #krate::__private as __private;
            #items
            #references
            #[automatically_derived]
            impl #impl_generics __private::Buffers for #ident #ty_generics #where_clause {
                fn prefix(&self) -> &::core::primitive::str {
                    #prefix
                }

                #phases

                fn entries(
                    &self,
                ) -> ::core::result::Result<
                    __private::Vec<__private::BufferEntry>,
                    __private::BufferError,
                > {
                    #check
                    #entries
                }

                #children
            }
        };
    }
}

/// The method `phases`, where there are any.
fn phases(declaration: &Declaration) -> Option<TokenStream> {
    let mut text = String::new();
    write_phases(&mut text, &declaration.phases.as_ref()?.steps);
    (!text.is_empty()).then(|| {
        let (constant, text) = (local("PHASES"), text.trim_end());
        quote! {
            fn phases(&self) -> &__private::Phases {
                static #constant: __private::DeclaredPhases =
                    __private::DeclaredPhases::new(#text);
                #constant.get()
            }
        }
    })
}

/// `start stage { base solve } finish`
fn write_phases(text: &mut String, steps: &[Step]) {
    for step in steps {
        let (Step::Phase(name) | Step::Loop(name, _)) = step;
        text.push_str(&name.unraw().to_string());
        text.push(' ');
        if let Step::Loop(_, body) = step {
            text.push_str("{ ");
            write_phases(text, body);
            text.push_str("} ");
        }
    }
}

/// The method `children`, where there are any.
fn children(declaration: &Declaration) -> Option<TokenStream> {
    let children = declaration.fields.iter().filter(|field| matches!(field.kind, Kind::Child(_)));
    let children: Vec<_> = children
        .map(|field| {
            let (ident, name, ty) = (&field.ident, &field.name, &field.ty);
            let calls = live_ranges(field.ranges());
            quote!(__private::child::<#ty>(#name, &self.#ident, #calls))
        })
        .collect();
    (!children.is_empty()).then(|| {
        quote! {
            fn children(&self) -> __private::Vec<__private::Child<'_>> {
                ::core::convert::From::from([#(#children),*])
            }
        }
    })
}

/// `solve,base..feval,feval..=base`
fn live_ranges(ranges: &[LiveRange]) -> String {
    let ranges: Vec<_> = ranges.iter().map(LiveRange::to_string).collect();
    ranges.join(",")
}

/// A local name that no name of the user's can meet. Variables are hygienic, items and the constants
/// that a variable's pattern could mean are not, so the name itself is unlikely too.
fn local(name: &str) -> Ident {
    format_ident!("__{name}", span = Span::mixed_site())
}

/// The identifier of a declared name, in another place that gives the name.
fn at(ident: &Ident, span: Span) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(span);
    ident
}

/// An `Option` of the same value.
fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
