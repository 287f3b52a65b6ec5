//! The declarations of the pinned cases.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};

/// The files of the cases below a folder of them, in one order everywhere.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests/tests/ui");
    sources_below(&cases.join(folder))
}

fn sources_below(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources_below(folder))).collect()
}

/// What the derive stands on in a file, as the derive gets it: without the `#[derive(...)]`.
pub(crate) fn declarations(file: &Path) -> Vec<TokenStream> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = Declarations(Vec::new());
    found.visit_file(&syn::parse_file(&text).unwrap());
    found.0
}

struct Declarations(Vec<TokenStream>);

impl Visit<'_> for Declarations {
    fn visit_item(&mut self, item: &syn::Item) {
        visit::visit_item(self, item);
        let mut item = item.clone();
        let attributes = match &mut item {
            syn::Item::Struct(item) => &mut item.attrs,
            syn::Item::Enum(item) => &mut item.attrs,
            syn::Item::Union(item) => &mut item.attrs,
            _ => return,
        };
        let count = attributes.len();
        attributes.retain(|attribute| !attribute.path().is_ident("derive"));
        if attributes.len() < count {
            self.0.push(item.into_token_stream());
        }
    }
}
