//! A file the operator wrote, as text: every message about it points into this.
//!
//! Reads whole files and nothing else; what the text means is decided elsewhere.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::open;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a bundle begins: with the greeting of hep's protocol.
const BUNDLE: &[u8] = b"\xf8hep\0";

/// How ansible-vault begins a file that it encrypted as a whole.
const VAULT: &[u8] = b"$ANSIBLE_VAULT;";

/// A text file with the path that messages call it by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// As the operator named it.
    pub(crate) path: PathBuf,
    /// Its text, without a byte order mark.
    pub(crate) text: String,
}

/// A part of a source's text, as byte offsets; the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// One diagnostic: the file cannot be read, is too large, or is not UTF-8.
    pub(crate) fn read(path: &Path) -> Result<Arc<Source>, Diagnostics> {
        Source::read_as(path, path)
    }

    /// Reads a file that messages call by another path.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) fn read_as(path: &Path, shown: &Path) -> Result<Arc<Source>, Diagnostics> {
        match open::whole(path) {
            Ok(bytes) => Source::from_bytes(shown, bytes),
            Err(error) => {
                let message = format!("cannot read the file: {}", plain(&error));
                let problem = Diagnostic::of_file(shown, message);
                let kind = error.kind();
                Err(if kind == ErrorKind::NotFound && shown.is_relative() {
                    problem.hint("a relative path starts in the directory that hep runs in").into()
                } else if kind == ErrorKind::IsADirectory {
                    problem.hint("name a file in it").into()
                } else {
                    problem.into()
                })
            }
        }
    }

    /// A source from bytes that are already there.
    ///
    /// # Errors
    /// One diagnostic at the first byte that is not UTF-8.
    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Arc<Source>, Diagnostics> {
        if bytes.starts_with(BUNDLE) {
            let hint = format!("on the host: `hep-agent apply {}`", path.display());
            return Err(Diagnostic::of_file(path, "this is a bundle").hint(hint).into());
        }
        if bytes.starts_with(VAULT) {
            let message = "the file is encrypted with ansible-vault, which hep cannot decrypt";
            let shown = path.display();
            let hint = format!(
                "decrypt it for the run: `ansible-vault decrypt {shown}`, or hand variables over with `-e @<(ansible-vault view {shown})`"
            );
            return Err(Diagnostic::of_file(path, message).hint(hint).into());
        }
        let (text, bad) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(at))
            }
        };
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let text = text.get(mark..).unwrap_or_default().to_owned();
        let source = Arc::new(Source { path: path.to_owned(), text });
        match bad {
            None => Ok(source),
            Some(at) => {
                let start = at.saturating_sub(mark);
                // The byte stands in the text as one replacement character.
                let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
                Err(Diagnostic::at(&source, span, "this byte is not UTF-8 text")
                    .hint("save the file as UTF-8")
                    .into())
            }
        }
    }

    /// The text of a span; empty when the span lies outside.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}

/// The system's words without the number that std appends.
pub(crate) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let shown = match Source::from_bytes(Path::new("site.yml"), bytes.to_vec()) {
            Ok(source) => source.text.clone(),
            Err(diagnostics) => diagnostics.render(crate::text::Colour::Off),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn byte_order_mark_is_no_text() {
        check(b"\xef\xbb\xbf- x\r\n", "- x\r\n");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_by_place() {
        check(
            b"- name: x\n  file: {dest: /\xff\xfe}\n",
            "error: this byte is not UTF-8 text\n --> site.yml:2:17\n  |\n2 |   file: {dest: /\u{fffd}\u{fffd}}\n  |                 ^\n  |\n  = hint: save the file as UTF-8\n",
        );
    }

    #[test]
    fn an_encrypted_file_says_how_to_hand_it_over() {
        check(
            b"$ANSIBLE_VAULT;1.1;AES256\n3839\n",
            "error: the file is encrypted with ansible-vault, which hep cannot decrypt\n--> site.yml\n = hint: decrypt it for the run: `ansible-vault decrypt site.yml`, or hand variables over with `-e @<(ansible-vault view site.yml)`\n",
        );
    }

    #[test]
    fn a_bundle_is_no_text_and_says_where_it_goes() {
        check(
            b"\xf8hep\0\xff\r\n",
            "error: this is a bundle\n--> site.yml\n = hint: on the host: `hep-agent apply site.yml`\n",
        );
        let mut bundle = Vec::new();
        hep_protocol::hello::write(&mut bundle).unwrap();
        assert!(bundle.starts_with(BUNDLE));
    }

    #[test]
    fn missing_file_is_named_with_its_cause() {
        let error = Source::read(Path::new("/nowhere/site.yml")).unwrap_err();
        assert_eq!(
            error.render(crate::text::Colour::Off),
            "error: cannot read the file: no such file or directory\n--> /nowhere/site.yml\n"
        );
    }
}
