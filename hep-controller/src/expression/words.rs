//! An expression's words with their places, as the engine's own lexer cuts them; and the bounds on how many there may be.

#![expect(clippy::wildcard_enum_match_arm, reason = "of the engine's tokens only some matter")]

use super::{Form, Problem};
use minijinja::Error;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// How many operators one expression may have. The parser and the trees it makes go one call deeper with each.
const MAX_OPERATORS: usize = 400;

/// How many `elif` a text may have, for the same reason.
const MAX_ELIF: usize = 200;

/// One word.
#[derive(Debug)]
pub(super) struct Word<'t> {
    pub(super) token: Token<'t>,
    pub(super) range: Range<usize>,
}

/// All words up to the end, or to what is none.
#[derive(Debug)]
pub(super) struct Words<'t> {
    pub(super) all: Vec<Word<'t>>,
    /// What the lexer could not read.
    pub(super) stop: Option<Stop>,
}

/// Something that is no word.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) at: usize,
    /// The engine's words for it.
    pub(super) detail: String,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str, form: Form) -> Words<'t> {
        let mut words = Words { all: Vec::new(), stop: None };
        for result in tokenize(text, form == Form::Bare, SyntaxConfig::default()) {
            match result {
                Ok((token, span)) => {
                    let range = span.start_offset as usize..span.end_offset as usize;
                    words.all.push(Word { token, range });
                }
                Err(error) => {
                    words.stop = Some(Stop::new(&error, text));
                    break;
                }
            }
        }
        words
    }

    /// The problem of an expression whose tree would be too deep to walk.
    pub(super) fn too_much(&self) -> Option<Problem> {
        let (mut operators, mut elifs) = (0_usize, 0_usize);
        for (number, word) in self.all.iter().enumerate() {
            let after_start = number.checked_sub(1).and_then(|before| self.all.get(before));
            let after_start = after_start.is_some_and(|w| matches!(w.token, Token::BlockStart));
            match word.token {
                Token::VariableStart | Token::BlockStart => operators = 0,
                Token::Ident("elif") if after_start => elifs += 1,
                _ if is_operator(&word.token) => operators += 1,
                _ => {}
            }
            if operators > MAX_OPERATORS || elifs > MAX_ELIF {
                let (what, count) = if elifs > MAX_ELIF {
                    ("`elif`", MAX_ELIF)
                } else {
                    ("operators in one expression", MAX_OPERATORS)
                };
                let message = format!("there are more than {count} {what}");
                let hint = "put parts of it into variables of their own";
                return Some(Problem::new(word.range.clone(), message).hint(hint));
            }
        }
        None
    }
}

impl Stop {
    fn new(error: &Error, text: &str) -> Stop {
        let at = error.range().map_or(text.len(), |range| range.start);
        Stop { at, detail: error.detail().unwrap_or_default().to_owned() }
    }
}

/// Whether a word makes the tree deeper by itself; brackets are counted by the parser.
fn is_operator(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(word) => matches!(*word, "and" | "or" | "not" | "is" | "if" | "else" | "in"),
        Token::TemplateData(_)
        | Token::VariableEnd
        | Token::BlockEnd
        | Token::Str(_)
        | Token::String(_)
        | Token::Int(_)
        | Token::Int128(_)
        | Token::Float(_)
        | Token::Comma
        | Token::Colon
        | Token::Assign => false,
        _ => true,
    }
}

/// How long the line is in which Ansible's templates choose whitespace rules; the engine reads it apart.
pub(super) fn header(text: &str) -> usize {
    if text.starts_with("#jinja2:") { text.find('\n').unwrap_or(text.len()) } else { 0 }
}

/// Overwrites a part of a text with as many blanks as it has bytes.
pub(super) fn blank(text: &mut String, part: Range<usize>) {
    let blanks = " ".repeat(part.len());
    if text.get(part.clone()).is_some() {
        text.replace_range(part, &blanks);
    }
}
