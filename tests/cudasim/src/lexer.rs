//! The words of a PTX text.

use crate::parse::{PtxError, Reason};

/// A word or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name, a number, a directive or an opcode with all its suffixes.
    Word(&'a str),
    /// What stands between quotation marks.
    Quoted(&'a str),
    /// A mark of one character.
    Mark(char),
}

/// Splits a text into tokens, each with its line, counted from 1.
pub(crate) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, PtxError> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        let mut rest = line.split("//").next().unwrap_or_default().trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push((number, Token::Word(rest.get(..length).unwrap_or(rest))));
                length
            } else if first == '"' {
                let quoted = rest.split('"').nth(1).unwrap_or_default();
                tokens.push((number, Token::Quoted(quoted)));
                quoted.len() + 2
            } else if "{}()[],;:+-=<>@!|".contains(first) {
                tokens.push((number, Token::Mark(first)));
                1
            } else {
                let reason = Reason::Unexpected { found: first.to_string(), expected: "PTX" };
                return Err(PtxError { line: number, reason });
            };
            rest = rest.get(length..).unwrap_or_default().trim_start();
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._$%".contains(c)
}
