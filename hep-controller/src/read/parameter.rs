//! Mistakes of parameters with their place. The words are those the host uses too.

use super::foreign;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::words::all_of;
use crate::yaml::{self, Node};
pub(crate) use hep_protocol::decode::Words;
use hep_protocol::decode::{About, Mistake, Origin, What};
use std::sync::Arc;

/// The module they belong to.
pub(crate) struct Place<'a> {
    pub(crate) source: &'a Arc<Source>,
    /// The module's name, or that of another mapping.
    pub(crate) module: &'a str,
    /// How the mapping and its keys are called.
    pub(crate) words: Words,
    /// Where that stands: the place of what has none of its own.
    pub(crate) key: Span,
}

impl Place<'_> {
    /// The message for a mistake in `params`; `None` when it was reported already.
    pub(crate) fn explain(&self, mistake: &Mistake, params: &Node) -> Option<Diagnostic> {
        let span = place(mistake, params);
        if let What::UnknownField { field, known } = &*mistake.what
            && let Some((name, value)) = field.split_once(':')
            && known.contains(&name)
        {
            let (message, hint) = yaml::colon(name, value);
            let colon = Span::new(span.start + name.len(), span.start + name.len() + 1);
            return Some(Diagnostic::at(self.source, colon, message).hint(hint));
        }
        let about = About {
            module: self.module,
            words: self.words,
            key: mistake.key.as_deref(),
            outermost: mistake.path.len() <= 1,
            written: self.source.slice(span),
            origin: Origin::Written,
        };
        let sentence = mistake.what.sentence(&about)?;
        let place = match (&*mistake.what, &mistake.key) {
            (What::Missing(_), None) => self.key,
            _ => span,
        };
        let hint = self.foreign(mistake, params).or(sentence.hint);
        let diagnostic = Diagnostic::at(self.source, place, sentence.message);
        Some(diagnostic.with(hint))
    }

    /// Advice to who thinks in another program's words.
    fn foreign(&self, mistake: &Mistake, params: &Node) -> Option<String> {
        match &*mistake.what {
            What::UnknownField { field, .. } if mistake.path.len() <= 1 => {
                let value = params.entry(field).and_then(|entry| entry.value.text());
                foreign::parameter(self.module, field, value)
            }
            What::UnknownVariant { word, known } => {
                let ours = foreign::value(self.module, word).filter(|word| known.contains(word))?;
                Some(format!("write `{ours}`; possible are {}", all_of(known)))
            }
            What::UnknownField { .. }
            | What::Other(_)
            | What::Type { .. }
            | What::Missing(_)
            | What::Twice(_)
            | What::NoValue
            | What::Unfit { .. }
            | What::Reported => None,
        }
    }
}

/// Where a mistake in a value is: at a key that there is not, or at the innermost value that is wrong.
fn place(mistake: &Mistake, value: &Node) -> Span {
    let strange = matches!(*mistake.what, What::UnknownField { .. });
    let step = mistake.path.split_last().filter(|_| strange);
    let key = step.and_then(|(key, way)| value.at(way).entry(key));
    key.map_or_else(|| value.at(&mistake.path).span, |entry| entry.key.span)
}
