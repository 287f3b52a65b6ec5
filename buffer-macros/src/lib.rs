//! The derive of `buffer-core`.

mod check;
mod derive;
mod diag;
mod expand;
mod keys;
mod model;
mod names;
mod parse;
mod polynomial;
mod proof;
#[cfg(test)]
mod tests;

use std::panic::catch_unwind;

use proc_macro::TokenStream;

/// Declares the scratch memory of a factory.
#[proc_macro_derive(Buffers, attributes(buffers, buffer, child))]
pub fn derive_buffers(input: TokenStream) -> TokenStream {
    let input = proc_macro2::TokenStream::from(input);
    catch_unwind(|| derive::derive(input))
        .unwrap_or_else(|_| {
            let message = "internal error in `#[derive(Buffers)]`\nhelp: this is a bug in \
                           buffer-macros; please report it with the declaration";
            syn::Error::new(proc_macro2::Span::call_site(), message).to_compile_error()
        })
        .into()
}
