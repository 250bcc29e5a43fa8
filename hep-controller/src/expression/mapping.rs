//! From a part of a scalar's text to its place in the file. YAML writes a text in many ways: quoted, with escapes, folded,
//! indented. All of them differ from the text in blanks and escapes alone, so the two are walked side by side.

use super::Problem;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::yaml::{Kind, Node};
use std::ops::Range;
use std::sync::Arc;

mod written;

/// Where the parts of a text are in its file.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    source: Arc<Source>,
    /// The place of the text as a whole.
    whole: Span,
    /// The parts that stand in the file as in the text, in order; none when only the whole is known.
    runs: Vec<Run>,
}

/// A part of the text that the file has letter for letter, or one character with its escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// Its bytes in the text.
    text: Span,
    /// Its bytes in the file.
    file: Span,
}

/// The mapping of a scalar; of an alias or anything strange, the whole alone is known.
pub(crate) fn place(source: &Arc<Source>, node: &Node) -> Mapping {
    let runs = match &node.kind {
        Kind::Scalar(scalar) => align(source, node.span, &scalar.text),
        Kind::Seq(_) | Kind::Map(_) | Kind::Broken => None,
    };
    Mapping { source: Arc::clone(source), whole: node.span, runs: runs.unwrap_or_default() }
}

impl Mapping {
    /// The mapping of a file that is the text itself: a template.
    pub(crate) fn of_file(source: &Arc<Source>) -> Mapping {
        let whole = Span::new(0, source.text.len());
        Mapping { source: Arc::clone(source), whole, runs: vec![Run { text: whole, file: whole }] }
    }

    /// The place of a part of the text, in the file.
    pub(crate) fn span(&self, part: &Range<usize>) -> Span {
        let last = part.end.max(part.start.saturating_add(1)).saturating_sub(1);
        match (self.start_of(part.start), self.end_of(last)) {
            (Some(start), Some(end)) if start < end => Span::new(start, end),
            // The end of a text: the place after its last character.
            (None, Some(end)) => Span::new(end, end.saturating_add(1)),
            (Some(start), _) => Span::new(start, start.saturating_add(1)),
            (None, None) => self.whole,
        }
    }

    /// A diagnostic at a part of the text.
    pub(crate) fn diagnostic(&self, problem: &Problem) -> Diagnostic {
        let Problem { range, message, hint, without_hosts } = problem.clone();
        let mut found = Diagnostic::at(&self.source, self.span(&range), message).with(hint);
        found.without_hosts = without_hosts;
        found
    }

    /// Where the character at a place of the text, or the first after it that is no blank, begins.
    fn start_of(&self, at: usize) -> Option<usize> {
        let next = self.runs.partition_point(|run| run.text.end <= at);
        let run = self.runs.get(next)?;
        Some(run.file.start.saturating_add(if run.is_literal() {
            at.saturating_sub(run.text.start)
        } else {
            0
        }))
    }

    /// Where the character at a place of the text, or the last before it that is no blank, ends.
    fn end_of(&self, at: usize) -> Option<usize> {
        let next = self.runs.partition_point(|run| run.text.start <= at);
        let run = self.runs.get(next.checked_sub(1)?)?;
        Some(if run.is_literal() && at < run.text.end {
            run.file.start.saturating_add(at.saturating_add(1).saturating_sub(run.text.start))
        } else {
            run.file.end
        })
    }
}

impl Run {
    fn is_literal(self) -> bool {
        self.text.end.saturating_sub(self.text.start)
            == self.file.end.saturating_sub(self.file.start)
    }
}

/// The runs of a text, if what is written there is that text.
fn align(source: &Source, span: Span, text: &str) -> Option<Vec<Run>> {
    let mut units = written::units(source.slice(span), span.start)?;
    let mut runs: Vec<Run> = Vec::new();
    for (at, character) in text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let unit = units.find(|unit| !unit.character.is_whitespace())?;
        if unit.character != character {
            return None;
        }
        let next = Span::new(at, at.saturating_add(character.len_utf8()));
        let run = Run { text: next, file: unit.file };
        match runs.last_mut() {
            Some(last) if last.joins(run, source, text) => {
                last.text.end = run.text.end;
                last.file.end = run.file.end;
            }
            _ => runs.push(run),
        }
    }
    // More in the file than in the text: they are not the same.
    units.all(|unit| unit.character.is_whitespace()).then_some(runs)
}

impl Run {
    /// Whether the next one continues this one, with the same blanks between in the file as in the text.
    fn joins(self, next: Run, source: &Source, text: &str) -> bool {
        let between = text.get(self.text.end..next.text.start);
        self.is_literal()
            && next.is_literal()
            && between == Some(source.slice(Span::new(self.file.end, next.file.start)))
    }
}
