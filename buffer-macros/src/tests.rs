//! The whole derive on given tokens: what it expands to, and that no name can change its meaning.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};

use crate::corpus;
use crate::derive::derive;

fn pretty(output: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(output).unwrap())
}

/// The struct and what the derive makes of it.
macro_rules! assert_expansion {
    ($name:literal, $input:expr) => {{
        let input: TokenStream = $input;
        let output = format!("{}\n{}", pretty(input.clone()), pretty(derive(input)));
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, output);
        });
    }};
}

/// A factory with every kind of buffer, whose sizes are known at run time.
fn fields() -> TokenStream {
    quote! {
        #[buffers(
            vars(n >= 1, 2 <= stages <= 16),
            phases(start, loop stage { base, solve, feval }, finish)
        )]
        pub struct DirkStep {
            pub n: usize,
            pub stages: u32,
            pub adaptive: bool,
            #[buffer(size = n * (stages - 1), location = "shared", live = [start, "finish"])]
            pub accumulator: Buffer,
            #[buffer(size = n, aliases = "accumulator", zero, live = base..=solve)]
            pub stage_base: Buffer,
            #[buffer(size = if adaptive { max(n, WIDTH) } else { 0 }, location = auto)]
            pub error: Buffer<f64>,
            #[buffer(size = 2, location = "local", persistent)]
            pub r#type: Buffer<i32>,
            #[child(call = "solve")]
            pub solver: NewtonKrylov,
        }
    }
}

/// A factory whose sizes the compiler knows.
fn parameters() -> TokenStream {
    quote! {
        #[buffers(prefix = "linear", crate = scratch, vars(N >= 1))]
        struct Solver<'a, T: Element, const N: ::core::primitive::usize = 3> where T: Copy {
            name: &'a str,
            #[buffer(size = max(N, WIDTH), location = "local")]
            store: Buffer<T>,
            #[buffer(size = N, aliases = store, overflow = "own")]
            first: Buffer<T>,
            #[buffer(size = WIDTH, aliases = store)]
            second: Buffer<T>,
        }
    }
}

fn faulty() -> TokenStream {
    quote! {
        struct Faulty<T> {
            n: usize,
            #[buffer(size = n, aliases = "stor", location = "local")]
            first: Buffer<T>,
        }
    }
}

#[test]
fn sizes_over_fields_expand() {
    assert_expansion!("fields", fields());
}

#[test]
fn sizes_over_parameters_expand() {
    assert_expansion!("parameters", parameters());
}

#[test]
fn a_unit_struct_expands() {
    assert_expansion!(
        "unit",
        quote!(
            struct Nothing;
        )
    );
}

#[test]
fn a_fault_leaves_a_fallback() {
    assert_expansion!("fallback", faulty());
}

/// Paths that another item of the user's could capture.
struct Hygiene {
    faults: Vec<String>,
}

impl<'ast> Visit<'ast> for Hygiene {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let first = path.segments.first().unwrap().ident.to_string();
        let text = path.to_token_stream().to_string();
        if first == "Self" && path.segments.len() > 1 {
            self.faults
                .push(format!("`{text}` can mean another item; write `<Self as Trait>::...`"));
        }
        let prelude =
            ["std", "core", "Option", "Some", "None", "Result", "Ok", "Err", "Vec", "str"];
        let primitives = ["usize", "i128", "bool", "u8"];
        if path.leading_colon.is_none()
            && prelude.iter().chain(&primitives).any(|name| *name == first)
        {
            self.faults.push(format!("`{text}` is not absolute"));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.leading_colon.is_none() {
            self.faults.push(format!("`{}!` is not absolute", call.path.to_token_stream()));
        }
        visit::visit_macro(self, call);
    }
}

fn hygiene_faults(output: TokenStream) -> Vec<String> {
    let mut hygiene = Hygiene { faults: Vec::new() };
    hygiene.visit_file(&syn::parse2(output).unwrap());
    hygiene.faults
}

#[test]
fn no_name_of_the_user_changes_the_expansion() {
    for input in [
        fields(),
        parameters(),
        quote!(
            struct Nothing;
        ),
        faulty(),
    ] {
        assert_eq!(hygiene_faults(derive(input)), [""; 0]);
    }
}

#[test]
fn the_hygiene_check_sees_faults() {
    let faults = hygiene_faults(quote! {
        fn f() -> Option<usize> { Self::g(vec![1]) }
    });
    assert_eq!(faults.len(), 4, "{faults:?}");
}

/// Everything stands in one anonymous constant.
#[test]
fn nothing_is_added_to_the_module() {
    for input in [
        fields(),
        parameters(),
        quote!(
            struct Nothing;
        ),
    ] {
        let file: syn::File = syn::parse2(derive(input)).unwrap();
        assert!(
            matches!(file.items.as_slice(), [syn::Item::Const(item)] if item.ident == "_"),
            "{}",
            prettyplease::unparse(&file)
        );
    }
}

#[test]
fn long_and_deep_expressions_are_refused() {
    let long = vec!["n"; 2000].join(" + ");
    let deep = format!("{}n{}", "(".repeat(400), ")".repeat(400));
    let unary = format!("{}n", "!".repeat(2000));
    for size in [long, deep, unary] {
        let input = format!(
            "struct A {{ n: usize, #[buffer(size = {size}, location = \"local\")] a: Buffer }}"
        );
        let output = derive(input.parse().unwrap()).to_string();
        assert!(output.contains("is too long to be checked"), "{output}");
    }
}

/// The messages of the `compile_error!`s in the derive's output.
fn messages(output: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(output).unwrap();
    let errors = file.items.iter().filter_map(|item| match item {
        syn::Item::Macro(item) => syn::parse2::<syn::LitStr>(item.mac.tokens.clone()).ok(),
        _ => None,
    });
    errors.map(|message| message.value()).collect()
}

/// The messages in what the compiler prints, but for its own, which have codes.
fn printed(text: &str) -> Vec<String> {
    let blocks = text.split("\n\n").filter_map(|block| block.trim_start().strip_prefix("error: "));
    blocks
        .map(|block| {
            let lines = block.lines().take_while(|line| !line.trim_start().starts_with("--> "));
            lines.map(str::trim_start).collect::<Vec<_>>().join("\n")
        })
        .collect()
}

/// What is pinned with the compiler holds without it, too: no version of it changes these words.
#[test]
fn pinned_cases_say_what_is_pinned() {
    let mut compared = 0;
    for file in corpus::sources("fail") {
        // What a macro makes, only the compiler knows.
        if std::fs::read_to_string(&file).unwrap().contains("macro_rules!") {
            continue;
        }
        let declarations = corpus::declarations(&file).into_iter();
        let mut found: Vec<_> = declarations.flat_map(|input| messages(derive(input))).collect();
        let mut pinned = printed(&std::fs::read_to_string(file.with_extension("stderr")).unwrap());
        found.sort();
        pinned.sort();
        assert_eq!(found, pinned, "{}", file.display());
        compared += found.len();
    }
    assert!(compared > 200, "{compared} messages");
    for file in corpus::sources("pass") {
        // What is left out, too.
        if std::fs::read_to_string(&file).unwrap().contains("cfg(") {
            continue;
        }
        for input in corpus::declarations(&file) {
            assert_eq!(messages(derive(input)), [""; 0], "{}", file.display());
        }
    }
}
