//! The body of `entries`: sizes and places of an instance.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Path};

use super::{at, constants, local, option, types};
use crate::model::{
    Buffer, Condition, Declaration, Field, Kind, Location, Operator, Overflow, Size, Term,
};

pub(super) fn expand(declaration: &Declaration) -> TokenStream {
    let krate = &declaration.krate;
    let entries = local("entries");
    let count = declaration.buffers().count();
    let bounds = declaration.bounds.iter().filter_map(|bound| {
        let field = declaration.field(&bound.variable)?;
        matches!(field.kind, Kind::Plain).then_some(())?;
        let (variable, name) = (at(&field.ident, bound.variable.span()), &field.name);
        let (least, most) = (bound.least, option(bound.most));
        let text = bound.to_string();
        let value = widen(krate, variable.span(), field_of_self(&variable));
        Some(quote!(#entries.bound(#name, #value, #least, #most, #text);))
    });
    let buffers = declaration.buffers().filter_map(|(field, buffer)| {
        let size = size(declaration, field, buffer.size.as_ref()?);
        let declared = declared(declaration, field, buffer);
        let (ident, ty) = (&field.ident, &field.ty);
        Some(quote! {
            #entries.buffer::<#ty>(&self.#ident, #declared, || #size);
        })
    });
    let types = types::expand(declaration);
    quote! {
        #types
        const { <Self as #krate::__private::Checked>::CHECK };
        let mut #entries = #krate::__private::Entries::new(#count);
        #(#bounds)*
        #(#buffers)*
        #entries.finish(<Self as #krate::Buffers>::prefix(self))
    }
}

fn declared(declaration: &Declaration, field: &Field, buffer: &Buffer) -> TokenStream {
    let krate = &declaration.krate;
    let name = &field.name;
    // An alias follows its root, also where the root is moved at run time.
    let location = buffer.location.as_ref().filter(|_| buffer.aliases.is_none());
    let location = option(location.map(|location| {
        let place = match location.value {
            Location::Shared => quote!(Shared),
            Location::Local => quote!(Local),
            Location::Auto => quote!(Auto),
        };
        quote!(#krate::Location::#place)
    }));
    let aliases = buffer.aliases.as_ref().map(|alias| alias.value.unraw().to_string());
    let aliases = option(aliases.map(|parent| quote!(#parent)));
    let persistent = buffer.persistent.is_some();
    let zero = buffer.zero.is_some();
    let overflow = match buffer.overflow.as_ref().map(|overflow| overflow.value) {
        None | Some(Overflow::Error) => quote!(Error),
        Some(Overflow::Own) => quote!(Own),
    };
    quote! {
        #krate::__private::Declared {
            name: #name,
            location: #location,
            persistent: #persistent,
            aliases: #aliases,
            overflow: #krate::Overflow::#overflow,
            zero: #zero,
        }
    }
}

/// `self.field`, all of it where the name stands, but with the `self` of our function.
fn field_of_self(field: &Ident) -> TokenStream {
    let this = Ident::new("self", Span::call_site().located_at(field.span()));
    quote_spanned!(field.span()=> #this.#field)
}

/// A value, wide. What is no integer is shown where it stands.
fn widen(krate: &Path, span: Span, value: TokenStream) -> TokenStream {
    quote_spanned!(span=> #krate::__private::widen(#value))
}

/// The size as an `Option<i128>`, which is nothing where it overflows.
fn size(declaration: &Declaration, field: &Field, size: &Size) -> TokenStream {
    let krate = &declaration.krate;
    if !size.at_run_time {
        let constant = widen(krate, field.ident.span(), constants::size_of(&field.ident));
        return option(Some(constant));
    }
    match &size.term {
        // What can overflow is an `Option` already.
        Term::Binary(operator, left, right) if operator.can_overflow() => {
            operation(declaration, *operator, left, right)
        }
        other => option(Some(term(declaration, other))),
    }
}

/// The value of a term as an `i128`, where `?` leaves on overflow.
fn term(declaration: &Declaration, expr: &Term) -> TokenStream {
    let krate = &declaration.krate;
    match expr {
        Term::Integer(value) => quote!(#value),
        Term::Field(field) => widen(krate, field.span(), field_of_self(field)),
        Term::Parameter(parameter) => widen(krate, parameter.span(), quote!(#parameter)),
        Term::Constant(constant) => widen(krate, constant.span(), quote!(#constant)),
        Term::Binary(operator, left, right) => {
            let value = operation(declaration, *operator, left, right);
            if operator.can_overflow() { quote!(#value?) } else { value }
        }
        Term::If(test, then, otherwise) => {
            let test = condition(declaration, test);
            let (then, otherwise) = (term(declaration, then), term(declaration, otherwise));
            quote!(if #test { #then } else { #otherwise })
        }
    }
}

/// The result of an operation: an `Option<i128>` where it can overflow, else an `i128`.
fn operation(
    declaration: &Declaration,
    operator: Operator,
    left: &Term,
    right: &Term,
) -> TokenStream {
    let krate = &declaration.krate;
    let (left, right) = (term(declaration, left), term(declaration, right));
    match operator {
        Operator::Add => quote!(#krate::__private::add(#left, #right)),
        Operator::Sub => quote!(#krate::__private::sub(#left, #right)),
        Operator::Mul => quote!(#krate::__private::mul(#left, #right)),
        Operator::Max => quote!(::core::cmp::Ord::max(#left, #right)),
        Operator::Min => quote!(::core::cmp::Ord::min(#left, #right)),
    }
}

fn condition(declaration: &Declaration, test: &Condition) -> TokenStream {
    match test {
        Condition::Compare(operator, left, right) => {
            let (left, right) = (term(declaration, left), term(declaration, right));
            quote!((#left #operator #right))
        }
        Condition::And(left, right) => {
            let (left, right) = (condition(declaration, left), condition(declaration, right));
            quote!((#left && #right))
        }
        Condition::Or(left, right) => {
            let (left, right) = (condition(declaration, left), condition(declaration, right));
            quote!((#left || #right))
        }
        Condition::Not(inner) => {
            let inner = condition(declaration, inner);
            quote!(!#inner)
        }
        Condition::Field(field) => field_of_self(field),
        Condition::Constant(constant) => quote!(#constant),
    }
}
