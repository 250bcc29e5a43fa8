//! What other programs start hep for: a shell that completes a word, and `ssh` that needs an answer. Decides nothing.

use crate::cli::completions;
use crate::remote::askpass;
use crate::ui::Ui;
use std::process::ExitCode;

/// Answers such a program, if it is one; how hep then ends.
pub(crate) fn answered(ui: &mut Ui) -> Option<ExitCode> {
    match askpass::answer() {
        Some(Ok(text)) => ui.out(&text),
        // An empty answer would be one.
        Some(Err(askpass::NoAnswer)) => return Some(ExitCode::FAILURE),
        None => ui.out(&completions::answer()?),
    }
    Some(ExitCode::SUCCESS)
}
