//! What is wrong with a system, and where.

use std::fmt;

use thiserror::Error;

use crate::help::did_you_mean;

/// A place in the equations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

impl Excerpt {
    /// The place `offset` bytes into `text`.
    pub(super) fn new(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            text: line.to_owned(),
        }
    }
}

/// The most characters of a line that are shown.
const WIDTH: usize = 100;

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // Of a long line, what is around the fault.
        let (caret, length) = (self.column.saturating_sub(1), self.text.chars().count());
        let start = caret.saturating_sub(WIDTH / 2).min(length.saturating_sub(WIDTH));
        let before = if start > 0 { "..." } else { "" };
        let after = if start + WIDTH < length { "..." } else { "" };
        let shown: String = self.text.chars().skip(start).take(WIDTH).collect();
        // Tabs are kept, so that the caret stands under the fault.
        let indent: String = before
            .chars()
            .chain(shown.chars().take(caret - start))
            .map(|character| if character == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {before}{shown}{after}")?;
        write!(f, "{margin} | {indent}^")
    }
}

/// What is wrong with a system.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The text is not a list of equations.
    #[error("syntax error in line {}, column {}: expected {expected}\n{at}", at.line, at.column)]
    Syntax {
        /// What could stand there.
        expected: String,
        /// The place.
        at: Excerpt,
    },
    /// An equation is too long, or nests too deeply.
    #[error(
        "the equation in line {} is too long: more than 1000 operators, or 100 parentheses or powers inside each other\n{at}\nhelp: give parts of it names of their own",
        at.line
    )]
    TooDeep {
        /// The place.
        at: Excerpt,
    },
    /// There are no states.
    #[error("the system has no states\nhelp: name them with `.states([(\"x\", 1.0)])`")]
    NoStates,
    /// A name is no identifier.
    #[error("`{name}` is not a name\nhelp: use letters, digits and `_`, and start with a letter")]
    NotAName {
        /// The name.
        name: String,
    },
    /// A name has a meaning of its own.
    #[error("`{name}` cannot be a name: it is {meaning}\nhelp: rename it")]
    ReservedName {
        /// The name.
        name: String,
        /// What it means in equations.
        meaning: &'static str,
    },
    /// A name is given twice.
    #[error("`{name}` is {first} and {second}\nhelp: rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
        /// What it is.
        first: &'static str,
        /// What it would be, too.
        second: &'static str,
    },
    /// A constant has no value.
    #[error("the constant `{name}` is {value}\nhelp: constants are finite numbers")]
    NonFiniteConstant {
        /// The name.
        name: String,
        /// The value.
        value: f64,
    },
    /// What depends on constants alone has no value.
    #[error("a part of the equation in line {} that depends on constants alone is {value}\n{at}", at.line)]
    NonFiniteValue {
        /// The value.
        value: f64,
        /// The equation.
        at: Excerpt,
    },
    /// A number of the equations, or of their derivatives, is infinite or zero in `f32`.
    #[error(
        "the number {value:?} in the {part} is {} in f32\nhelp: use `Precision::F64`, or other units", *value as f32
    )]
    NotInF32 {
        /// The number.
        value: f64,
        /// What it is in.
        part: &'static str,
    },
    /// A state has no equation.
    #[error("the state `{name}` has no equation\nhelp: add `d{name} = ...`")]
    NoEquation {
        /// The state.
        name: String,
    },
    /// Something has two equations.
    #[error("`{name}` has a second equation in line {}\n{at}\nhelp: remove one of them", at.line)]
    DuplicateEquation {
        /// The left side.
        name: String,
        /// The second one.
        at: Excerpt,
    },
    /// An equation is for a state that does not exist.
    #[error(
        "the equation in line {} is for `{name}`, which is not a state\n{at}{}", at.line, did_you_mean(name, known.iter().map(String::as_str))
    )]
    UnknownState {
        /// The name.
        name: String,
        /// The states.
        known: Vec<String>,
        /// The equation.
        at: Excerpt,
    },
    /// What looks like a derivative is of no state.
    #[error(
        "nothing uses `{name}` in line {}, and `{meant}` has no equation\n{at}\nhelp: rename `{name}` to `{meant}`, or remove it", at.line
    )]
    MisspelledDerivative {
        /// The left side.
        name: String,
        /// The left side that is missing.
        meant: String,
        /// The equation.
        at: Excerpt,
    },
    /// A name is not defined.
    #[error(
        "unknown symbol `{name}` in line {}, column {}\n{at}{}", at.line, at.column, did_you_mean(name, known.iter().map(String::as_str))
    )]
    UnknownSymbol {
        /// The name.
        name: String,
        /// What is defined.
        known: Vec<String>,
        /// The place.
        at: Excerpt,
    },
    /// A function is not defined.
    #[error(
        "unknown function `{name}` in line {}, column {}\n{at}{}", at.line, at.column, did_you_mean(name, known.iter().copied())
    )]
    UnknownFunction {
        /// The name.
        name: String,
        /// The functions that there are.
        known: Vec<&'static str>,
        /// The place.
        at: Excerpt,
    },
    /// A function has too few or too many arguments.
    #[error(
        "`{name}` takes {expected} argument(s), not {given}, in line {}, column {}\n{at}", at.line, at.column
    )]
    Arguments {
        /// The function.
        name: &'static str,
        /// The number it takes.
        expected: usize,
        /// The number given.
        given: usize,
        /// The place.
        at: Excerpt,
    },
    /// Auxiliaries need each other.
    #[error("`{name}` depends on itself, by way of {}\n{at}", path.join(" -> "))]
    Cycle {
        /// The auxiliary.
        name: String,
        /// The names from it to itself.
        path: Vec<String>,
        /// Its equation.
        at: Excerpt,
    },
}
