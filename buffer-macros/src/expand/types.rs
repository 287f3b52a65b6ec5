//! SB006, which the compiler checks, since it alone knows what a type alias stands for.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::local;
use crate::model::Declaration;

/// Where the type was written, and not where a macro passes it on.
pub(super) fn span(mut ty: &Type) -> Span {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty.span()
}

/// Statements that compile where element types agree. One trait per alias, so that its message can
/// name both buffers; all in one body, so that what is no buffer is told once.
pub(super) fn expand(declaration: &Declaration) -> TokenStream {
    let same = local("SameElement");
    let assertions = declaration.buffers().filter_map(|(field, buffer)| {
        let (parent, _) = declaration.parent_of(buffer)?;
        let (ty, parent_ty) = (&field.ty, &parent.ty);
        // The same tokens are the same type.
        (ty != parent_ty).then_some(())?;
        let (name, parent_name) = (&field.name, &parent.name);
        let message =
            format!("buffer `{name}` of `{{Self}}` aliases `{parent_name}` of `{{Parent}}` [SB006]");
        let element = quote_spanned! {span(ty)=>
            <#ty as __private::BufferField>::Element
        };
        let parent_element = quote!(<#parent_ty as __private::BufferField>::Element);
        Some(quote! {
            {
                #[diagnostic::on_unimplemented(
                    message = #message,
                    label = "another element type",
                    note = "an alias reuses its parent's storage, so both hold the same element type"
                )]
                trait #same<Parent> {}
                impl<T> #same<T> for T {}
                fn assert<Child: #same<Parent>, Parent>() {}
                assert::<#element, #parent_element>();
            }
        })
    });
    quote!(#(#assertions)*)
}
