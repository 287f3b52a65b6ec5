//! The body of `entries`: sizes and places of an instance.
//!
//! What the declaration says is a text, which is read at run time: to the compiler it is one literal.
//! Beside it stands what only the compiler knows: the fields, and the values that sizes are made of.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::postfix::Sizes;
use super::{live_ranges, types};
use crate::model::{Buffer, Declaration, Field, Kind, Overflow};

pub(super) fn expand(declaration: &Declaration) -> TokenStream {
    let mut sizes = Sizes::default();
    let mut bounds = Vec::new();
    for bound in &declaration.bounds {
        if let Some(field) = declaration.field(&bound.variable)
            && matches!(field.kind, Kind::Plain)
        {
            sizes.bounded(field, &bound.variable);
            bounds.push(bound.to_string());
        }
    }
    let (mut lines, mut idents, mut field_types) = (Vec::new(), Vec::new(), Vec::new());
    for (field, buffer) in declaration.buffers() {
        lines.push(line(field, buffer, &mut sizes));
        idents.push(&field.ident);
        field_types.push(&field.ty);
    }
    let (bounds, lines, values) = (bounds.join("\n"), lines.join("\n"), sizes.values);
    let types = types::expand(declaration);
    quote! {
        #types
        __private::entries(
            self,
            #bounds,
            #lines,
            &[#(__private::field::<#field_types>(&self.#idents)),*],
            &[#(#values),*],
        )
    }
}

/// What is said of a buffer: its name, its size, and its keys.
fn line(field: &Field, buffer: &Buffer, sizes: &mut Sizes) -> String {
    let mut line = field.name.clone();
    line.push(' ');
    if let Some(size) = &buffer.size {
        sizes.size(&mut line, field, size);
    }
    // An alias follows its root, also where the root is moved at run time.
    if let Some(alias) = &buffer.aliases {
        line.push_str(" aliases=");
        line.push_str(&alias.value.unraw().to_string());
    } else if let Some(location) = &buffer.location {
        line.push(' ');
        line.push_str(location.value.name());
    }
    if buffer.overflow.as_ref().is_some_and(|way| way.value == Overflow::Own) {
        line.push_str(" own");
    }
    for (key, given) in [
        (" persistent", &buffer.persistent),
        (" zero", &buffer.zero),
        (" handoff", &buffer.handoff),
    ] {
        if given.is_some() {
            line.push_str(key);
        }
    }
    let ranges = field.ranges();
    if !ranges.is_empty() {
        line.push_str(" live=");
        line.push_str(&live_ranges(ranges));
    }
    for part in &buffer.parts {
        line.push_str(" part=");
        sizes.term(&mut line, &part.start.term);
        line.push(':');
        sizes.term(&mut line, &part.end.term);
        line.push(':');
        line.push_str(&live_ranges(&part.live.value));
    }
    line
}
