//! The pipeline: parse, check, expand.

use std::panic::{UnwindSafe, catch_unwind};

use proc_macro2::{Span, TokenStream};
use syn::DeriveInput;

use crate::check::check;
use crate::diag::Report;
use crate::expand::{expand, fallback};
use crate::parse::parse;

/// The derive, where a panic, too, is a message.
pub(crate) fn derive_or_report(input: TokenStream) -> TokenStream {
    report_panic(|| derive(input))
}

fn report_panic(work: impl FnOnce() -> TokenStream + UnwindSafe) -> TokenStream {
    catch_unwind(work).unwrap_or_else(|_| {
        let message = "internal error in `#[derive(Buffers)]`\nhelp: this is a bug in \
                       buffer-macros; please report it with the declaration";
        syn::Error::new(Span::call_site(), message).to_compile_error()
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_message() {
        let output = report_panic(|| panic!("on purpose")).to_string();
        assert!(output.contains("internal error"), "{output}");
        assert!(output.contains("please report it"), "{output}");
    }
}
