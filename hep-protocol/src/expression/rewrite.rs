//! What Jinja has and the engine does not, put into the engine's own words before it compiles a text: names below what is
//! undefined, where a default stands in for them or it is asked whether they are defined; and a text with `%` after it.
//!
//! Knows words and brackets and no more: what it cannot make out stays as it is written.

use crate::dialect::Dialect;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// The filter that looks up names below a value, none of which has to be there. Nobody can write it by mistake.
pub(super) const REACH: &str = "hep.reach";

/// A text in the engine's words.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) text: String,
    /// Where what follows begins, in this text and in that which was written.
    pieces: Vec<(usize, usize)>,
    /// What was made of the written text first.
    before: Option<Box<Rewritten>>,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// An expression without braces.
    Bare,
    /// The expression of a text that is one in braces and nothing else.
    Alone,
    /// A text with braces in it.
    Text,
    /// A template file's.
    Template,
}

/// The filter that renders a written text within a condition, and the one that keeps a value's own parts out of the way of its
/// methods.
pub(super) const TEXT: &str = "hep.text";

/// The text as the engine wants it; nothing where it is that already.
pub(super) fn rewrite(
    text: &str,
    form: Form,
    dialect: Dialect,
    syntax: &SyntaxConfig,
) -> Option<Rewritten> {
    match dialect {
        Dialect::Hep => reworded(text, form, dialect, syntax),
        Dialect::Ansible => {
            let outer = match form {
                Form::Alone | Form::Text => literal(text, form),
                Form::Bare | Form::Template => None,
            };
            let Some(outer) = outer else { return reworded(text, form, dialect, syntax) };
            Some(match reworded(&outer.text, form, dialect, syntax) {
                Some(inner) => Rewritten { before: Some(Box::new(outer)), ..inner },
                None => outer,
            })
        }
    }
}

fn reworded(text: &str, form: Form, dialect: Dialect, syntax: &SyntaxConfig) -> Option<Rewritten> {
    // Nearly all texts have nothing of that, and cutting them into words takes time.
    let short = text.split('|').skip(1).any(|part| part.trim_start().starts_with('d'));
    let percent = ["' %", "'%", "\" %", "\"%"].iter().any(|part| text.contains(part));
    let own = dialect == Dialect::Ansible
        && (text.contains("ansible.") || form == Form::Bare && text.contains("{{"));
    if !short && !percent && !own && !text.contains("def") {
        return None;
    }
    let words = words(text, form, syntax)?;
    let mut edits = Vec::new();
    for at in 0..words.len() {
        let found = match words.token(at) {
            Some(Token::Pipe) => match words.token(at.saturating_add(1)) {
                Some(Token::Ident("default" | "d")) => {
                    edits.extend(words.reach(None, at).into_iter().flatten());
                    words.second_choice(at)
                }
                Some(Token::Ident("ansible")) => words.unqualified(at.saturating_add(1)),
                _ => None,
            },
            Some(Token::Ident("is")) if words.qualified_test(at).is_some() => {
                words.qualified_test(at).and_then(|name| words.unqualified(name))
            }
            Some(Token::Ident("is")) => words.asks(at).then(|| words.reach(None, at)).flatten(),
            Some(Token::Mod) => words.percent(at),
            Some(Token::Str(_) | Token::String(_)) if own && form == Form::Bare => {
                words.embedded(at, text)
            }
            _ => None,
        };
        edits.extend(found.into_iter().flatten());
    }
    (!edits.is_empty()).then(|| Rewritten::of(text, edits))
}

/// With every backslash in quotes doubled: in texts of playbooks they stand for themselves.
fn literal(text: &str, form: Form) -> Option<Rewritten> {
    if !text.contains('\\') {
        return None;
    }
    let mut edits = Vec::new();
    let (mut inside, mut quote, mut depth) = (form == Form::Alone, None, 0_usize);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (inside, quote, character) {
            (false, _, '{') if matches!(next, Some('{' | '%')) => {
                (inside, depth) = (true, 0);
                characters.next();
            }
            (false, _, _) => {}
            (true, Some(open), '\\') => {
                edits.push(edit(at..at, "\\"));
                if next == Some(open) {
                    edits.push(edit(at..at, "\\"));
                }
                if matches!(next, Some('\\')) {
                    edits.push(edit(at..at, "\\"));
                    characters.next();
                } else if next == Some(open) {
                    characters.next();
                }
            }
            (true, Some(open), character) if open == character => quote = None,
            (true, Some(_), _) => {}
            (true, None, '"' | '\'') => quote = Some(character),
            (true, None, '{') => depth = depth.saturating_add(1),
            (true, None, '}' | '%') if depth == 0 && next == Some('}') => {
                inside = form == Form::Alone;
                characters.next();
            }
            (true, None, '}') => depth = depth.saturating_sub(1),
            (true, None, _) => {}
        }
    }
    (!edits.is_empty()).then(|| Rewritten::of(text, edits))
}

/// What stands in place of a part of a text.
struct Edit {
    place: Range<usize>,
    new: String,
}

fn edit(place: Range<usize>, new: impl Into<String>) -> Edit {
    Edit { place, new: new.into() }
}

impl Rewritten {
    fn of(text: &str, mut edits: Vec<Edit>) -> Rewritten {
        edits.sort_by_key(|edit| (edit.place.start, edit.place.end));
        let (mut new, mut pieces, mut at) = (String::with_capacity(text.len()), vec![(0, 0)], 0);
        for Edit { place, new: with } in edits {
            new.push_str(text.get(at..place.start).unwrap_or_default());
            pieces.push((new.len(), place.start));
            new.push_str(&with);
            pieces.push((new.len(), place.end));
            at = place.end;
        }
        new.push_str(text.get(at..).unwrap_or_default());
        Rewritten { text: new, pieces, before: None }
    }

    /// The part that was written where this one is now.
    pub(super) fn written(&self, range: Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let next = self.pieces.partition_point(|(new, _)| *new <= at);
            let (new, old) = next.checked_sub(1).and_then(|n| self.pieces.get(n)).copied()?;
            let place = old.saturating_add(at.saturating_sub(new));
            Some(self.pieces.get(next).map_or(place, |(_, limit)| place.min(*limit)))
        };
        let here = place(range.start).unwrap_or_default()..place(range.end).unwrap_or_default();
        self.before.as_ref().map_or(here.clone(), |before| before.written(here))
    }
}

struct Word<'t> {
    token: Token<'t>,
    place: Range<usize>,
}

struct Words<'t>(Vec<Word<'t>>);

/// The words of a text; none of one that the lexer refuses, which the engine then refuses too.
fn words<'t>(text: &'t str, form: Form, syntax: &SyntaxConfig) -> Option<Words<'t>> {
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
    fn len(&self) -> usize {
        self.0.len()
    }

    fn token(&self, at: usize) -> Option<&Token<'t>> {
        self.0.get(at).map(|word| &word.token)
    }

    fn before(&self, at: usize) -> Option<&Token<'t>> {
        at.checked_sub(1).and_then(|at| self.token(at))
    }

    fn place(&self, at: usize) -> Option<Range<usize>> {
        self.0.get(at).map(|word| word.place.clone())
    }

    /// Whether `is` asks for being defined, or not.
    fn asks(&self, is: usize) -> bool {
        let next = is.saturating_add(1);
        let not = matches!(self.token(next), Some(Token::Ident("not")));
        let test = self.token(next.saturating_add(usize::from(not)));
        matches!(test, Some(Token::Ident("defined" | "undefined")))
    }

    /// The name of a test of Ansible's own collection.
    fn qualified_test(&self, is: usize) -> Option<usize> {
        let next = is.saturating_add(1);
        let not = matches!(self.token(next), Some(Token::Ident("not")));
        let name = next.saturating_add(usize::from(not));
        matches!(self.token(name)?, Token::Ident("ansible")).then_some(name)
    }

    /// Takes `ansible.builtin.` away from before a name.
    fn unqualified(&self, name: usize) -> Option<Vec<Edit>> {
        let at = |steps: usize| self.token(name.saturating_add(steps));
        let own = matches!(at(1)?, Token::Dot)
            && matches!(at(2)?, Token::Ident("builtin" | "legacy"))
            && matches!(at(3)?, Token::Dot);
        let end = self.place(name.saturating_add(3))?.end;
        own.then(|| vec![edit(self.place(name).unwrap_or_default().start..end, "")])
    }

    /// Renders a quoted text that has braces in it.
    fn embedded(&self, at: usize, text: &str) -> Option<Vec<Edit>> {
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
    fn reach(&self, from: Option<usize>, end: usize) -> Option<Vec<Edit>> {
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

    /// The same of `y.c` in `x.b | default(y.c) | default(1)`: something stands in for that too.
    fn second_choice(&self, pipe: usize) -> Option<Vec<Edit>> {
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

    /// Makes `'text' | format(value)` of `'text' % value`: numbers have their own `%`.
    fn percent(&self, at: usize) -> Option<Vec<Edit>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let form = if text.contains("{{") || text.contains("{%") { Form::Text } else { Form::Bare };
        let found = rewrite(text, form, Dialect::Hep, &SyntaxConfig::default())
            .map_or_else(|| text.to_owned(), |new| new.text);
        assert_eq!(found, expected);
    }

    #[test]
    fn names_below_what_may_be_missing_are_reached_for() {
        check("x.b.c | default('d')", "(x | hep.reach(\"b\", \"c\")) | default('d')");
        check("x.b is defined", "(x | hep.reach(\"b\")) is defined");
        check("not x.b is not defined", "not (x | hep.reach(\"b\")) is not defined");
        check("x['b'].0[k + 1] is undefined", "(x | hep.reach('b', 0, k + 1)) is undefined");
        check("(a or b).c | d", "((a or b) | hep.reach(\"c\")) | d");
        check("x.get('a').b|default(1)", "(x.get('a') | hep.reach(\"b\"))|default(1)");
        check("x | default(y.c) | default(1)", "x | default((y | hep.reach(\"c\"))) | default(1)");
        check("[x.a][0].b | d(1)", "([x.a] | hep.reach(0, \"b\")) | d(1)");
        check("x[1:2][0].b | d(1)", "(x[1:2] | hep.reach(0, \"b\")) | d(1)");
        check("(q.y) | d(1)", "((q | hep.reach(\"y\"))) | d(1)");
        check(
            "(q.y)[0].z is defined",
            "(((q | hep.reach(\"y\"))) | hep.reach(0, \"z\")) is defined",
        );
        check("((q['a']).b) | d(1)", "((((q | hep.reach('a'))) | hep.reach(\"b\"))) | d(1)");
        check("-x.b | default(1) + 1", "-(x | hep.reach(\"b\")) | default(1) + 1");
        check(
            "x[y.z | d('k')].w | d('e')",
            "(x | hep.reach((y | hep.reach(\"z\")) | d('k'), \"w\")) | d('e')",
        );
        check(
            "a {% if x.b.c is defined and x.b.c %}{{ x.b | default(y.c) }}{% endif %}",
            "a {% if (x | hep.reach(\"b\", \"c\")) is defined and x.b.c %}{{ (x | hep.reach(\"b\")) | default(y.c) }}{% endif %}",
        );
    }

    #[test]
    fn what_is_not_below_a_value_stays_as_it_is() {
        for text in [
            "x | default(1)",
            "x.b",
            "x.b | upper | default(1)",
            "x.b | upper is defined",
            "x.b is string",
            "'is defined'",
            "default.b",
            "a % b",
            "1.5 | default(2)",
            "x.y(1) | default(2)",
            "(x) | default(2)",
            "(-x.y) | default(2)",
            "(x.y, 1) | default(2)",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn a_text_before_a_percent_sign_is_a_format() {
        check("'%s' % 'x'", "'%s' | format( 'x')");
        check("'%s-%s' % (a, b.c)", "'%s-%s' | format (a, b.c)");
        check("'%s' % (a)", "'%s' | format( (a))");
        check("'%05d' % n | int ~ 'x'", "'%05d' | format( n | int) ~ 'x'");
        check("'%s' % x.y[0].z() == 'a'", "'%s' | format( x.y[0].z()) == 'a'");
        check("a * '2' % 3", "a * '2' % 3");
    }

    #[test]
    fn places_are_those_of_what_was_written() {
        let text = "x.b.c | default(nope + 1)";
        let new = rewrite(text, Form::Bare, Dialect::Hep, &SyntaxConfig::default()).unwrap();
        let at = new.text.find("nope").unwrap();
        assert_eq!(text.get(new.written(at..at + 4)), Some("nope"));
        assert_eq!(new.written(0..new.text.len()), 0..text.len());
    }
}
