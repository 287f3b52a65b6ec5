//! What editors follow: from the name in an attribute to the field, and from a key to its text.

use proc_macro2::TokenStream;
use quote::quote;

use super::{at, local};
use crate::model::Declaration;

/// Code that never runs. It is there with faults too, since one edits what is faulty.
pub(super) fn expand(declaration: &Declaration) -> TokenStream {
    let Declaration { ident, generics, krate, keys, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let (function, this) = (local("references"), local("this"));
    let aliases: Vec<_> = declaration
        .buffers()
        .filter_map(|(_, buffer)| {
            let (parent, _) = declaration.parent_of(buffer)?;
            Some(at(&parent.ident, buffer.aliases.as_ref()?.span()))
        })
        .collect();
    let fields = (!aliases.is_empty()).then(|| {
        quote! {
            #[allow(dead_code)]
            fn #function #impl_generics (#this: &#ident #ty_generics) #where_clause {
                #(let _ = #this.#aliases;)*
            }
        }
    });
    let keys = (!keys.is_empty()).then(|| {
        quote! {
            #[allow(unexpected_cfgs)]
            const _: () = {
                #[cfg(rust_analyzer)]
                {
                    use #krate::__private::keys::{#(#keys as _),*};
                }
            };
        }
    });
    quote!(#fields #keys)
}
