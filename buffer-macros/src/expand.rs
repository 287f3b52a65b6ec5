//! From a checked declaration to its implementation.
//!
//! Everything stands in one `const _`, so that no name reaches the user's module. Paths are absolute,
//! since the user's module may define any name, and local names carry the macro's own hygiene.

mod constants;
mod entries;
mod fallback;
mod reference;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Path};

use crate::check::Assertion;
use crate::model::{Declaration, Kind, LiveRange, Step};

pub(crate) use fallback::fallback;

/// The implementation of a declaration without faults.
pub(crate) fn expand(declaration: &Declaration, assertions: &[Assertion<'_>]) -> TokenStream {
    let Declaration { ident, generics, krate, prefix, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let prefix = &prefix.value;
    let constants = constants::expand(declaration, assertions);
    let entries = entries::expand(declaration);
    let references = reference::expand(declaration);
    let phases = phases(declaration);
    let children = declaration.fields.iter().filter(|field| matches!(field.kind, Kind::Child(_)));
    let children = children.map(|field| {
        let (ident, name, ty) = (&field.ident, &field.name, &field.ty);
        let calls = live_ranges(field.ranges());
        quote!(#krate::__private::child::<#ty>(#name, &self.#ident, #calls))
    });
    quote! {
        const _: () = {
            #constants
            #references
            #[automatically_derived]
            impl #impl_generics #krate::Buffers for #ident #ty_generics #where_clause {
                fn prefix(&self) -> &::core::primitive::str {
                    #prefix
                }

                #phases

                fn entries(
                    &self,
                ) -> ::core::result::Result<
                    #krate::__private::Vec<#krate::BufferEntry>,
                    #krate::BufferError,
                > {
                    #entries
                }

                fn children(&self) -> #krate::__private::Vec<#krate::Child<'_>> {
                    ::core::convert::From::from([#(#children),*])
                }
            }
        };
    }
}

/// The method `phases`, where there are any.
fn phases(declaration: &Declaration) -> Option<TokenStream> {
    let krate = &declaration.krate;
    let steps = &declaration.phases.as_ref()?.steps;
    let phases = built(krate, steps);
    (!steps.is_empty()).then(|| {
        let constant = local("PHASES");
        quote! {
            fn phases(&self) -> &#krate::Phases {
                static #constant: #krate::__private::LazyLock<#krate::Phases> =
                    #krate::__private::LazyLock::new(|| #phases);
                &#constant
            }
        }
    })
}

/// Calls that build phases.
fn built(krate: &Path, steps: &[Step]) -> TokenStream {
    let calls = steps.iter().map(|step| match step {
        Step::Phase(name) => {
            let name = name.unraw().to_string();
            quote!(.phase(#name))
        }
        Step::Loop(name, body) => {
            let (name, body) = (name.unraw().to_string(), built(krate, body));
            quote!(.repeat(#name, #body))
        }
    });
    quote!(#krate::Phases::new() #(#calls)*)
}

/// A slice of ranges of phases.
fn live_ranges(ranges: &[LiveRange]) -> TokenStream {
    let ranges = ranges.iter().map(|LiveRange { start, end, inclusive, .. }| {
        let (start, end) = (start.unraw().to_string(), end.unraw().to_string());
        quote!((#start, #end, #inclusive))
    });
    quote!(&[#(#ranges),*])
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
