//! Sizes that are computed when the factory is registered, in postfix: `n * (stages - 1)` is
//! `$0,$1,1,-,*`, where `$0` and `$1` are the values of `n` and `stages`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Stmt};

use super::{at, constants, local};
use crate::model::{Condition, Field, Operator, Relation, Size, Term};

/// Writes sizes, and collects the values that they are made of.
#[derive(Default)]
pub(super) struct Sizes {
    pub(super) values: Vec<TokenStream>,
    /// Fields and parameters with a value, and its place: that one is no integer is told once.
    known: Vec<(Ident, usize)>,
}

impl Sizes {
    /// Adds the value of a field, in the place that bounds it.
    pub(super) fn bounded(&mut self, field: &Field, variable: &Ident) {
        let variable = at(&field.ident, variable.span());
        let value = field_of_self(&variable);
        self.known.push((variable.clone(), self.values.len()));
        self.values.push(call(WIDEN, variable.span(), value));
    }

    /// Writes the size of a buffer.
    pub(super) fn size(&mut self, text: &mut String, field: &Field, size: &Size) {
        if size.at_run_time {
            self.term(text, &size.term);
        } else if let Some(value) = constants::literal(size) {
            text.push_str(&value.to_string());
        } else {
            let constant = constants::size_of(&field.ident);
            self.value(text, WIDEN, field.ident.span(), constant);
        }
    }

    /// Writes a term. Both branches of an `if` are computed, which nothing can see: what stands in
    /// them overflows to nothing at most, and constants are the compiler's in any branch.
    pub(super) fn term(&mut self, text: &mut String, term: &Term) {
        match term {
            Term::Integer(value) => text.push_str(&value.to_string()),
            Term::Field(field) => self.named(text, field, field_of_self),
            Term::Parameter(parameter) => self.named(text, parameter, Ident::to_token_stream),
            // In a constant, what panics is an error of the compiler's.
            Term::Constant(expr) => self.value(text, WIDEN, expr.span(), in_const(expr)),
            Term::Binary(operator, left, right) => {
                self.term(text, left);
                text.push(',');
                self.term(text, right);
                text.push_str(match operator {
                    Operator::Add => ",+",
                    Operator::Sub => ",-",
                    Operator::Mul => ",*",
                    Operator::Max => ",max",
                    Operator::Min => ",min",
                });
            }
            Term::If(test, then, otherwise) => {
                self.condition(text, test);
                text.push(',');
                self.term(text, then);
                text.push(',');
                self.term(text, otherwise);
                text.push_str(",if");
            }
        }
    }

    fn condition(&mut self, text: &mut String, condition: &Condition) {
        match condition {
            Condition::Compare(relation, left, right) => {
                self.term(text, left);
                text.push(',');
                self.term(text, right);
                text.push_str(match relation {
                    Relation::Equal => ",==",
                    Relation::NotEqual => ",!=",
                    Relation::Less => ",<",
                    Relation::LessOrEqual => ",<=",
                    Relation::Greater => ",>",
                    Relation::GreaterOrEqual => ",>=",
                });
            }
            Condition::And(left, right) | Condition::Or(left, right) => {
                self.condition(text, left);
                text.push(',');
                self.condition(text, right);
                let is_and = matches!(condition, Condition::And(..));
                text.push_str(if is_and { ",&&" } else { ",||" });
            }
            Condition::Not(inner) => {
                self.condition(text, inner);
                text.push_str(",!");
            }
            Condition::Field(field) => self.value(text, TRUTH, field.span(), field_of_self(field)),
            Condition::Constant(expr) => self.value(text, TRUTH, expr.span(), in_const(expr)),
        }
    }

    /// Writes the value of a name, which stands beside the text once.
    fn named(&mut self, text: &mut String, name: &Ident, value: impl Fn(&Ident) -> TokenStream) {
        if let Some((_, index)) = self.known.iter().find(|(known, _)| known == name) {
            write_index(text, *index);
        } else {
            self.known.push((name.clone(), self.values.len()));
            self.value(text, WIDEN, name.span(), value(name));
        }
    }

    /// Writes a value, which stands beside the text.
    fn value(&mut self, text: &mut String, function: &'static str, span: Span, value: TokenStream) {
        write_index(text, self.values.len());
        self.values.push(call(function, span, value));
    }
}

/// What makes a value of an integer, and of a `bool`.
const WIDEN: &str = "widen";
const TRUTH: &str = "truth";

/// A call whose error, about what is no integer or no `bool`, is shown where the value stands.
fn call(function: &str, span: Span, value: TokenStream) -> TokenStream {
    let (private, function) = (local("private"), Ident::new(function, span));
    quote_spanned!(span=> #private::#function(#value))
}

/// `self.field`, all of it where the name stands, but with the `self` of our function.
fn field_of_self(field: &Ident) -> TokenStream {
    let this = Ident::new("self", Span::call_site().located_at(field.span()));
    quote_spanned!(field.span()=> #this.#field)
}

/// A block of the compiler's, in which the expression stands as a statement does: `{ 1 } + K` alone
/// would be two of them.
fn in_const(expr: &Expr) -> TokenStream {
    let value = Stmt::Expr(constants::constant(expr), None);
    quote_spanned!(expr.span()=> const { #value })
}

fn write_index(text: &mut String, index: usize) {
    text.push('$');
    text.push_str(&index.to_string());
}
