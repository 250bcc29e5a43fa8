//! The lines of an ansible.cfg: sections with keys, as Python's configparser reads them.

use crate::source::{Source, Span};
use std::sync::Arc;

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// `section.key`, in lower case as configparser has keys.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) span: Span,
}

/// All keys, in the order of the file. A line that is none is passed over, as one without a section is.
pub(super) fn lines(source: &Arc<Source>) -> Vec<Line> {
    let (mut section, mut lines) = (None::<String>, Vec::<Line>::new());
    let mut at = 0;
    for raw in source.text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let text = raw.trim_end();
        let line = text.trim_start();
        let indent = text.len() - line.len();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = Some(name.0.trim().to_owned());
            continue;
        }
        let Some(section) = &section else { continue };
        match (indent > 0, lines.last_mut()) {
            // What is indented goes on with the value above it.
            (true, Some(last)) => {
                last.value.push('\n');
                last.value.push_str(without_comment(line));
            }
            (_, _) => {
                let Some(end) = line.find(['=', ':']) else { continue };
                let (key, value) = line.split_at(end);
                let value = without_comment(value.get(1..).unwrap_or_default());
                let key = format!("{section}.{}", key.trim().to_ascii_lowercase());
                let span = Span::new(start + indent, start + indent + line.len());
                lines.push(Line { key, value: unquoted(value.trim()).to_owned(), span });
            }
        }
    }
    lines
}

/// A `;` after a blank begins a comment.
fn without_comment(value: &str) -> &str {
    let end = value.match_indices(';').map(|(at, _)| at).find(|at| {
        value.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    });
    value.get(..end.unwrap_or(value.len())).unwrap_or(value).trim_end()
}

/// Quotes around all of a value are none of it.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn keys_are_those_of_configparser() {
        let text = "stray = 1\n[defaults]\n# c\nForks=7 ; many\nroles_path: a:b\nx = \"q\"\nlist = a,\n   b\n;n=1\n\
                    [ssh_connection]\nssh_args = -o A=b;c\nalone\n";
        let source = Source::from_bytes(Path::new("ansible.cfg"), text.into()).unwrap();
        let found: Vec<(String, String)> =
            lines(&source).into_iter().map(|line| (line.key, line.value)).collect();
        let expected = [
            ("defaults.forks", "7"),
            ("defaults.roles_path", "a:b"),
            ("defaults.x", "q"),
            ("defaults.list", "a,\nb"),
            ("ssh_connection.ssh_args", "-o A=b;c"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found, expected);
    }
}
