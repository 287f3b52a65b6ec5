//! The derive of `buffer-core`.

use proc_macro::TokenStream;

/// Declares the scratch memory of a factory.
#[proc_macro_derive(Buffers, attributes(buffers, buffer, child))]
pub fn derive_buffers(input: TokenStream) -> TokenStream {
    let _ = input;
    TokenStream::new()
}
