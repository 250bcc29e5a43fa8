//! What is wrong where the text is no YAML: the library's findings in words of someone who writes manifests.

use super::build::Builder;
use super::{indentation, shorten};
use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use serde_yaml::granit_parser::{ErrorKind, ScanError};
use std::sync::Arc;

/// What is said of a mistake.
pub(super) struct Words {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The mistake that stopped the parser at a place of the source.
pub(super) fn explain(
    source: &Arc<Source>,
    at: usize,
    error: &ScanError,
    builder: &Builder<'_>,
) -> Diagnostic {
    let at = at.min(source.text.len());
    let words = mismatch(at, error.kind())
        .or_else(|| quote(source, at, error.kind(), builder.consumed))
        .or_else(|| bracket_in_text(source, at, error.kind()))
        .or_else(|| bracket(source, at, error.kind(), builder))
        .or_else(|| second_colon(source, at))
        .or_else(|| misfit(source, at, error.kind()))
        .unwrap_or_else(|| {
            let (message, hint) = words(source, at, error.kind());
            let message = if message.is_empty() { error.info() } else { message.to_owned() };
            Words { span: place(source, at, error.kind()), message, hint: hint.to_owned() }
        });
    let diagnostic = Diagnostic::at(source, words.span, words.message);
    if words.hint.is_empty() { diagnostic } else { diagnostic.hint(words.hint) }
}

/// `shell: echo a: b`: where the parser stopped at a colon after a key and its value, that is what is wrong, whatever
/// the lines above are.
fn second_colon(source: &Arc<Source>, at: usize) -> Option<Words> {
    let start = source.text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = source.text.get(start..)?.lines().next()?;
    let stops = line.get(at - start..)?;
    let (key, value) = line.get(..at - start)?.split_once(": ")?;
    let value = value.trim_start();
    let plain = !value.starts_with(['"', '\'', '{', '[', '|', '>', '&', '*', '!', '#']);
    let key = key.trim_start_matches([' ', '-']);
    let named = !key.is_empty() && !key.contains([' ', '#', '{', '[', '"', '\'']);
    (named && plain && !value.is_empty() && (stops.starts_with(": ") || stops == ":")).then(|| {
        let whole = line.split_once(": ").map_or("", |(_, value)| value.trim());
        let (message, hint) = key_words(": ");
        let hint = if whole.contains(['"', '\\']) {
            format!("{hint}: `{key}: '{}'`", shorten(&whole.replace('\'', "''")))
        } else {
            format!("{hint}: `{key}: \"{}\"`", shorten(whole))
        };
        Words { span: Span::new(at, at + 1), message: message.to_owned(), hint }
    })
}

/// A line that does not fit its neighbours.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn misfit(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Option<Words> {
    match kind {
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::InvalidColonPlacement => {
            let before = source.text.get(..at)?.rsplit('\n').next()?;
            indentation::explain(source, at, !before.contains(": ") && !before.trim().is_empty())
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::ExpectedDocumentStart => indentation::explain(source, at, false),
        _ => None,
    }
}

/// The part of the text that is wrong, where the parser stopped after it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn place(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Span {
    let before = source.text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => {
            let line = source.text.get(line_start..).unwrap_or_default();
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            let tab = line.get(..indentation).and_then(|blank| blank.find('\t'));
            let tab = tab.map_or(at, |tab| line_start + tab);
            Span::new(tab, tab + 1)
        }
        // The parser took the next key for a part of the value.
        ErrorKind::ExpectedFlowMappingSeparator
            if source.text.get(at..).is_some_and(|rest| rest.starts_with(':')) =>
        {
            let word = before.rfind([' ', '{', ',', '\n']).map_or(0, |blank| blank + 1);
            Span::new(word, at)
        }
        _ => Span::new(at, at + 1),
    }
}

/// A bracket that another one closes; the parser stops at the first of them.
fn mismatch(at: usize, kind: &ErrorKind) -> Option<Words> {
    let ErrorKind::MismatchedFlowCollectionEnd { open, close } = kind else { return None };
    let wanted = if *open == '[' { ']' } else { '}' };
    Some(Words {
        span: Span::new(at, at + 1),
        message: format!("this `{open}` is not closed before the next `{close}`"),
        hint: format!(
            "write `{wanted}` after the last value; a text with a bracket in it needs quotes"
        ),
    })
}

/// A quote that was forgotten is noticed at the next one, pages below; what helps is where the text begins.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn quote(source: &Arc<Source>, at: usize, kind: &ErrorKind, consumed: usize) -> Option<Words> {
    let mark = match kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::DocumentIndicatorInQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent => ['"', '\''].as_slice(),
        ErrorKind::InvalidTrailingSingleQuotedScalar => &['\''],
        ErrorKind::InvalidTrailingDoubleQuotedScalar => &['"'],
        _ => return None,
    };
    let open = consumed + source.text.get(consumed..)?.find(mark)?;
    let between = source.text.get(open..at).unwrap_or_default();
    let trailing = matches!(
        kind,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
    );
    Some(if trailing && !between.contains('\n') {
        Words {
            span: Span::new(at, at + 1),
            message: "a text in quotes ends before this".to_owned(),
            hint: if source.slice(Span::new(open, open + 1)) == "'" {
                "put the whole value into `\"`; inside of `'`, write `''` for a quote".to_owned()
            } else {
                "put the whole value into `'`; inside of `\"`, write `\\\"` for a quote".to_owned()
            },
        }
    } else {
        Words {
            span: Span::new(open, open + 1),
            message: "this quote is not closed".to_owned(),
            hint: "close the text with the same quote at its end".to_owned(),
        }
    })
}

/// `{var: l[1]}`: within brackets, one that follows a text without a blank ends it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn bracket_in_text(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> Option<Words> {
    match kind {
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {}
        _ => return None,
    }
    let (before, rest) = source.text.split_at_checked(at)?;
    let bracket = rest.chars().next().filter(|c| matches!(c, '[' | '{'))?;
    let (begin, mut open) =
        (before.rfind([' ', ',', '[', '{', '\n']).map_or(0, |at| at + 1), 0_u32);
    let ends = |c: char| {
        open = match c {
            '[' | '{' => open + 1,
            ']' | '}' => open.saturating_sub(1),
            _ if open > 0 => open,
            _ => 0,
        };
        c == '\n' || open == 0 && matches!(c, ',' | ' ')
    };
    let end = rest.find(ends).unwrap_or(rest.len());
    // The bracket around it is closed there too.
    let mut text = source.text.get(begin..at + end)?;
    let count = |text: &str, signs: [char; 2]| text.matches(signs).count();
    while count(text, [']', '}']) > count(text, ['[', '{']) {
        text = text.get(..text.rfind([']', '}'])?)?;
    }
    let quote = if text.contains('"') { '\'' } else { '"' };
    (begin < at).then(|| Words {
        span: Span::new(at, at + 1),
        message: format!("within brackets, this `{bracket}` ends the text before it"),
        hint: format!("put the whole value into quotes: `{quote}{}{quote}`", shorten(text)),
    })
}

/// The same for `{` and `[`.
fn bracket(
    source: &Arc<Source>,
    at: usize,
    kind: &ErrorKind,
    builder: &Builder<'_>,
) -> Option<Words> {
    let wanted = matches!(
        kind,
        ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::InvalidFlowScalarIndent
            | ErrorKind::MappingValueNotAllowed
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
    );
    let open = builder.open().last().map(|frame| frame.start).filter(|_| wanted)?;
    let between = source.text.get(open..at)?;
    let (message, hint) = match between.chars().next()? {
        _ if !between.contains('\n') => return None,
        '{' => ("this `{` is not closed", "write `}` after the last value"),
        '[' => ("this `[` is not closed", "write `]` after the last value"),
        _ => return None,
    };
    Some(Words {
        span: Span::new(open, open + 1),
        message: message.to_owned(),
        hint: hint.to_owned(),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn words(source: &Arc<Source>, at: usize, kind: &ErrorKind) -> (&'static str, &'static str) {
    let before = source.text.get(..at).unwrap_or_default();
    let line_before = before.rsplit('\n').next().unwrap_or_default();
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => {
            ("there is a tab in the indentation", "indent with spaces, two for each level")
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::MappingKeyNotAllowed
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey
        | ErrorKind::InvalidColonPlacement => key_words(line_before),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::UnexpectedEofBlockMapping
        | ErrorKind::UnexpectedEofBlockSequence
        | ErrorKind::ExpectedDocumentStart => (
            "this line does not fit the ones above it",
            "indent the keys of one mapping, and the `-` of one list, by the same number of spaces",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => (
            "a list cannot begin here",
            "write the `-` on a line of its own, or the list as `[a, b]`; a text that begins with `- ` needs quotes",
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => (
            "there is a control character in the text",
            "write it as an escape in double quotes: `\"\\x1b\"`",
        ),
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::MissingAnchorOrAliasName => {
            ("a text cannot begin with this character", "put the text into quotes")
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => (
            "this is no escape that a text in `\"` may have",
            "write `\\\\` for a backslash, or put the text into single quotes",
        ),
        ErrorKind::InvalidBlockScalarIndent | ErrorKind::InvalidBlockScalarHeader => (
            "the text after `|` or `>` is not indented as its first line is",
            "begin the text on the next line, and indent all of it by the same number of spaces",
        ),
        ErrorKind::BomInsideDocument => {
            ("there is a byte order mark in the middle of the file", "remove it")
        }
        ErrorKind::RecursionLimitExceeded => {
            ("lists and mappings nest too deeply here", "no part of hep needs such a depth")
        }
        ErrorKind::InvalidMappingValueWhitespace
        | ErrorKind::FlowMappingValueAdjacentCollection => {
            ("there is no space after the `:`", "write `key: value`")
        }
        _ => flow_words(kind),
    }
}

/// The same where brackets are concerned. The rest concerns what no manifest has (directives, tags): there the library's
/// words will do.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list is long and may grow")]
fn flow_words(kind: &ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::ExpectedFlowMappingSeparator => (
            "there is no `,` or `}` before this",
            "write `{key: value, key: value}`; values with `,`, `{` or `}` in them need quotes",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "there is no `,` or `]` before this",
            "write `[value, value]`; values with `,`, `[` or `]` in them need quotes",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => (
            "this bracket closes nothing that is open",
            "remove it, or open it; a text that begins with a bracket needs quotes",
        ),
        _ => ("", ""),
    }
}

/// A colon where no key can be, or a line without one where a key must be.
fn key_words(line_before: &str) -> (&'static str, &'static str) {
    if line_before.contains(": ") {
        ("a second `: ` cannot be in this value", "put the value into quotes")
    } else if line_before.trim().is_empty() || line_before.trim_start().starts_with('-') {
        ("this is not a `key: value`", "write `: ` after each key")
    } else {
        (
            "this line does not fit the ones above it",
            "a key's value is on its line or, indented further, below it, but not both; every key needs a `:`",
        )
    }
}
