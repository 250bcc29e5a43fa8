//! The words of a text, and what is made of them: where values begin and end, and what stands in their place.

use super::{COMPARE, Edit, Form, MINUS, REACH, TEXT, edit};
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

pub(super) struct Word<'t> {
    token: Token<'t>,
    place: Range<usize>,
}

pub(super) struct Words<'t>(Vec<Word<'t>>);

/// The words of a text; none of one that the lexer refuses, which the engine then refuses too.
pub(super) fn words<'t>(text: &'t str, form: Form, syntax: &SyntaxConfig) -> Option<Words<'t>> {
    let mut words = Vec::new();
    let bare = matches!(form, Form::Bare | Form::Alone);
    for next in tokenize(text, bare, syntax.clone()) {
        let (token, span) = next.ok()?;
        words.push(Word { token, place: span.start_offset as usize..span.end_offset as usize });
    }
    Some(Words(words))
}

/// A step from a value to one below it, by the numbers of its words.
enum Step {
    /// `.name`
    Name { dot: usize },
    /// `[expression]`
    Item { open: usize, close: usize },
}

impl<'t> Words<'t> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn token(&self, at: usize) -> Option<&Token<'t>> {
        self.0.get(at).map(|word| &word.token)
    }

    fn before(&self, at: usize) -> Option<&Token<'t>> {
        at.checked_sub(1).and_then(|at| self.token(at))
    }

    fn place(&self, at: usize) -> Option<Range<usize>> {
        self.0.get(at).map(|word| word.place.clone())
    }

    /// Whether `is` asks for being defined, or not.
    pub(super) fn asks(&self, is: usize) -> bool {
        let next = is.saturating_add(1);
        let not = matches!(self.token(next), Some(Token::Ident("not")));
        let test = self.token(next.saturating_add(usize::from(not)));
        matches!(test, Some(Token::Ident("defined" | "undefined")))
    }

    /// The name of a test of Ansible's own collection.
    pub(super) fn qualified_test(&self, is: usize) -> Option<usize> {
        let next = is.saturating_add(1);
        let not = matches!(self.token(next), Some(Token::Ident("not")));
        let name = next.saturating_add(usize::from(not));
        matches!(self.token(name)?, Token::Ident("ansible")).then_some(name)
    }

    /// Takes `ansible.builtin.` away from before a name, and `community.general.` from before those that are had.
    pub(super) fn unqualified(&self, name: usize) -> Option<Vec<Edit>> {
        let at = |steps: usize| self.token(name.saturating_add(steps));
        let collection = match (at(0)?, at(2)?) {
            (Token::Ident("ansible"), Token::Ident("builtin" | "legacy")) => true,
            (Token::Ident("community"), Token::Ident("general")) => {
                matches!(at(4)?, Token::Ident("dict" | "random_mac" | "version_sort"))
            }
            _ => false,
        };
        let own = collection && matches!(at(1)?, Token::Dot) && matches!(at(3)?, Token::Dot);
        let end = self.place(name.saturating_add(3))?.end;
        own.then(|| vec![edit(self.place(name).unwrap_or_default().start..end, "")])
    }

    /// Renders a quoted text that has braces in it.
    pub(super) fn embedded(&self, at: usize, text: &str) -> Option<Vec<Edit>> {
        let place = self.place(at)?;
        let quoted = text.get(place.clone())?;
        quoted.contains("{{").then(|| {
            vec![
                edit(place.start..place.start, "("),
                edit(place.end..place.end, format!(" | {TEXT})")),
            ]
        })
    }

    /// Makes `(x | hep.reach("b", k))` of the `x.b[k]` that stands before a word, and if it is told where, begins there.
    pub(super) fn reach(&self, from: Option<usize>, end: usize) -> Option<Vec<Edit>> {
        let (mut at, mut steps) = (end, Vec::new());
        while let Some((step, before)) = self.step(at) {
            steps.push(step);
            at = before;
        }
        steps.reverse();
        let operand = self.operand(at)?;
        if from.is_some_and(|from| from != operand) {
            return None;
        }
        let within = self.within(operand, at);
        if steps.is_empty() {
            return within;
        }
        let begin = self.place(operand)?.start;
        let end = self.place(end.checked_sub(1)?)?.end;
        let mut edits = vec![edit(begin..begin, "(")];
        edits.extend(within.into_iter().flatten());
        for (number, step) in steps.iter().enumerate() {
            let lead = if number == 0 { format!(" | {REACH}(") } else { ", ".to_owned() };
            match step {
                Step::Name { dot } => {
                    let name = self.place(dot.saturating_add(1))?;
                    let quote = matches!(self.token(dot.saturating_add(1)), Some(Token::Ident(_)));
                    let quote = if quote { "\"" } else { "" };
                    edits.push(edit(self.place(*dot)?.start..name.start, lead + quote));
                    edits.push(edit(name.end..name.end, quote));
                }
                Step::Item { open, close } => {
                    edits.push(edit(self.place(*open)?, lead));
                    edits.push(edit(self.place(*close)?, ""));
                }
            }
        }
        edits.push(edit(end..end, "))"));
        Some(edits)
    }

    /// The same of `x.b` in `(x.b)`, where that is all in the parentheses from a word to before another.
    fn within(&self, open: usize, end: usize) -> Option<Vec<Edit>> {
        let close = end.checked_sub(1)?;
        let group = matches!(self.token(open)?, Token::ParenOpen) && !self.is_of_filter(open);
        let all = group && self.closing(open) == Some(close);
        all.then(|| self.reach(Some(open.saturating_add(1)), close)).flatten()
    }

    /// Whether the parenthesis holds the arguments of a filter or a test.
    fn is_of_filter(&self, open: usize) -> bool {
        let Some(name) = open.checked_sub(1) else { return false };
        let called = matches!(self.before(name), Some(Token::Pipe | Token::Ident("is" | "not")));
        matches!(self.token(name), Some(Token::Ident(_))) && called
    }

    /// The pipe after `x.b` in `x.b | upper | default(1)`: what is undefined passes through filters.
    pub(super) fn first_pipe(&self, pipe: usize) -> Option<usize> {
        let mut first = pipe;
        loop {
            let last = first.checked_sub(1)?;
            let name = match self.token(last)? {
                Token::ParenClose => self.opening(last)?.checked_sub(1)?,
                _ => last,
            };
            match (self.token(name)?, self.before(name)) {
                // That one looks after itself.
                (Token::Ident("default" | "d"), Some(Token::Pipe)) => return None,
                (Token::Ident(_), Some(Token::Pipe)) => first = name.checked_sub(1)?,
                _ => return (first < pipe).then_some(first),
            }
        }
    }

    /// The same of `y.c` in `x.b | default(y.c) | default(1)`: something stands in for that too.
    pub(super) fn second_choice(&self, pipe: usize) -> Option<Vec<Edit>> {
        let close = pipe.checked_sub(1)?;
        if !matches!(self.token(close)?, Token::ParenClose) {
            return None;
        }
        let open = self.opening(close)?;
        let first = matches!(self.before(open), Some(Token::Ident("default" | "d")))
            && matches!(self.before(open.checked_sub(1)?), Some(Token::Pipe));
        first.then(|| self.reach(None, close)).flatten()
    }

    /// The last step before a word, and where what it is a step from ends.
    fn step(&self, end: usize) -> Option<(Step, usize)> {
        let last = end.checked_sub(1)?;
        let before = last.checked_sub(1)?;
        match (self.token(last)?, self.token(before)?) {
            (Token::Ident(_) | Token::Int(_), Token::Dot) => {
                Some((Step::Name { dot: before }, before))
            }
            (Token::BracketClose, _) => {
                let open = self.opening(last)?;
                let inside = open.saturating_add(1)..last;
                let single = !inside.is_empty() && !self.has_apart(inside, &[Token::Colon]);
                let step = Step::Item { open, close: last };
                (single && self.ends_value(open)).then_some((step, open))
            }
            _ => None,
        }
    }

    /// Where the value begins that ends before a word; nothing where filters or tests are part of it.
    fn operand(&self, end: usize) -> Option<usize> {
        let mut end = end;
        loop {
            let last = end.checked_sub(1)?;
            let start = match self.token(last)? {
                Token::Ident(_) if !self.ends_value(end) => return None,
                Token::Ident(_) | Token::Int(_) | Token::Str(_) | Token::String(_) => last,
                Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                    self.opening(last)?
                }
                _ => return None,
            };
            let bracket = !matches!(self.token(last)?, Token::Ident(_) | Token::Int(_));
            end = match self.before(start) {
                Some(Token::Dot) => start.checked_sub(1)?,
                Some(_) if bracket && start != last && self.ends_value(start) => start,
                Some(_) | None => return Some(start),
            };
        }
    }

    /// Whether a value ends before a word.
    fn ends_value(&self, end: usize) -> bool {
        let Some(last) = end.checked_sub(1) else { return false };
        match self.token(last) {
            Some(Token::Ident(word)) => {
                let named = matches!(self.before(last), Some(Token::Pipe | Token::Ident("is")));
                let word = matches!(*word, "and" | "or" | "not" | "in" | "is" | "if" | "else");
                !named && !word
            }
            // `.0`
            Some(Token::Int(_)) => matches!(self.before(last), Some(Token::Dot)),
            Some(
                Token::ParenClose
                | Token::BracketClose
                | Token::BraceClose
                | Token::Str(_)
                | Token::String(_),
            ) => true,
            _ => false,
        }
    }

    /// The bracket that the one at a word closes.
    fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (0..=close).rev().find(|at| {
            match self.token(*at) {
                Some(Token::ParenClose | Token::BracketClose | Token::BraceClose) => {
                    depth = depth.saturating_add(1);
                }
                Some(Token::ParenOpen | Token::BracketOpen | Token::BraceOpen) => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            depth == 0
        })
    }

    /// The bracket that closes the one at a word.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.len()).find(|at| {
            match self.token(*at) {
                Some(Token::ParenOpen | Token::BracketOpen | Token::BraceOpen) => {
                    depth = depth.saturating_add(1);
                }
                Some(Token::ParenClose | Token::BracketClose | Token::BraceClose) => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            depth == 0
        })
    }

    /// Whether one of these is among the words outside of brackets.
    fn has_apart(&self, words: Range<usize>, sought: &[Token<'_>]) -> bool {
        let mut depth = 0_usize;
        let same = |token: &Token<'_>| {
            let kind = std::mem::discriminant(token);
            sought.iter().any(|one| std::mem::discriminant(one) == kind)
        };
        words.filter_map(|at| self.token(at)).any(|token| {
            match token {
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                    depth = depth.saturating_add(1);
                }
                Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            depth == 0 && same(token)
        })
    }

    /// Makes `((a) | hep.compare("<", (b)))` of `a < b`. A chain of comparisons stays.
    pub(super) fn comparison(&self, at: usize, text: &str) -> Option<Vec<Edit>> {
        let (mut depth, mut begin) = (0_usize, 0);
        for before in (0..at).rev() {
            match self.token(before)? {
                Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                    depth = depth.saturating_add(1);
                }
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen if depth > 0 => {
                    depth = depth.saturating_sub(1);
                }
                token if depth == 0 && is_comparison(token) => return None,
                token if depth == 0 && ends_operand(token) => {
                    begin = before.saturating_add(1);
                    break;
                }
                _ => {}
            }
        }
        depth = 0;
        let mut end = self.len();
        for after in at.saturating_add(1)..self.len() {
            match self.token(after)? {
                Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                    depth = depth.saturating_add(1);
                }
                Token::ParenClose | Token::BracketClose | Token::BraceClose if depth > 0 => {
                    depth = depth.saturating_sub(1);
                }
                token if depth == 0 && is_comparison(token) => return None,
                token if depth == 0 && ends_operand(token) => {
                    end = after;
                    break;
                }
                _ => {}
            }
        }
        let place = self.place(at)?;
        let operator = text.get(place.clone())?;
        let begin = self.place(begin).filter(|begin| begin.start < place.start)?.start;
        let end = self.place(end.checked_sub(1)?).filter(|end| end.end > place.end)?.end;
        Some(vec![
            edit(begin..begin, "(("),
            edit(place, format!(") | {COMPARE}(\"{operator}\", (")),
            edit(end..end, ")))"),
        ])
    }

    /// Makes `((a) | hep.minus(b))` of `a - b` that is no part of a longer sum or product: moments have a difference too.
    pub(super) fn difference(&self, at: usize) -> Option<Vec<Edit>> {
        let begin = self.operand(at).filter(|_| self.ends_value(at))?;
        let end = self.operand_end(at.saturating_add(1))?;
        let apart = |token: &Token<'_>| is_comparison(token) || ends_operand(token);
        if !self.before(begin).is_none_or(apart) || !self.token(end).is_none_or(apart) {
            return None;
        }
        let begin = self.place(begin)?.start;
        let end = self.place(end.checked_sub(1)?)?.end;
        Some(vec![
            edit(begin..begin, "(("),
            edit(self.place(at)?, format!(") | {MINUS}(")),
            edit(end..end, "))"),
        ])
    }

    /// Makes `'text' | format(value)` of `'text' % value`: numbers have their own `%`.
    pub(super) fn percent(&self, at: usize) -> Option<Vec<Edit>> {
        let text = at.checked_sub(1)?;
        let quoted = matches!(self.token(text)?, Token::Str(_) | Token::String(_));
        let factor = matches!(
            self.before(text),
            Some(Token::Mul | Token::Div | Token::FloorDiv | Token::Mod | Token::Pow)
        );
        if !quoted || factor {
            return None;
        }
        let begin = at.saturating_add(1);
        let end = self.operand_end(begin)?;
        let list = matches!(self.token(begin), Some(Token::ParenOpen))
            && self.closing(begin) == end.checked_sub(1)
            && self.has_apart(begin.saturating_add(1)..end.saturating_sub(1), &[Token::Comma]);
        let place = self.place(at)?;
        Some(if list {
            vec![edit(place, "| format")]
        } else {
            let behind = self.place(end.checked_sub(1)?)?.end;
            vec![edit(place, "| format("), edit(behind..behind, ")")]
        })
    }

    /// The word after the value that begins at one, its filters included.
    fn operand_end(&self, begin: usize) -> Option<usize> {
        let mut at = begin;
        while matches!(self.token(at), Some(Token::Minus)) {
            at = at.saturating_add(1);
        }
        at = match self.token(at)? {
            Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_) => at.saturating_add(1),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.closing(at)?.saturating_add(1)
            }
            _ => return None,
        };
        loop {
            at = match self.token(at) {
                Some(Token::Dot | Token::Pipe) => at.saturating_add(2),
                Some(Token::ParenOpen | Token::BracketOpen) => self.closing(at)?.saturating_add(1),
                Some(Token::Pow) => return None,
                Some(_) | None => return Some(at),
            };
        }
    }
}

/// Operators of the same rank as `<`, and tests, which are not taken apart here.
fn is_comparison(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::Lt
            | Token::Lte
            | Token::Gt
            | Token::Gte
            | Token::Eq
            | Token::Ne
            | Token::Ident("in" | "is")
    )
}

/// Words that stand around what is compared.
fn ends_operand(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::ParenOpen
            | Token::ParenClose
            | Token::BracketOpen
            | Token::BracketClose
            | Token::BraceOpen
            | Token::BraceClose
            | Token::Comma
            | Token::Colon
            | Token::Assign
            | Token::VariableStart
            | Token::VariableEnd
            | Token::BlockStart
            | Token::BlockEnd
            | Token::Ident("and" | "or" | "not" | "if" | "elif" | "else")
    )
}
