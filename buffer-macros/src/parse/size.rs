//! Size expressions: what they mean, as far as the derive understands them.
//!
//! A part that names no field may be anything that Rust allows: the compiler knows its value. A part
//! that names a field is evaluated by us, so it is made of what we can check.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprCall, ExprLit, ExprPath, Ident, Lit, LitInt, Stmt, UnOp};

use crate::diag::{Problem, Report};
use crate::model::{Condition, Operator, Relation, Size, Term};

/// The most elements of a buffer: the bytes of 64 lanes of the widest element can be addressed.
pub(crate) const MOST_ELEMENTS: u64 = i64::MAX.unsigned_abs() / (8 * 64);

/// What the names in a struct's size expressions mean.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The plain fields.
    pub(crate) plain: Vec<String>,
    /// The other fields, and what they are.
    pub(crate) other: Vec<(String, &'static str)>,
    /// The const parameters.
    pub(crate) parameters: Vec<Ident>,
}

/// Reads the size of the buffer `name`; nothing where a problem was reported.
pub(crate) fn parse_size(
    expr: &Expr,
    name: &str,
    scope: &Scope,
    report: &mut Report,
) -> Option<Size> {
    if let Some(problem) = check_literal(expr, name) {
        report.push(expr, problem);
        return None;
    }
    let mut reader = Reader { scope, problem: None };
    let term = reader.term(expr);
    if let Some((at, problem)) = reader.problem {
        report.error(syn::Error::new_spanned(at, problem));
        return None;
    }
    Some(Size { expr: expr.clone(), term, at_run_time: scope.names_field(expr) })
}

/// SB012: a size that is a literal is an unsigned integer.
fn check_literal(expr: &Expr, name: &str) -> Option<Problem> {
    let (sign, literal) = match inside(expr) {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => ("-", inside(&unary.expr)),
        other => ("", other),
    };
    let Expr::Lit(ExprLit { lit, .. }) = literal else {
        return None;
    };
    let name = name.to_owned();
    match lit {
        Lit::Int(value) if sign.is_empty() => {
            let fits = value.base10_parse::<u64>().is_ok_and(|value| value <= MOST_ELEMENTS);
            (!fits).then_some(Problem::OverflowingSize { name })
        }
        Lit::Int(value) => {
            Some(Problem::NegativeSize { name, value: format!("-{}", value.base10_digits()) })
        }
        Lit::Str(_) => Some(Problem::StringSize { name }),
        other => {
            let value = format!("{sign}{}", other.to_token_stream());
            Some(Problem::NotAnInteger { name, value })
        }
    }
}

/// The expression without the parentheses around it.
fn inside(mut expr: &Expr) -> &Expr {
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    expr
}

impl Scope {
    /// Whether the expression names a field of the struct.
    fn names_field(&self, expr: &Expr) -> bool {
        let mut search = FieldSearch { scope: self, found: false };
        search.visit_expr(expr);
        search.found
    }

    fn is_plain(&self, name: &str) -> bool {
        self.plain.iter().any(|field| field == name)
    }

    fn kind_of_other(&self, name: &str) -> Option<&'static str> {
        self.other.iter().find(|(other, _)| other == name).map(|(_, kind)| *kind)
    }
}

struct FieldSearch<'a> {
    scope: &'a Scope,
    found: bool,
}

impl Visit<'_> for FieldSearch<'_> {
    /// `n(2)` calls a function, also where there is a field `n`.
    fn visit_expr_call(&mut self, call: &ExprCall) {
        if !matches!(&*call.func, Expr::Path(_)) {
            self.visit_expr(&call.func);
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_path(&mut self, path: &ExprPath) {
        if let Some(ident) = bare_name(path) {
            let name = ident.unraw().to_string();
            self.found |= self.scope.is_plain(&name) || self.scope.kind_of_other(&name).is_some();
        }
        visit::visit_expr_path(self, path);
    }
}

/// The identifier of a path that is nothing else.
fn bare_name(path: &ExprPath) -> Option<&Ident> {
    if path.qself.is_none() { path.path.get_ident() } else { None }
}

struct Reader<'a> {
    scope: &'a Scope,
    /// The first thing that a size cannot use; one expression is one mistake.
    problem: Option<(proc_macro2::TokenStream, Problem)>,
}

impl Reader<'_> {
    fn term(&mut self, expr: &Expr) -> Term {
        match expr {
            Expr::Paren(paren) => self.term(&paren.expr),
            Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => integer(literal, expr),
            Expr::Lit(_) => self.refuse(expr, expr, what_expression(expr)),
            Expr::Path(path) => self.name(path, expr),
            Expr::Binary(binary) => {
                let operator = match binary.op {
                    BinOp::Add(_) => Operator::Add,
                    BinOp::Sub(_) => Operator::Sub,
                    BinOp::Mul(_) => Operator::Mul,
                    operator => return self.unsupported(operator, expr, what_operator(&operator)),
                };
                self.binary(operator, &binary.left, &binary.right)
            }
            Expr::Call(call) => {
                let operator = match &*call.func {
                    Expr::Path(path) => bare_name(path).and_then(Operator::of_function),
                    _ => None,
                };
                let mut arguments = call.args.iter();
                match (operator, arguments.next(), arguments.next(), arguments.next()) {
                    (Some(operator), Some(left), Some(right), None) => {
                        self.binary(operator, left, right)
                    }
                    _ => self.unsupported(&call.func, expr, "this call"),
                }
            }
            Expr::If(branch) => {
                let otherwise = branch.else_branch.as_ref().and_then(|(_, expr)| match &**expr {
                    Expr::Block(block) => value_of(&block.block),
                    other => Some(other),
                });
                match (value_of(&branch.then_branch), otherwise) {
                    (Some(then), Some(otherwise)) => Term::If(
                        Box::new(self.condition(&branch.cond)),
                        Box::new(self.term(then)),
                        Box::new(self.term(otherwise)),
                    ),
                    _ => self.unsupported(
                        branch.if_token,
                        expr,
                        "an `if` without `else`, or with statements",
                    ),
                }
            }
            Expr::Field(field) if is_self(&field.base) => {
                let field = field.member.to_token_stream().to_string();
                self.report(expr, Problem::SelfInSize { field });
                Term::Constant(expr.clone())
            }
            other => self.unsupported(first_edit(other), expr, what_expression(other)),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Expr, right: &Expr) -> Term {
        Term::Binary(operator, Box::new(self.term(left)), Box::new(self.term(right)))
    }

    fn name(&mut self, path: &ExprPath, expr: &Expr) -> Term {
        let Some(ident) = bare_name(path) else {
            return Term::Constant(expr.clone());
        };
        let name = ident.unraw().to_string();
        if self.scope.is_plain(&name) {
            Term::Field(ident.clone())
        } else if let Some(kind) = self.scope.kind_of_other(&name) {
            self.report(ident, Problem::SizeOfField { field: name, kind });
            Term::Constant(expr.clone())
        } else if self.scope.parameters.contains(ident) {
            Term::Parameter(ident.clone())
        } else if syn::parse2::<Ident>(ident.to_token_stream()).is_err() {
            self.report(ident, Problem::UnsupportedSize { what: "this keyword" });
            Term::Constant(expr.clone())
        } else {
            Term::Constant(expr.clone())
        }
    }

    fn condition(&mut self, expr: &Expr) -> Condition {
        match expr {
            Expr::Paren(paren) => self.condition(&paren.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
                Condition::Not(Box::new(self.condition(&unary.expr)))
            }
            Expr::Binary(binary) => match binary.op {
                BinOp::And(_) => Condition::And(
                    Box::new(self.condition(&binary.left)),
                    Box::new(self.condition(&binary.right)),
                ),
                BinOp::Or(_) => Condition::Or(
                    Box::new(self.condition(&binary.left)),
                    Box::new(self.condition(&binary.right)),
                ),
                operator => match relation(&operator) {
                    Some(relation) => Condition::Compare(
                        relation,
                        self.term(&binary.left),
                        self.term(&binary.right),
                    ),
                    None => self.unsupported_condition(operator, expr),
                },
            },
            Expr::Path(path) => match self.name(path, expr) {
                Term::Field(field) => Condition::Field(field),
                _ => Condition::Constant(expr.clone()),
            },
            other => self.unsupported_condition(first_edit(other), expr),
        }
    }

    /// What names no field is the compiler's to refuse.
    fn unsupported(&mut self, at: impl ToTokens, expr: &Expr, what: &'static str) -> Term {
        if self.scope.names_field(expr) {
            return self.refuse(at, expr, what);
        }
        Term::Constant(expr.clone())
    }

    fn refuse(&mut self, at: impl ToTokens, expr: &Expr, what: &'static str) -> Term {
        self.report(at, Problem::UnsupportedSize { what });
        Term::Constant(expr.clone())
    }

    fn unsupported_condition(&mut self, at: impl ToTokens, expr: &Expr) -> Condition {
        let is_number =
            matches!(expr, Expr::Lit(ExprLit { lit, .. }) if !matches!(lit, Lit::Bool(_)));
        if is_number || self.scope.names_field(expr) {
            self.report(at, Problem::UnsupportedSize { what: "this condition" });
        }
        Condition::Constant(expr.clone())
    }

    fn report(&mut self, at: impl ToTokens, problem: Problem) {
        self.problem.get_or_insert((at.into_token_stream(), problem));
    }
}

fn is_self(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident("self"))
}

fn integer(literal: &LitInt, expr: &Expr) -> Term {
    match literal.base10_parse::<u64>() {
        Ok(value) => Term::Integer(value.into()),
        // Out of range: the compiler refuses it wherever it stands.
        Err(_) => Term::Constant(expr.clone()),
    }
}

/// The value of a block that is one expression.
fn value_of(block: &Block) -> Option<&Expr> {
    match block.stmts.as_slice() {
        [Stmt::Expr(expr, None)] => Some(expr),
        _ => None,
    }
}

fn relation(operator: &BinOp) -> Option<Relation> {
    Some(match operator {
        BinOp::Eq(_) => Relation::Equal,
        BinOp::Ne(_) => Relation::NotEqual,
        BinOp::Lt(_) => Relation::Less,
        BinOp::Le(_) => Relation::LessOrEqual,
        BinOp::Gt(_) => Relation::Greater,
        BinOp::Ge(_) => Relation::GreaterOrEqual,
        _ => return None,
    })
}

fn what_operator(operator: &BinOp) -> &'static str {
    match operator {
        BinOp::Div(_) => "division",
        BinOp::Rem(_) => "a remainder",
        BinOp::Shl(_) | BinOp::Shr(_) => "a shift",
        _ => "this operator",
    }
}

fn what_expression(expr: &Expr) -> &'static str {
    match expr {
        Expr::Cast(_) => "a cast",
        Expr::MethodCall(_) => "a method call",
        Expr::Field(_) => "`.`: name the field alone",
        Expr::Unary(_) => "this operator",
        Expr::Block(_) => "a block",
        Expr::Range(_) => "a range",
        Expr::Lit(_) => "this literal",
        _ => "this expression",
    }
}

/// The smallest token to change.
fn first_edit(expr: &Expr) -> proc_macro2::TokenStream {
    match expr {
        Expr::Cast(cast) => cast.as_token.to_token_stream(),
        Expr::MethodCall(call) => call.method.to_token_stream(),
        Expr::Field(field) => field.dot_token.to_token_stream(),
        Expr::Unary(unary) => unary.op.to_token_stream(),
        other => other.to_token_stream(),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Term;
    use crate::parse::size_of_fields;

    fn at_run_time(text: &str) -> bool {
        size_of_fields(text, &["n", "flag"]).unwrap().at_run_time
    }

    fn problem(text: &str) -> String {
        size_of_fields(text, &["n", "flag"]).unwrap_err().lines().next().unwrap().to_owned()
    }

    #[test]
    fn a_field_makes_a_size_known_at_run_time() {
        for text in ["n", "2 * (n + K)", "if flag { 1 } else { 2 }", "max(1, n)", "K * (N / 2) + n"]
        {
            assert!(at_run_time(text), "{text}");
        }
        for text in ["3", "K", "N * K", "n()", "Self::n", "module::n", "K.n", "size_of::<n>()"] {
            assert!(!at_run_time(text), "{text}");
        }
    }

    #[test]
    fn what_names_no_field_is_left_to_the_compiler() {
        let size = size_of_fields("K / 2 + { let m = 3; m } as usize", &["n"]).unwrap();
        assert!(matches!(size.term, Term::Binary(..)));
        assert!(matches!(size_of_fields("K / 2", &["n"]).unwrap().term, Term::Constant(_)));
    }

    #[test]
    fn what_cannot_be_checked_over_fields_is_refused() {
        let problems = [
            ("n / 2", "a size cannot use division"),
            ("3 + n % 2", "a size cannot use a remainder"),
            ("n << 1", "a size cannot use a shift"),
            ("n ^ 1", "a size cannot use this operator"),
            ("-n", "a size cannot use this operator"),
            ("n as usize", "a size cannot use a cast"),
            ("n.pow(2)", "a size cannot use a method call"),
            ("K.pow(n)", "a size cannot use a method call"),
            ("n.0", "a size cannot use `.`: name the field alone"),
            ("crate", "a size cannot use this keyword"),
            ("if n > self { n } else { Self }", "a size cannot use this keyword"),
            ("self.n", "a size cannot use `self`"),
            ("f(n)", "a size cannot use this call"),
            ("max(n)", "a size cannot use this call"),
            ("{ n }", "a size cannot use a block"),
            ("n..3", "a size cannot use a range"),
            ("if n > 2 { n }", "a size cannot use an `if` without `else`, or with statements"),
            ("if n + 1 { n } else { 0 }", "a size cannot use this condition"),
            ("if let 3 = n { n } else { 0 }", "a size cannot use this condition"),
            ("n * 2.5", "a size cannot use this literal"),
            ("max(n, true)", "a size cannot use this literal"),
            ("if 1 { n } else { 0 }", "a size cannot use this condition"),
            ("[n; 3]", "a size cannot use this expression"),
        ];
        for (text, expected) in problems {
            assert_eq!(problem(text), expected, "{text}");
        }
    }

    #[test]
    fn a_literal_is_an_unsigned_integer() {
        let problems = [
            ("-3", "the size of buffer `buffer` is -3 [SB012]"),
            ("2.5", "the size of buffer `buffer` is 2.5 [SB012]"),
            ("(2.5)", "the size of buffer `buffer` is 2.5 [SB012]"),
            ("(-(3))", "the size of buffer `buffer` is -3 [SB012]"),
            ("(\"n\")", "the size of buffer `buffer` is a string [SB012]"),
            ("-2.5", "the size of buffer `buffer` is -2.5 [SB012]"),
            ("true", "the size of buffer `buffer` is true [SB012]"),
            ("'c'", "the size of buffer `buffer` is 'c' [SB012]"),
            ("\"n\"", "the size of buffer `buffer` is a string [SB012]"),
            ("18014398509481984", "the size of buffer `buffer` overflows [SB012]"),
            ("0xffff_ffff_ffff_ffff_ffff", "the size of buffer `buffer` overflows [SB012]"),
        ];
        for (text, expected) in problems {
            assert_eq!(problem(text), expected, "{text}");
        }
        assert!(size_of_fields("18014398509481983", &[]).is_ok());
    }
}
