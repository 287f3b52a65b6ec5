//! The pipeline: parse, check, expand.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::check::check;
use crate::diag::Report;
use crate::expand::{expand, fallback};
use crate::parse::parse;

/// The implementation for the derive's input, or what is wrong with it.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut report = Report::default();
    let declaration = parse(input, &mut report);
    let assertions = check(&declaration, &mut report);
    if report.is_empty() {
        expand(&declaration, &assertions)
    } else {
        let mut output = report.into_compile_errors();
        output.extend(fallback(&declaration));
        output
    }
}
