//! What the parser refused, in words: from its error's place and the words around it. The parser's own words are the last
//! resort, since they speak of tokens; where they are read it is because the parser has one kind of error for all it refuses.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the engine's tokens only some matter to each rule"
)]

use super::Problem;
use super::words::{Stop, Word, Words};
use crate::words::nearest;
use crate::yaml::shorten;
use minijinja::Error;
use minijinja::machinery::Token;
use std::ops::Range;

pub(super) mod block;
mod character;

/// A refused text with what is known of the place.
pub(super) struct Failure<'t> {
    text: &'t str,
    words: &'t [Word<'t>],
    stop: Option<&'t Stop>,
    /// The word that was refused, or the number of words when it was the end or something that is no word.
    at: usize,
    /// The parser's words.
    detail: String,
    /// The `{{` or `{%` that the place is after.
    opener: Option<usize>,
}

impl<'t> Failure<'t> {
    /// The parser's error, or what it overlooked: something that is no word.
    pub(super) fn new(text: &'t str, words: &'t Words<'t>, error: Option<&Error>) -> Failure<'t> {
        let detail = error.and_then(Error::detail).unwrap_or_default().to_owned();
        let (stop, words) = (words.stop.as_ref(), words.all.as_slice());
        let ended = error.is_none() || detail.contains("end of input");
        let lexed = stop.is_some_and(|stop| ended || stop.detail == detail);
        let at = match error.and_then(Error::range) {
            _ if lexed || ended => words.len(),
            None => words.len(),
            Some(range) => {
                words.iter().position(|w| w.range.start >= range.start).unwrap_or(words.len())
            }
        };
        let opener = words.get(..at).unwrap_or_default().iter().rposition(|word| {
            matches!(
                word.token,
                Token::VariableStart | Token::BlockStart | Token::VariableEnd | Token::BlockEnd
            )
        });
        let opener = opener.filter(|opener| {
            let token = words.get(*opener).map(|word| &word.token);
            matches!(token, Some(Token::VariableStart | Token::BlockStart))
        });
        Failure { text, words, stop: stop.filter(|_| lexed), at, detail, opener }
    }

    /// The `{{ }}` that is wrong, if the rest can be read without it.
    pub(super) fn piece(&self) -> Option<Range<usize>> {
        let start = self.words.get(self.opener?)?;
        if !matches!(start.token, Token::VariableStart) || self.unclosed().is_some() {
            return None;
        }
        let rest = self.text.get(start.range.end..)?;
        let end = rest.find("}}")?.saturating_add(2).saturating_add(start.range.end);
        Some(start.range.start..end)
    }

    /// The sentence and the hint, from the most telling to the least.
    pub(super) fn explain(&self) -> Problem {
        self.unclosed()
            .or_else(|| self.go())
            .or_else(|| self.stop.map(|stop| character::explain(self, stop)))
            .or_else(|| self.too_deep())
            .or_else(|| block::explain(self))
            .or_else(|| self.misplaced())
            .or_else(|| self.confused())
            .or_else(|| self.unbalanced())
            .or_else(|| self.operand())
            .or_else(|| self.side_by_side())
            .unwrap_or_else(|| self.other())
    }

    /// The words of the expression or block before the place.
    fn before(&self) -> &'t [Word<'t>] {
        let start = self.opener.map_or(0, |opener| opener.saturating_add(1));
        self.words.get(start..self.at).unwrap_or_default()
    }

    fn word(&self) -> Option<&'t Word<'t>> {
        self.words.get(self.at)
    }

    fn written(&self, word: &Word<'_>) -> &'t str {
        self.text.get(word.range.clone()).unwrap_or_default()
    }

    /// The place of the word, or that after the last one.
    fn range(&self) -> Range<usize> {
        match (self.word(), self.words.last()) {
            (Some(word), _) => word.range.clone(),
            (None, Some(last)) => last.range.clone(),
            (None, None) => 0..self.text.len(),
        }
    }

    /// A `{{` or `{%` without its end before the next one begins.
    fn unclosed(&self) -> Option<Problem> {
        let opener = self.words.get(self.opener?)?;
        let begin = self.written(opener).trim_end_matches(['-', '+']);
        let (end, other) = if begin == "{{" { ("}}", "%}") } else { ("%}", "}}") };
        let rest = self.text.get(opener.range.end..)?;
        let next = ["{{", "{%"].iter().filter_map(|start| rest.find(start)).min();
        let reach = rest.get(..next.unwrap_or(rest.len()))?;
        if reach.contains(end) {
            return None;
        }
        // Braces in braces: the inner ones come before the end of the outer.
        let count = |marker: &str| rest.matches(marker).count();
        if let Some(next) = next
            && count(end) == count(begin).saturating_add(1)
        {
            let inner = opener.range.end.saturating_add(next);
            let inner = inner..inner.saturating_add(2);
            return Some(
                Problem::new(inner, "braces cannot stand in braces")
                    .hint("inside of braces a name stands alone: `{{ a ~ b }}`"),
            );
        }
        let message = format!("this `{begin}` is never closed");
        let problem = Problem::new(opener.range.clone(), message);
        Some(if let Some(at) = reach.find(other) {
            let at = opener.range.end.saturating_add(at);
            let message = format!("`{begin}` ends with `{end}`, not with `{other}`");
            Problem::new(at..at.saturating_add(2), message).hint(format!("write `{end}`"))
        } else if reach.trim_end().ends_with('}') || (reach.contains('}') && !reach.contains('{')) {
            problem.hint(format!("it ends with `{end}`: a brace or percent sign is missing"))
        } else {
            problem.hint(format!("write `{end}` after the expression"))
        })
    }

    /// Braces that are those of a template of Go's: `docker ps --format '{{.Names}}'`.
    fn go(&self) -> Option<Problem> {
        let piece = self.piece()?;
        let written = self.text.get(piece.clone()).filter(|written| super::misread::go(written))?;
        Some(super::misread::of_go(written, piece))
    }

    fn too_deep(&self) -> Option<Problem> {
        self.detail.contains("recursion").then(|| {
            let range = self.words.first().map_or(0..0, |word| word.range.clone());
            Problem::new(range, "brackets nest too deeply here")
                .hint("put parts of it into variables of their own")
        })
    }

    /// Operators of other languages.
    fn confused(&self) -> Option<Problem> {
        let word = self.word()?;
        let last = self.before().last();
        let beside = last.filter(|last| last.range.end == word.range.start);
        let joined = |last: &Word<'_>| last.range.start..word.range.end;
        let refuse = |range, written: &str, right: &str| {
            let problem = Problem::new(range, format!("`{written}` is not an operator here"));
            Some(problem.hint(format!("write `{right}`")))
        };
        match (&word.token, beside.map(|last| &last.token)) {
            (Token::Pipe, Some(Token::Pipe)) => refuse(joined(beside?), "||", "or"),
            (Token::Gt, Some(Token::Lt)) => refuse(joined(beside?), "<>", "!="),
            (Token::Assign, Some(Token::Eq)) => refuse(joined(beside?), "===", "=="),
            (Token::Assign, _) => {
                Some(Problem::new(word.range.clone(), "`=` is not a comparison").hint("write `==`"))
            }
            (Token::Gt, Some(Token::Assign)) => refuse(joined(beside?), "=>", ">="),
            (Token::Plus, Some(Token::Plus)) => refuse(joined(beside?), "++", "+ 1"),
            (Token::Ident(name), _) => self.confused_word(word, name),
            _ => None,
        }
    }

    /// Words that other languages, or people, use as operators.
    fn confused_word(&self, word: &Word<'_>, name: &str) -> Option<Problem> {
        let problem = |hint: &str| {
            let message = format!("`{}` is not an operator here", shorten(name));
            Some(Problem::new(word.range.clone(), message).hint(hint))
        };
        if self.before().is_empty() {
            return None;
        }
        match name.to_lowercase().as_str() {
            right @ ("and" | "or" | "not" | "in" | "is") if right != name => {
                problem(&format!("write `{right}`, in small letters"))
            }
            "eq" | "equals" | "equal" => problem("write `==`"),
            "ne" | "neq" => problem("write `!=`"),
            "gt" | "lt" | "ge" | "le" => problem("write `<`, `<=`, `>` or `>=`"),
            "contains" | "has" | "includes" => problem("write `'part' in whole`"),
            "startswith" => problem("write `is startingwith('..')`"),
            "endswith" => problem("write `is endingwith('..')`"),
            "xor" => problem("write `(a or b) and not (a and b)`"),
            "then" => problem("write `A if CONDITION else B`"),
            _ => None,
        }
    }

    /// Brackets that are not closed, or closed by another kind.
    fn unbalanced(&self) -> Option<Problem> {
        let mut open: Vec<&Word<'_>> = Vec::new();
        for word in self.before() {
            match word.token {
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => open.push(word),
                Token::ParenClose | Token::BracketClose | Token::BraceClose => drop(open.pop()),
                _ => {}
            }
        }
        let closes = self.word().is_none_or(|word| {
            matches!(
                word.token,
                Token::ParenClose
                    | Token::BracketClose
                    | Token::BraceClose
                    | Token::VariableEnd
                    | Token::BlockEnd
            )
        });
        match (open.last(), self.word()) {
            (Some(bracket), _) if closes => {
                let begin = self.written(bracket);
                let end = match begin {
                    "(" => ")",
                    "[" => "]",
                    _ => "}",
                };
                // The right one closed too early: then something is missing inside.
                if self.word().is_some_and(|word| self.written(word) == end) {
                    return None;
                }
                let problem =
                    Problem::new(bracket.range.clone(), format!("this `{begin}` is never closed"));
                Some(problem.hint(format!("write `{end}` where it ends")))
            }
            (None, Some(word)) if closes && self.written(word).len() == 1 => {
                let message = format!("this `{}` closes nothing", self.written(word));
                Some(Problem::new(word.range.clone(), message).hint("remove it"))
            }
            _ => None,
        }
    }

    /// An operator without a value beside it.
    fn operand(&self) -> Option<Problem> {
        let last = self.before().last();
        let word = self.word();
        let takes_word = |word: &&Word<'_>| wants_operand(&word.token);
        match (last.filter(takes_word), word) {
            (Some(last), _) => {
                let written = self.written(last);
                let message = format!("there is nothing after `{written}`");
                let hint = if matches!(last.token, Token::Pipe) {
                    "write the name of a filter after it"
                } else if matches!(last.token, Token::Dot) {
                    "write a name after it; one with other characters goes into brackets: `x['a-b']`"
                } else if written == "is" {
                    "write the name of a test after it, as in `is defined`"
                } else {
                    "write a value after it"
                };
                Some(Problem::new(last.range.clone(), message).hint(hint))
            }
            (None, Some(word)) if last.is_none() && wants_operand(&word.token) => {
                let message = format!("there is nothing before `{}`", self.written(word));
                Some(Problem::new(word.range.clone(), message).hint("write a value before it"))
            }
            (None, word) if last.is_none() => {
                let range = match (self.opener.and_then(|at| self.words.get(at)), word) {
                    (Some(opener), Some(word)) => opener.range.start..word.range.end,
                    _ => self.range(),
                };
                let ends = word
                    .is_none_or(|word| matches!(word.token, Token::VariableEnd | Token::BlockEnd));
                ends.then(|| {
                    Problem::new(range, "there is no expression here")
                        .hint("write a name or a value, or remove the whole")
                })
            }
            _ => None,
        }
    }

    /// Two values with nothing in between.
    fn side_by_side(&self) -> Option<Problem> {
        let (last, word) = (self.before().last()?, self.word()?);
        if !(is_value(&last.token) && begins_value(&word.token)) {
            return None;
        }
        let (left, right) = (shorten(self.written(last)), shorten(self.written(word)));
        let problem = Problem::new(
            word.range.clone(),
            format!("there is no operator between `{left}` and `{right}`"),
        );
        let in_list = self.before().iter().any(|word| {
            matches!(word.token, Token::BracketOpen | Token::ParenOpen | Token::BraceOpen)
        });
        if last.range.end == word.range.start && !matches!(last.token, Token::Ident(_)) {
            return Some(problem.hint("a name begins with a letter, and a text needs quotes"));
        }
        Some(problem.hint(if in_list {
            "values are separated by `,`, and texts joined by `~`"
        } else {
            "compare with `==`, join texts with `~`, combine conditions with `and` or `or`"
        }))
    }

    /// What the parser itself says best.
    fn misplaced(&self) -> Option<Problem> {
        if self.detail.starts_with("cannot assign to reserved") {
            let name = self.detail.rsplit(' ').next().unwrap_or_default();
            let message = format!("`{name}` is a word of the language");
            Some(Problem::new(self.range(), message).hint("choose another name"))
        } else if self.detail.starts_with("non-keyword arg") {
            let message = "a value without a name follows one with a name";
            Some(Problem::new(self.range(), message).hint("put the values without names first"))
        } else if self.detail.ends_with("expected in") {
            let message = format!("`{}` is not allowed here", shorten(self.written(self.word()?)));
            Some(Problem::new(self.range(), message).hint("write `{% for NAME in LIST %}`"))
        } else if self.detail.starts_with("empty subscript") {
            Some(
                Problem::new(self.range(), "there is nothing in these brackets")
                    .hint("write a number or a name in quotes: `x[0]`, `x['name']`"),
            )
        } else {
            None
        }
    }

    fn other(&self) -> Problem {
        match self.word() {
            Some(word) => {
                let message = format!("`{}` is not allowed here", shorten(self.written(word)));
                let problem = Problem::new(word.range.clone(), message);
                match self.detail.rsplit_once("expected `").map(|(_, wanted)| wanted) {
                    Some(wanted) => problem.hint(format!("write `{wanted} before it")),
                    None if matches!(word.token, Token::Comma | Token::Colon) => {
                        problem.hint("remove it")
                    }
                    None => problem,
                }
            }
            None => Problem::new(self.range(), "the expression ends too early"),
        }
    }
}

fn wants_operand(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(word) => matches!(*word, "and" | "or" | "not" | "is" | "in" | "if" | "else"),
        token => matches!(
            token,
            Token::Plus
                | Token::Minus
                | Token::Mul
                | Token::Div
                | Token::FloorDiv
                | Token::Pow
                | Token::Mod
                | Token::Dot
                | Token::Tilde
                | Token::Pipe
                | Token::Eq
                | Token::Ne
                | Token::Gt
                | Token::Gte
                | Token::Lt
                | Token::Lte
                | Token::Assign
        ),
    }
}

/// Whether a word ends a value.
fn is_value(token: &Token<'_>) -> bool {
    begins_value(token)
        && !matches!(token, Token::ParenOpen | Token::BracketOpen | Token::BraceOpen)
        || matches!(token, Token::ParenClose | Token::BracketClose | Token::BraceClose)
}

fn begins_value(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(_) => !wants_operand(token),
        token => matches!(
            token,
            Token::Str(_)
                | Token::String(_)
                | Token::Int(_)
                | Token::Int128(_)
                | Token::Float(_)
                | Token::ParenOpen
                | Token::BracketOpen
                | Token::BraceOpen
        ),
    }
}
