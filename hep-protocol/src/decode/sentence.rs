//! Mistakes of parameters in words: what the parameter takes, what was found, what to write.

use crate::truth::{Reader, truth};
use crate::words::{all_of, alternatives, nearest, shorten};
use serde::de;

/// The kinds of mistakes; those with names inside allow of suggestions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A sentence of the value's own type.
    Other(String),
    /// A value of another type.
    Type {
        /// `a list`, with article.
        expected: String,
        /// The same of what is there.
        found: String,
    },
    /// A key that the mapping does not have.
    UnknownField {
        /// The key.
        field: String,
        /// Those that it has.
        known: &'static [&'static str],
    },
    /// A word that is none of those possible.
    UnknownVariant {
        /// The word.
        word: String,
        /// Those that are possible.
        known: &'static [&'static str],
    },
    /// A key that must be there.
    Missing(&'static str),
    /// A key that is there under two names.
    Twice(&'static str),
    /// A key without a value.
    NoValue,
    /// A parameter that does not fit the others.
    Unfit {
        /// What is wrong.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// Something that was reported already.
    Reported,
}

/// What the keys of a mapping are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// Parameters of a module.
    Parameters,
    /// Keys of the config, or of another mapping that is no module.
    Keys,
}

/// Where the wrong value came from: what to advise depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It stands in the manifest.
    Written,
    /// An expression gave it.
    Rendered,
}

/// What a mistake is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The module's name, or that of another mapping.
    pub module: &'a str,
    /// How the mapping and its keys are called.
    pub words: Words,
    /// The innermost key the mistake lies below.
    pub key: Option<&'a str>,
    /// Whether that is one of the outermost mapping.
    pub outermost: bool,
    /// The wrong value as it was written.
    pub written: &'a str,
    /// Where it came from.
    pub origin: Origin,
}

/// What is wrong, and what to write instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Sentence {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl What {
    /// A value of another type than the one that was asked for.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "serde's words do for what YAML has not")]
    pub fn wrong_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Map => "a mapping".to_owned(),
            de::Unexpected::Bool(value) => format!("`{value}`"),
            de::Unexpected::Unsigned(value) => format!("the number {value}"),
            de::Unexpected::Signed(value) => format!("the number {value}"),
            de::Unexpected::Float(value) => format!("the number {value:?}"),
            de::Unexpected::Str(text) => format!("the text `{}`", shorten(text)),
            other => other.to_string(),
        };
        Self::Type { expected: expected.to_string(), found }
    }

    /// In words; `None` when it was reported already.
    #[must_use]
    pub fn sentence(&self, about: &About<'_>) -> Option<Sentence> {
        let key = shorten(about.key.unwrap_or(about.module));
        Some(match self {
            Self::Reported => return None,
            Self::Other(text) => other(text),
            Self::Type { expected, found } => {
                let several = (expected.as_str(), found.as_str()) == ("a text", "a list");
                let hint = match about.origin {
                    Origin::Written if several && about.words == Words::Parameters => {
                        "write one text; `loop` does a task once for each of several".to_owned()
                    }
                    Origin::Written => type_hint(expected, found, about.written),
                    Origin::Rendered => rendered_hint(expected, found, about.written),
                };
                Sentence::new(format!("`{key}` takes {expected}, found {found}")).hint(hint)
            }
            Self::NoValue => {
                let hint = match about.origin {
                    Origin::Written => "write a value after it, or remove the key",
                    Origin::Rendered => {
                        "end the expression with `| default(omit)` to leave the key out"
                    }
                };
                Sentence::new(format!("`{key}` has no value")).hint(hint)
            }
            Self::Missing(name) if about.key.is_none() => {
                Sentence::new(format!("`{}` needs the parameter `{name}`", about.module))
                    .hint(format!("add `{name}: ...` below `{}`", about.module))
            }
            Self::Missing(name) => Sentence::new(format!("`{name}` is missing here"))
                .hint(format!("add `{name}: ...`")),
            Self::Twice(name) => Sentence::new(format!("`{name}` is given twice, under two names"))
                .hint(format!("keep one of them: `{key}` means the same as another key here")),
            Self::UnknownField { field, known } if about.outermost => {
                unknown_field(field, known, about)
            }
            Self::UnknownField { field, known } => {
                Sentence::new(format!("unknown key `{key}`")).hint(suggestion(field, known))
            }
            Self::UnknownVariant { word, known } => {
                Sentence::new(format!("`{}` is no value of `{key}`", shorten(word)))
                    .hint(suggestion(word, known))
            }
            Self::Unfit { message, hint } => Sentence::new(message.clone()).hint(hint.clone()),
        })
    }
}

/// A value's own sentence; what it advises stands after the last colon. Serde hands on what a type says of a value as
/// one text, so that is taken apart here, and nowhere else.
fn other(text: &str) -> Sentence {
    let text = match text.strip_prefix("`` ") {
        Some(rest) => format!("an empty value {rest}"),
        None => text.to_owned(),
    };
    match text.rsplit_once(": write ") {
        Some((message, advice)) => Sentence::new(message).hint(format!("write {advice}")),
        None => Sentence { hint: example(&text).map(str::to_owned), message: text },
    }
}

/// A parameter the module does not have.
fn unknown_field(field: &str, known: &[&str], about: &About<'_>) -> Sentence {
    let (module, shown) = (about.module, shorten(field));
    let (message, list) = match about.words {
        Words::Parameters => (
            format!("unknown parameter `{shown}` of `{module}`"),
            format!("`{module}` has {}", known.join(", ")),
        ),
        Words::Keys => (
            format!("unknown key `{shown}` of {module}"),
            format!("{module} has {}", all_of(known)),
        ),
    };
    let hint = match nearest(field, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? {list}"),
        None => list,
    };
    Sentence::new(message).hint(hint)
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
    ("is not an absolute path", "write a full path on the host, such as `/etc/motd`"),
    ("is not a user or group", "write a name such as `www-data`, or a number"),
    ("is not a service name", "write only the name, such as `apache2` or `getty@tty1`"),
    ("is not a command", "write `[program, argument]`"),
    ("is not a package", "write a name such as `nginx`, `nginx=1.22*` or `libc6:arm64`"),
];

/// What to write where another type was meant; `written` is the text in the file. Of what a type expects serde, too, knows
/// words alone.
fn type_hint(expected: &str, found: &str, written: &str) -> String {
    let bare = written.trim_matches(['"', '\'']);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if expected.starts_with("`true`") {
        match truth(bare, Reader::Key) {
            Some(meant) => format!("write `{meant}`"),
            None => "write `true` or `false`".to_owned(),
        }
    } else if expected.contains("number") && digits(bare) && !found.starts_with("the number") {
        let significant = bare.trim_start_matches('0');
        format!("write `{}`", if significant.is_empty() { "0" } else { significant })
    } else if expected.contains("number") && found.starts_with("the number") {
        format!("write {expected}, 0 or more")
    } else if expected.contains("number") {
        "write digits alone, as `60`".to_owned()
    } else if expected.starts_with("a text") && !matches!(found, "a list" | "a mapping") {
        format!("write `\"{}\"`, with quotes", shorten(bare))
    } else if expected == "a list" && !written.contains(['\n', '{']) {
        format!("write `[{}]`", shorten(written))
    } else {
        match expected {
            "a list" => "write `[value, value]`".to_owned(),
            "a mapping" => "write `{key: value}`".to_owned(),
            _ if expected.contains("mode") => {
                "write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`".to_owned()
            }
            _ => format!("write {expected} instead of {found}"),
        }
    }
}

/// What to end an expression with where another type was meant.
fn rendered_hint(expected: &str, found: &str, written: &str) -> String {
    let text = found.starts_with("the text");
    if expected.starts_with("`true`") {
        "end the expression with `| bool`".to_owned()
    } else if expected.contains("number") && (text || written.contains('.')) {
        "end the expression with `| int`".to_owned()
    } else if expected == "a list" && text {
        "end the expression with `| split`, or give a list".to_owned()
    } else if expected.starts_with("a text") && found == "a list" {
        "end the expression with `| join(\" \")`, or take one item of it".to_owned()
    } else {
        type_hint(expected, found, written)
    }
}
