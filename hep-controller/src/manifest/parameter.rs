//! Mistakes of parameters in words: what the parameter takes, what was found, what to write.

use super::ansible;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::words::{alternatives, nearest};
use crate::yaml::{self, Mistake, Node, What};
use std::sync::Arc;

/// Whose parameters they are.
pub(crate) struct Place<'a> {
    pub(crate) source: &'a Arc<Source>,
    /// The module's name.
    pub(crate) module: &'a str,
    /// Where that stands: the place of what has none of its own.
    pub(crate) key: Span,
}

impl Place<'_> {
    /// The message for a mistake in `params`; `None` when it was reported already.
    pub(crate) fn explain(&self, mistake: &Mistake, params: &Node) -> Option<Diagnostic> {
        let key = mistake.key.as_ref().map_or(self.module, |key| &*key.text);
        let at_key = mistake.key.as_ref().map_or(self.key, |key| key.span);
        let key = yaml::shorten(key);
        let span = mistake.span.unwrap_or(at_key);
        let at = |span, message: String| Diagnostic::at(self.source, span, message);
        Some(match &mistake.what {
            What::Reported => return None,
            What::Other(text) => match text.rsplit_once(": write ") {
                Some((message, advice)) => at(span, message.to_owned()).hint(format!("write {advice}")),
                None => at(span, text.clone()),
            },
            What::Type { expected, found } => {
                let diagnostic = at(span, format!("`{key}` takes {expected}, found {found}"));
                match type_hint(expected, self.source.slice(span)) {
                    Some(hint) => diagnostic.hint(hint),
                    None => diagnostic,
                }
            }
            What::NoValue => at(span, format!("`{key}` has no value"))
                .hint("write a value after it, or remove the key"),
            What::Missing(name) if mistake.key.is_none() => {
                at(self.key, format!("`{}` needs the parameter `{name}`", self.module))
                    .hint(format!("add `{name}: ...` below `{}`", self.module))
            }
            What::Missing(name) => {
                at(span, format!("`{name}` is missing here")).hint(format!("add `{name}: ...`"))
            }
            What::Twice(name) => at(span, format!("`{name}` is given twice, under two names"))
                .hint(format!("keep one of them: `{key}` means the same as another key here")),
            What::UnknownField { field, known } => {
                self.unknown_field(field, known, mistake.is_outermost(), params).unwrap_or_else(
                    || at(span, format!("unknown key `{key}`")).hint(suggestion(field, known)),
                ).moved_to(span)
            }
            What::UnknownVariant { word, known } => {
                let foreign = ansible::value(self.module, word).filter(|word| known.contains(word));
                let hint = match foreign {
                    Some(ours) => format!("write `{ours}`; possible are {}", alternatives(known)),
                    None => suggestion(word, known),
                };
                at(span, format!("`{}` is no value of `{key}`", yaml::shorten(word))).hint(hint)
            }
        })
    }

    /// A parameter the module does not have.
    fn unknown_field(
        &self,
        field: &str,
        known: &[&str],
        outermost: bool,
        params: &Node,
    ) -> Option<Diagnostic> {
        let module = self.module;
        let shown = yaml::shorten(field);
        let message = format!("unknown parameter `{shown}` of `{module}`");
        let value = params.entry(field).and_then(|entry| entry.value.text());
        let hint = match ansible::parameter(module, field, value) {
            Some(hint) => hint,
            None => {
                let list = format!("`{module}` has {}", known.join(", "));
                match nearest(field, known.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`? {list}"),
                    None => list,
                }
            }
        };
        outermost.then(|| Diagnostic::at(self.source, self.key, message).hint(hint))
    }
}

fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? possible are {}", alternatives(known)),
        None => format!("write {}", alternatives(known)),
    }
}

/// What to write where another type was meant; `written` is the text in the file.
fn type_hint(expected: &str, written: &str) -> Option<String> {
    let bare = written.trim_matches(['"', '\'']);
    let quotes = || format!("write `\"{bare}\"`, with quotes");
    if expected.starts_with("`true`") {
        match bare.to_lowercase().as_str() {
            "yes" | "on" | "y" | "1" | "true" => Some("write `true`".to_owned()),
            "no" | "off" | "n" | "0" | "false" => Some("write `false`".to_owned()),
            _ => None,
        }
    } else if expected.contains("number") && bare.bytes().all(|b| b.is_ascii_digit()) {
        let digits = bare.trim_start_matches('0');
        Some(format!("write `{}`", if digits.is_empty() { "0" } else { digits }))
    } else if expected.starts_with("a text") && !written.starts_with(['[', '{', '-']) {
        (written.len() == written.lines().next().map_or(0, str::len) && !written.contains(": "))
            .then(quotes)
    } else if expected == "a list" {
        (!bare.is_empty() && !written.contains(['\n', '{'])).then(|| format!("write `[{written}]`"))
    } else {
        None
    }
}
