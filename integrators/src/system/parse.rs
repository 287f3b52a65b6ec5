//! From text to equations whose names are not yet resolved.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::error::{Excerpt, SystemError};
use super::expression::{Expression, Function, Operator};

mod grammar {
    //! The parser that `grammar.pest` describes.
    #![allow(missing_docs)]

    #[derive(pest_derive::Parser)]
    #[grammar = "system/grammar.pest"]
    pub(super) struct Grammar;
}

use grammar::{Grammar, Rule};

/// Parentheses and powers inside each other that the parser has room for on any stack.
const DEEPEST: usize = 100;

/// Operators of one equation: the depth of its tree is no more.
const LONGEST: usize = 1000;

/// A name as written, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) offset: usize,
}

/// One equation.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    pub(super) left: Left,
    pub(super) right: Expression<Name>,
    pub(super) offset: usize,
}

/// The left side of an equation.
#[derive(Debug, Clone)]
pub(super) enum Left {
    /// `d(x, t)`.
    Derivative(String),
    /// `dx` or the name of an auxiliary: the states tell which.
    Name(String),
}

/// Parses a list of equations.
pub(super) fn parse(text: &str) -> Result<Vec<Equation>, SystemError> {
    check_nesting(text)?;
    let mut parsed = Grammar::parse(Rule::system, text).map_err(|error| {
        let offset = match error.location {
            InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
        };
        let at = Excerpt::new(text, offset);
        SystemError::Syntax { expected: expected(&error.variant), at }
    })?;
    let parser = Builder { text, pratt: precedence() };
    parsed
        .next()
        .into_iter()
        .flat_map(Pair::into_inner)
        .filter(|pair| pair.as_rule() == Rule::equation)
        .map(|pair| parser.equation(pair))
        .collect()
}

/// Refuses equations that would exhaust the stack, in the parser or later.
fn check_nesting(text: &str) -> Result<(), SystemError> {
    let mut nesting = Nesting::default();
    let (mut start, mut in_comment) = (0, false);
    let mut characters = text.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        match character {
            '\n' | '\r' => in_comment = false,
            '#' => in_comment = true,
            _ => {}
        }
        match character {
            '\n' | '\r' => (nesting, start) = (Nesting::default(), offset + 1),
            _ if in_comment => {}
            ';' => (nesting, start) = (Nesting::default(), offset + 1),
            '*' if characters.next_if(|&(_, next)| next == '*').is_some() => nesting.take('^'),
            _ => nesting.take(character),
        }
        if nesting.depth() > DEEPEST || nesting.operators > LONGEST {
            return Err(SystemError::TooDeep { at: Excerpt::new(text, start) });
        }
    }
    Ok(())
}

/// How deep the parser is inside an equation.
#[derive(Default)]
struct Nesting {
    /// Parentheses around this place.
    parentheses: usize,
    /// Powers around this place: `x^y^z` is inside two, as is what follows in parentheses.
    powers: usize,
    /// The powers around each of the parentheses.
    outer_powers: Vec<usize>,
    operators: usize,
    /// Whether an operand has just ended, so that `-` is no sign.
    after_operand: bool,
    /// Whether the last word is a number, so that `-` after its `e` is part of it.
    in_number: bool,
    previous: Option<char>,
}

impl Nesting {
    fn depth(&self) -> usize {
        self.parentheses + self.powers
    }

    /// Goes on by one character that is in no comment.
    fn take(&mut self, character: char) {
        let previous = self.previous.replace(character);
        if is_of_word(character) && !previous.is_some_and(is_of_word) {
            self.in_number = character.is_ascii_digit() || character == '.';
        }
        let after_e = self.in_number && matches!(previous, Some('e' | 'E'));
        if after_e && matches!(character, '+' | '-') {
            return;
        }
        self.operators += usize::from("+-*/^".contains(character));
        match character {
            '(' => {
                self.parentheses += 1;
                self.outer_powers.push(self.powers);
            }
            ')' => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.powers = self.outer_powers.pop().unwrap_or_default();
            }
            '^' => self.powers += 1,
            // Whatever binds less than a power ends those that are not around the parentheses.
            '*' | '/' | ',' | '=' => self.end_powers(),
            '+' | '-' if self.after_operand => self.end_powers(),
            _ => {}
        }
        if !character.is_whitespace() {
            self.after_operand = !"+-*/^,=(".contains(character);
        }
    }

    fn end_powers(&mut self) {
        self.powers = self.outer_powers.last().copied().unwrap_or_default();
    }
}

fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.')
}

/// What could stand where the parser stopped.
fn expected(variant: &ErrorVariant<Rule>) -> String {
    let ErrorVariant::ParsingError { positives, .. } = variant else {
        return "an equation".to_owned();
    };
    let mut names: Vec<_> = positives.iter().map(|&rule| describe(rule)).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "an equation".to_owned(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}

fn describe(rule: Rule) -> &'static str {
    match rule {
        Rule::plus | Rule::minus | Rule::times | Rule::divided | Rule::power | Rule::operator => {
            "an operator"
        }
        Rule::sign
        | Rule::operand
        | Rule::primary
        | Rule::sum
        | Rule::parentheses
        | Rule::number
        | Rule::exponent
        | Rule::name
        | Rule::call => "an expression",
        Rule::equals => "`=`",
        Rule::time => "`t`",
        Rule::left | Rule::derivative | Rule::equation | Rule::system => "an equation",
        Rule::separator | Rule::EOI | Rule::WHITESPACE | Rule::COMMENT => "the end of the equation",
    }
}

fn precedence() -> PrattParser<Rule> {
    PrattParser::new()
        .op(Op::infix(Rule::plus, Assoc::Left) | Op::infix(Rule::minus, Assoc::Left))
        .op(Op::infix(Rule::times, Assoc::Left) | Op::infix(Rule::divided, Assoc::Left))
        .op(Op::prefix(Rule::sign))
        .op(Op::infix(Rule::power, Assoc::Right))
}

/// Turns the grammar's pairs into equations.
struct Builder<'t> {
    text: &'t str,
    pratt: PrattParser<Rule>,
}

impl Builder<'_> {
    fn equation(&self, equation: Pair<'_, Rule>) -> Result<Equation, SystemError> {
        let offset = equation.as_span().start();
        let syntax = |expected: &str| SystemError::Syntax {
            expected: expected.to_owned(),
            at: Excerpt::new(self.text, offset),
        };
        let mut parts = equation.into_inner();
        let left = parts.next().ok_or_else(|| syntax("a name"))?;
        let right = parts.next_back().ok_or_else(|| syntax("an expression"))?;
        let left = match left.as_rule() {
            Rule::derivative => {
                let name = left.into_inner().next().ok_or_else(|| syntax("a name"))?;
                Left::Derivative(name.as_str().to_owned())
            }
            _ => Left::Name(left.as_str().to_owned()),
        };
        Ok(Equation { left, right: self.sum(right)?, offset })
    }

    fn sum(&self, sum: Pair<'_, Rule>) -> Result<Expression<Name>, SystemError> {
        self.pratt
            .map_primary(|primary| self.primary(primary))
            .map_prefix(|_, operand| Ok(Expression::Negated(Box::new(operand?))))
            .map_infix(|left, operator, right| {
                let operator = match operator.as_rule() {
                    Rule::plus => Operator::Plus,
                    Rule::minus => Operator::Minus,
                    Rule::times => Operator::Times,
                    Rule::divided => Operator::Divided,
                    _ => Operator::Power,
                };
                Ok(Expression::Binary(operator, Box::new(left?), Box::new(right?)))
            })
            .parse(sum.into_inner())
    }

    fn primary(&self, primary: Pair<'_, Rule>) -> Result<Expression<Name>, SystemError> {
        let offset = primary.as_span().start();
        match primary.as_rule() {
            Rule::number => match primary.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Expression::Number(number)),
                _ => Err(SystemError::Syntax {
                    expected: "a finite number".to_owned(),
                    at: Excerpt::new(self.text, offset),
                }),
            },
            Rule::call => self.call(primary),
            Rule::sum => self.sum(primary),
            _ => Ok(Expression::Symbol(Name { text: primary.as_str().to_owned(), offset })),
        }
    }

    fn call(&self, call: Pair<'_, Rule>) -> Result<Expression<Name>, SystemError> {
        let at = Excerpt::new(self.text, call.as_span().start());
        let mut parts = call.into_inner();
        let name = parts.next().map(|name| name.as_str()).unwrap_or_default();
        let arguments = parts.map(|argument| self.sum(argument)).collect::<Result<Vec<_>, _>>()?;
        let Some(function) = Function::ALL.into_iter().find(|function| function.name == name)
        else {
            let known = Function::ALL.map(|function| function.name).to_vec();
            return Err(SystemError::UnknownFunction { name: name.to_owned(), known, at });
        };
        if arguments.len() == function.arity() {
            Ok(Expression::Call(function, arguments))
        } else {
            Err(SystemError::Arguments {
                name: function.name,
                expected: function.arity(),
                given: arguments.len(),
                at,
            })
        }
    }
}
