//! What is wrong where the text is no YAML: the library's findings in words of someone who writes manifests.

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use serde_yaml::granit_parser::{ErrorKind, ScanError};
use std::sync::Arc;

/// The mistake that stopped the parser at a place of the source.
pub(super) fn explain(source: &Arc<Source>, at: usize, error: &ScanError) -> Diagnostic {
    let (message, hint) = words(error.kind());
    let message = match message {
        "" => error.kind().to_string(),
        message => message.to_owned(),
    };
    let diagnostic = Diagnostic::at(source, Span::new(at, at + 1), message);
    if hint.is_empty() { diagnostic } else { diagnostic.hint(hint) }
}

fn words(_kind: &ErrorKind) -> (&'static str, &'static str) {
    ("", "")
}
