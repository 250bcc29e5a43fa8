//! What is wrong with what the operator wrote: place, sentence, hint. Makes text; prints nothing.

use crate::source::{Source, Span};
use crate::text::{Colour, is_obeyed};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod mask;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// The file it is in.
    pub(crate) path: PathBuf,
    /// Where in the file; `None` when it concerns the file as a whole.
    pub(crate) place: Option<Place>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to write instead, or which key or command to change.
    pub(crate) hint: Option<String>,
    /// What else is to be known of it.
    note: Option<String>,
    /// Whether it is a name that an inventory may have, and none was read.
    pub(crate) without_hosts: bool,
}

/// A part of a source, with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    source: Arc<Source>,
    /// The part the caret points to.
    pub(crate) span: Span,
    /// Words beside the caret.
    label: Option<String>,
    /// Another part that matters, with its words: `first written here`.
    also: Option<(Span, String)>,
}

impl Diagnostic {
    /// A mistake at a place of a source.
    pub(crate) fn at(source: &Arc<Source>, span: Span, message: impl Into<String>) -> Diagnostic {
        let place = Place { source: Arc::clone(source), span, label: None, also: None };
        Diagnostic {
            path: source.path.clone(),
            place: Some(place),
            message: message.into(),
            hint: None,
            note: None,
            without_hosts: false,
        }
    }

    /// A mistake that has no place in the file's text: the file is missing, say.
    pub(crate) fn of_file(path: &Path, message: impl Into<String>) -> Diagnostic {
        let (path, message) = (path.to_owned(), message.into());
        Diagnostic { path, place: None, message, hint: None, note: None, without_hosts: false }
    }

    /// `site.yml:3`, if it has a place.
    pub(crate) fn line(&self) -> Option<String> {
        let place = self.place.as_ref()?;
        let before = place.source.text.get(..place.span.start)?;
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Some(format!("{}:{line}", self.path.display()))
    }

    /// All of it in one line: `site.yml:3: MESSAGE (HINT)`.
    pub(crate) fn in_a_line(&self) -> String {
        let place = self.line().unwrap_or_else(|| self.path.display().to_string());
        let hint = self.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        format!("{place}: {}{hint}", self.message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// With advice, if there is any.
    pub(crate) fn with(self, hint: Option<String>) -> Diagnostic {
        Diagnostic { hint, ..self }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Diagnostic {
        if let Some(place) = &mut self.place {
            place.label = Some(label.into());
        }
        self
    }

    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Diagnostic {
        if let Some(place) = &mut self.place {
            place.also = Some((span, label.into()));
        }
        self
    }
}

/// How many other places of a mistake are named.
const MOST_PLACES: usize = 5;

/// All mistakes that were found, in the order of their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Diagnostics(Vec<Diagnostic>);

/// What a person reads through before running hep again.
const MAX_SHOWN: usize = 100;

impl Diagnostics {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(crate) fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of their places, each once.
    pub(crate) fn sorted(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.0.iter().collect();
        all.sort_by_key(|d| (&d.path, d.place.as_ref().map(|place| place.span)));
        all.dedup();
        all
    }

    /// The same with each name once that is unknown since no inventory was read, and the advice about that once in all.
    pub(crate) fn grouped(self) -> Diagnostics {
        let (names, others): (Vec<_>, Vec<_>) =
            self.sorted().into_iter().cloned().partition(|one| one.without_hosts);
        let mut grouped = Diagnostics(others);
        let mut by_name: Vec<(Diagnostic, Vec<String>)> = Vec::new();
        for one in names {
            let place = one.line();
            match by_name.iter_mut().find(|(first, _)| first.message == one.message) {
                Some((_, places)) => places.extend(place),
                None => by_name.push((one, Vec::new())),
            }
        }
        for (number, (first, mut places)) in by_name.into_iter().enumerate() {
            places.dedup();
            let more = places.len().saturating_sub(MOST_PLACES);
            places.truncate(MOST_PLACES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let note = (!places.is_empty()).then(|| format!("also in {}{more}", places.join(", ")));
            let hint = first.hint.clone().filter(|_| number == 0);
            grouped.push(Diagnostic { note, hint, ..first });
        }
        grouped
    }

    /// The value, if nothing was wrong.
    ///
    /// # Errors
    /// These diagnostics, if there are any.
    pub(crate) fn unless<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The text for a person: each mistake with its line and a caret, an empty line between two.
    pub(crate) fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Off => Renderer::plain(),
            Colour::Ansi => Renderer::styled(),
        };
        let sorted = self.sorted();
        let shown = sorted.iter().take(MAX_SHOWN).map(|diagnostic| render(&renderer, diagnostic));
        let mut all: Vec<String> = shown.collect();
        let more = sorted.len().saturating_sub(MAX_SHOWN);
        if more > 0 {
            all.push(format!("error: {more} more mistakes are not shown\n"));
        }
        all.join("\n")
    }
}

impl<'d> IntoIterator for &'d Diagnostics {
    type Item = &'d Diagnostic;
    type IntoIter = std::slice::Iter<'d, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Off))
    }
}

impl std::error::Error for Diagnostics {}

fn render(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let path = printable(&diagnostic.path.to_string_lossy());
    let title = Level::ERROR.primary_title(printable(&diagnostic.message));
    let mut group = Group::with_title(title);
    group = match &diagnostic.place {
        None => group.element(Origin::path(path)),
        Some(place) => {
            let kind = AnnotationKind::Primary;
            let main = snippet(place, place.span, place.label.as_deref(), kind).path(path.clone());
            let also = place.also.as_ref().map(|(span, label)| {
                snippet(place, *span, Some(label), AnnotationKind::Primary).path(path)
            });
            group.element(main).elements(also)
        }
    };
    let note = diagnostic.note.as_deref().map(printable);
    let group = group.elements(note.map(|note| Level::NOTE.message(note)));
    let hint = diagnostic.hint.as_deref().map(printable);
    let group = group.elements(hint.map(|hint| Level::HELP.with_name("hint").message(hint)));
    renderer.render(&[group]) + "\n"
}

/// How many bytes of a line are shown at most to the right of what is marked, and how many are marked.
const FURTHEST: usize = 1000;

/// The one line a span begins on, with the part of the span that is on it: a caret below ten lines says nothing.
fn snippet<'a>(
    place: &Place,
    span: Span,
    label: Option<&str>,
    kind: AnnotationKind,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = &place.source.text;
    let start = floor(text, span.start);
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let rest = text.get(line_start..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let (left, right) = line.split_at(floor(line, start - line_start));
    let marked = span.end.saturating_sub(start).min(FURTHEST);
    let (marked, _) = right.split_at(floor(right, marked));
    // What is far to the right is not shown: a file may be one line.
    let (line, _) = line.split_at(floor(line, left.len() + marked.len() + FURTHEST));
    // Character for character as long as the line itself, so that the parts of one are the parts of the other.
    let line = printable(&mask::masked(line));
    let (left, marked) = (left.chars().count(), marked.chars().count());
    let bytes = |chars: usize| line.char_indices().nth(chars).map_or(line.len(), |(at, _)| at);
    let span = bytes(left)..bytes(left + marked);
    let mut annotation = kind.span(span);
    if let Some(label) = label {
        annotation = annotation.label(printable(label));
    }
    Snippet::source(line).line_start(number).annotation(annotation)
}

/// The nearest character boundary at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// One visible character for each that a terminal might obey, so that columns stay what they are.
fn printable(text: &str) -> String {
    let obeyed = |c: char| c != '\n' && is_obeyed(c);
    text.chars().map(|c| if obeyed(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, part: &str, expected: &str) {
        let source = Arc::new(Source { path: PathBuf::from("site.yml"), text: text.to_owned() });
        let start = text.find(part).unwrap();
        let found = Diagnostic::at(&source, Span::new(start, start + part.len()), "no such thing")
            .hint("write another");
        assert_eq!(Diagnostics::from(found).render(Colour::Off), expected);
    }

    #[test]
    fn place_line_caret_and_hint_are_shown() {
        check(
            "- a: 1\r\n- bcd: 2\r\n",
            "bcd",
            "error: no such thing\n --> site.yml:2:3\n  |\n2 | - bcd: 2\n  |   ^^^\n  |\n  = hint: write another\n",
        );
    }
    #[test]
    fn a_password_beside_the_mistake_is_not_shown() {
        check(
            "web1 password=hünter2 prot=22\n",
            "prot",
            "error: no such thing\n --> site.yml:1:23\n  |\n1 | web1 password=******* prot=22\n  |                       ^^^^\n  |\n  = hint: write another\n",
        );
        check(
            "ssh: {password: x, prot: 1}\n",
            "prot",
            "error: no such thing\n --> site.yml:1:20\n  |\n1 | ssh: {password: *, prot: 1}\n  |                    ^^^^\n  |\n  = hint: write another\n",
        );
    }

    #[test]
    fn what_a_terminal_obeys_is_replaced() {
        check(
            "a: \u{1b}\u{61c}\u{2060}b\n",
            "b",
            "error: no such thing\n --> site.yml:1:7\n  |\n1 | a: \u{fffd}\u{fffd}\u{fffd}b\n  |       ^\n  |\n  = hint: write another\n",
        );
    }
}
