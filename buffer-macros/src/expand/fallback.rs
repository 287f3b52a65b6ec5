//! What a declaration with faults implements, so that nothing follows from them elsewhere.

use proc_macro2::TokenStream;
use quote::quote;

use super::{reference, types};
use crate::model::Declaration;

/// No buffers and no children; types are checked all the same.
pub(crate) fn fallback(declaration: &Declaration) -> TokenStream {
    let Declaration { ident, generics, krate, prefix, .. } = declaration;
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let prefix = &prefix.value;
    let types = types::expand(declaration);
    let references = reference::expand(declaration);
    let fields = declaration.fields.iter().map(|field| &field.ident);
    quote! {
        const _: () = {
            use #krate::__private as __private;
            #references
            #[automatically_derived]
            impl #impl_generics __private::Checked for #ident #ty_generics #where_clause {}
            #[automatically_derived]
            impl #impl_generics __private::Buffers for #ident #ty_generics #where_clause {
                fn prefix(&self) -> &::core::primitive::str {
                    #(let _ = self.#fields;)*
                    #prefix
                }

                fn entries(
                    &self,
                ) -> ::core::result::Result<
                    __private::Vec<__private::BufferEntry>,
                    __private::BufferError,
                > {
                    #types
                    ::core::result::Result::Ok(__private::Vec::new())
                }
            }
        };
    }
}
