//! The body of `entries`: sizes and places of an instance.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, Ident, Path, Stmt};

use super::{at, constants, live_ranges, local, option, types};
use crate::model::{
    Buffer, Condition, Declaration, Field, Kind, Location, Operator, Overflow, Relation, Size, Term,
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
        let parts = buffer.parts.iter().map(|part| {
            let (name, live) = (&field.name, live_ranges(&part.live.value));
            let [start, end] = [&part.start, &part.end].map(|end| term(krate, &end.term));
            quote!(#entries.part(#name, #start, #end, #live);)
        });
        Some(quote! {
            #entries.buffer::<#ty>(&self.#ident, &#declared, #size);
            #(#parts)*
        })
    });
    let types = types::expand(declaration);
    quote! {
        #types
        const { <Self as #krate::__private::Checked>::CHECK };
        let mut #entries = #krate::__private::Entries::new(#count);
        #(#bounds)*
        #(#buffers)*
        #entries.finish(self)
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
    let live = live_ranges(field.ranges());
    let handoff = buffer.handoff.is_some();
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
            live: #live,
            handoff: #handoff,
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

/// A condition. What is no `bool` is shown where it stands.
fn truth(krate: &Path, span: Span, value: TokenStream) -> TokenStream {
    quote_spanned!(span=> #krate::__private::truth(#value))
}

/// The size, computed when the factory is registered.
fn size(declaration: &Declaration, field: &Field, size: &Size) -> TokenStream {
    if size.at_run_time {
        term(&declaration.krate, &size.term)
    } else {
        let constant = constants::size_of(&field.ident);
        widen(&declaration.krate, field.ident.span(), constant)
    }
}

/// The value of a term. Both branches of an `if` are computed, which nothing can see: what stands in
/// them overflows to `None` at most, and constants are the compiler's in any branch.
fn term(krate: &Path, expr: &Term) -> TokenStream {
    match expr {
        Term::Integer(value) => quote!(::core::option::Option::Some(#value)),
        Term::Field(field) => widen(krate, field.span(), field_of_self(field)),
        Term::Parameter(parameter) => widen(krate, parameter.span(), quote!(#parameter)),
        // In a constant, what panics is an error of the compiler's.
        Term::Constant(expr) => widen(krate, expr.span(), in_const(expr, krate)),
        Term::Binary(operator, left, right) => {
            let (left, right) = (term(krate, left), term(krate, right));
            let function = match operator {
                Operator::Add => quote!(add),
                Operator::Sub => quote!(sub),
                Operator::Mul => quote!(mul),
                Operator::Max => quote!(larger),
                Operator::Min => quote!(smaller),
            };
            quote!(#krate::__private::#function(#left, #right))
        }
        Term::If(test, then, otherwise) => {
            let test = condition(krate, test);
            let (then, otherwise) = (term(krate, then), term(krate, otherwise));
            quote!(#krate::__private::select(#test, #then, #otherwise))
        }
    }
}

/// A block of the compiler's, in which the expression stands as a statement does: `{ 1 } + K` alone
/// would be two of them.
fn in_const(expr: &Expr, krate: &Path) -> TokenStream {
    let value = Stmt::Expr(constants::constant(expr, krate), None);
    quote_spanned!(expr.span()=> const { #value })
}

/// The value of a condition, as an `Option<bool>`.
fn condition(krate: &Path, test: &Condition) -> TokenStream {
    match test {
        Condition::Compare(relation, left, right) => {
            let (left, right) = (term(krate, left), term(krate, right));
            let is = match relation {
                Relation::Equal => quote!(is_eq),
                Relation::NotEqual => quote!(is_ne),
                Relation::Less => quote!(is_lt),
                Relation::LessOrEqual => quote!(is_le),
                Relation::Greater => quote!(is_gt),
                Relation::GreaterOrEqual => quote!(is_ge),
            };
            quote! {
                #krate::__private::compare(#left, #right).map(::core::cmp::Ordering::#is)
            }
        }
        Condition::And(left, right) => {
            let (left, right) = (condition(krate, left), condition(krate, right));
            quote!(#krate::__private::and(#left, #right))
        }
        Condition::Or(left, right) => {
            let (left, right) = (condition(krate, left), condition(krate, right));
            quote!(#krate::__private::or(#left, #right))
        }
        Condition::Not(inner) => {
            let inner = condition(krate, inner);
            quote!(#inner.map(::core::ops::Not::not))
        }
        Condition::Field(field) => truth(krate, field.span(), field_of_self(field)),
        Condition::Constant(expr) => truth(krate, expr.span(), in_const(expr, krate)),
    }
}
