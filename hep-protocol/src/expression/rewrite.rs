//! What Jinja has and the engine does not, put into the engine's own words before it compiles a text: names below what is
//! undefined, where a default stands in for them or it is asked whether they are defined; and a text with `%` after it.
//!
//! Knows words and brackets and no more: what it cannot make out stays as it is written.

mod words;

use crate::dialect::Dialect;
use minijinja::machinery::Token;
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;
use words::words;

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

/// The filter that tells which of two values is less, and refuses those that Python does not compare.
pub(super) const COMPARE: &str = "hep.compare";

/// The name of the filter that takes one value from another.
pub(super) const MINUS: &str = "hep.minus";

/// What stands in a text that has to do with differences of moments.
const MOMENTS: [&str; 4] = ["to_datetime", "now(", ").days", "seconds"];

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
        && (text.contains(['<', '>'])
            || text.contains("ansible.")
            || text.contains("community.general.")
            || form == Form::Bare && text.contains("{{"));
    let moments = dialect == Dialect::Ansible
        && text.contains('-')
        && MOMENTS.iter().any(|part| text.contains(part));
    if !short && !percent && !own && !moments && !text.contains("def") {
        return None;
    }
    let words = words(text, form, syntax)?;
    let mut edits = Vec::new();
    for at in 0..words.len() {
        let found = match words.token(at) {
            Some(Token::Pipe) => match words.token(at.saturating_add(1)) {
                Some(Token::Ident("default" | "d")) => {
                    edits.extend(words.reach(None, at).into_iter().flatten());
                    if dialect == Dialect::Ansible {
                        let first = words.first_pipe(at).and_then(|pipe| words.reach(None, pipe));
                        edits.extend(first.into_iter().flatten());
                    }
                    words.second_choice(at)
                }
                Some(Token::Ident("ansible" | "community")) => {
                    words.unqualified(at.saturating_add(1))
                }
                _ => None,
            },
            Some(Token::Ident("is")) if words.qualified_test(at).is_some() => {
                words.qualified_test(at).and_then(|name| words.unqualified(name))
            }
            Some(Token::Ident("is")) => words.asks(at).then(|| words.reach(None, at)).flatten(),
            Some(Token::Mod) => words.percent(at),
            Some(Token::Minus) if moments => words.difference(at),
            Some(Token::Lt | Token::Lte | Token::Gt | Token::Gte) if own => {
                words.comparison(at, text)
            }
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

#[cfg(test)]
mod tests;
