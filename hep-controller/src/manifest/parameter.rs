//! Mistakes of parameters in words: what the parameter takes, what was found, what to write.

use super::ansible;
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use crate::words::{all_of, alternatives, nearest};
use crate::yaml::{self, Mistake, Node, What};
use std::sync::Arc;

/// What the keys of a mapping are called.
#[derive(Clone, Copy)]
pub(crate) enum Words {
    /// Parameters of a module.
    Parameters,
    /// Keys of the config, or of another mapping that is no module.
    Keys,
}

/// Whose parameters they are.
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
        let key = mistake.key.as_ref().map_or(self.module, |key| &*key.text);
        let at_key = mistake.key.as_ref().map_or(self.key, |key| key.span);
        let key = yaml::shorten(key);
        let span = mistake.span.unwrap_or(at_key);
        let at = |span, message: String| Diagnostic::at(self.source, span, message);
        Some(match &*mistake.what {
            What::Reported => return None,
            What::Other(text) => {
                let text = match text.strip_prefix("`` ") {
                    Some(rest) => format!("an empty value {rest}"),
                    None => text.clone(),
                };
                match text.rsplit_once(": write ") {
                    Some((message, advice)) => {
                        at(span, message.to_owned()).hint(format!("write {advice}"))
                    }
                    None => match example(&text) {
                        Some(example) => at(span, text.clone()).hint(example),
                        None => at(span, text),
                    },
                }
            }
            What::Type { expected, found } => at(
                span,
                format!("`{key}` takes {expected}, found {found}"),
            )
            .hint(type_hint(expected, found, self.source.slice(span))),
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
            What::UnknownField { field, known } => self
                .unknown_field(field, known, mistake.is_outermost(), params)
                .unwrap_or_else(|| {
                    at(span, format!("unknown key `{key}`")).hint(suggestion(field, known))
                })
                .moved_to(span),
            What::UnknownVariant { word, known } => {
                let foreign = ansible::value(self.module, word).filter(|word| known.contains(word));
                let hint = match foreign {
                    Some(ours) => format!("write `{ours}`; possible are {}", all_of(known)),
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
        let message = match self.words {
            Words::Parameters => format!("unknown parameter `{shown}` of `{module}`"),
            Words::Keys => format!("unknown key `{shown}` of {module}"),
        };
        let value = params.entry(field).and_then(|entry| entry.value.text());
        let hint = match ansible::parameter(module, field, value) {
            Some(hint) => hint,
            None => {
                let list = match self.words {
                    Words::Parameters => format!("`{module}` has {}", known.join(", ")),
                    Words::Keys => format!("{module} has {}", all_of(known)),
                };
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
        Some(name) => format!("did you mean `{name}`? possible are {}", all_of(known)),
        None => format!("write {}", alternatives(known)),
    }
}

/// A value that would be right, for a sentence about one that is not.
fn example(sentence: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(kind, _)| sentence.contains(kind)).map(|(_, example)| *example)
}

/// Kinds of values as their own messages call them.
const EXAMPLES: [(&str, &str); 5] = [
    ("is not an absolute path", "write a full path on the host, as `/etc/motd`"),
    ("is not a user or group", "write a name such as `www-data`, or a number"),
    ("is not a service name", "write the name alone, as `apache2` or `getty@tty1`"),
    ("is not a command", "write `[program, argument]`"),
    ("is not a package", "write a name such as `nginx`, `nginx=1.22*` or `libc6:arm64`"),
];

/// What to write where another type was meant; `written` is the text in the file.
fn type_hint(expected: &str, found: &str, written: &str) -> String {
    let bare = written.trim_matches(['"', '\'']);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if expected.starts_with("`true`") {
        match bare.to_lowercase().as_str() {
            "yes" | "on" | "y" | "1" | "true" => "write `true`".to_owned(),
            "no" | "off" | "n" | "0" | "false" => "write `false`".to_owned(),
            _ => "write `true` or `false`".to_owned(),
        }
    } else if expected.contains("number") && digits(bare) && !found.starts_with("the number") {
        let significant = bare.trim_start_matches('0');
        format!("write `{}`", if significant.is_empty() { "0" } else { significant })
    } else if expected.contains("number") && found.starts_with("the number") {
        format!("write {expected}, 0 or more")
    } else if expected.contains("number") {
        "write digits alone, as `60`".to_owned()
    } else if expected.starts_with("a text") && !matches!(found, "a list" | "a mapping") {
        format!("write `\"{}\"`, with quotes", yaml::shorten(bare))
    } else if expected == "a list" && !written.contains(['\n', '{']) {
        format!("write `[{}]`", yaml::shorten(written))
    } else {
        match expected {
            "a list" => "write `[value, value]`".to_owned(),
            "a mapping" => "write `{key: value}`".to_owned(),
            _ => format!("write {expected} instead of {found}"),
        }
    }
}
