//! What editors follow: from the name in an attribute to the field, and from a key to its text.

use proc_macro2::TokenStream;
use quote::quote;

use super::{at, local};
use crate::model::Declaration;

/// Code that never runs, and that only rust-analyzer sees. It is there with faults too, since one edits
/// what is faulty.
pub(super) fn expand(declaration: &Declaration) -> Option<TokenStream> {
    let Declaration { ident, generics, keys, .. } = declaration;
    if keys.is_empty() {
        return None;
    }
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let this = local("this");
    let aliases = declaration.buffers().filter_map(|(_, buffer)| {
        let (parent, _) = declaration.parent_of(buffer)?;
        Some(at(&parent.ident, buffer.aliases.as_ref()?.span()))
    });
    Some(quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            fn references #impl_generics (#this: &#ident #ty_generics) #where_clause {
                use __private::keys::{#(#keys as _),*};
                #(let _ = #this.#aliases;)*
            }
        };
    })
}
