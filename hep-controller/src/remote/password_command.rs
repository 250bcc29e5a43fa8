//! Passwords that a command on this machine prints: a password manager's, most often.

use super::child::{self, Collected};
use super::ssh_config::words_of;
use super::{Canceller, Problem, Secret};
use crate::yaml::shorten;
use std::process::Command;
use std::time::Duration;

/// A password manager may have to be unlocked by its own means.
const WITHIN: Duration = Duration::from_secs(60);

/// The first line of what a command prints. `key` is what names it, for messages.
///
/// # Errors
/// It is no command, does not end well, or prints nothing.
pub(crate) fn ask(command: &str, key: &str) -> Result<Secret, Problem> {
    let failed = |what: String| {
        let shown = shorten(command);
        Problem::new(format!("`{key}` gives no password: `{shown}` {what}")).with_hint(
            "try it in a shell: it must print the password on its first line and end with 0",
        )
    };
    let words = words_of(command).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| failed("is no command; is a quote missing?".to_owned()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| failed("is empty".to_owned()))?;
    let mut started = Command::new(program);
    started.args(arguments);
    let collected = child::collect(&mut started, WITHIN, &Canceller::default());
    let Collected { stdout, stderr, ended_well } =
        collected.map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !ended_well {
        let said = match stderr.trim() {
            "" => String::new(),
            said => format!(": {said}"),
        };
        return Err(failed(format!("ends with an error{said}")));
    }
    match stdout.lines().next().unwrap_or_default() {
        "" => Err(failed("prints nothing".to_owned())),
        password => Ok(Secret::new(password)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let ask = |command| ask(command, "k").map(|secret| secret.reveal().to_owned());
        assert_eq!(ask("printf 'se cret\\nmore\\n'").unwrap(), "se cret");
        let refused = |command, what: &str| {
            let problem = ask(command).unwrap_err();
            assert!(problem.what.contains(what), "{problem:?}");
        };
        refused("true", "prints nothing");
        refused("sh -c 'echo locked >&2; exit 3'", "ends with an error: locked");
        refused("/nonexistent/pass", "cannot be run");
        refused("sh -c 'open", "is a quote missing?");
        refused("", "is a quote missing?");
    }
}
