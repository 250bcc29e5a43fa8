//! What the agent says to whoever started it, and its exit codes: for a person on the host, and for the controller when
//! nothing could begin.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "this is where the agent talks to a person"
)]

use hep_protocol::text::shown;
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of a bad command line or bundle, as hep's.
const USAGE: u8 = 2;

/// A message that holds text of unknown origin is cut here, in characters.
const SHORT: usize = 400;

/// Prints a line for whoever asked.
pub(crate) fn say(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints why nothing was done.
pub(crate) fn refuse(text: &str) -> ExitCode {
    writeln!(io::stderr(), "{text}").ok();
    ExitCode::from(USAGE)
}

/// Prints that a word of the command line means nothing here, and what would.
pub(crate) fn unknown(what: &str, word: &str, usage: &str) -> ExitCode {
    refuse(&format!("hep-agent: unknown {what}: `{}`\n{usage}", shown_short(word)))
}

/// The beginning of a text, made harmless: one line for a message.
pub(crate) fn shown_short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => shown(text.get(..end).unwrap_or_default()) + "...",
        None => shown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shown_short(&"x".repeat(SHORT)).len(), SHORT);
        assert_eq!(shown_short(&"x".repeat(SHORT + 1)).len(), SHORT + 3);
    }
}
