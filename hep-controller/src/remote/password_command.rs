//! Passwords that a command on this machine prints: a password manager's, most often.

use super::child::{self, Collected};
use super::ssh_config::words_of;
use super::{Canceller, Problem, Secret};
use crate::secrets;
use crate::yaml::shorten;
use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

/// A password manager may have to be unlocked by its own means.
const WITHIN: Duration = Duration::from_secs(60);

/// Who may know a password: what the operator typed, then the command line, the host's own word, the config.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sources<'a> {
    pub(crate) typed: Option<&'a Secret>,
    /// A command on the command line.
    pub(crate) line: Option<&'a str>,
    /// What the inventory has, and a command there.
    pub(crate) host: (Option<&'a Secret>, Option<&'a str>),
    /// What the config has, and a command there.
    pub(crate) config: (Option<&'a Secret>, Option<&'a str>),
}

/// Passwords that commands have printed: each is run once.
#[derive(Debug, Default)]
pub(crate) struct Printed(HashMap<String, Secret>);

impl Printed {
    /// The password of the nearest source that has one. `key` is what names a command, for messages.
    ///
    /// # Errors
    /// As of [`ask`].
    pub(crate) fn nearest(
        &mut self,
        sources: Sources<'_>,
        key: &str,
    ) -> Result<Option<Secret>, Problem> {
        let Sources { typed, line, host, config } = sources;
        for (password, command) in [(typed, line), host, config] {
            match (password, command) {
                (Some(password), _) => return Ok(Some(password.clone())),
                (None, Some(command)) => return self.by(command, key).map(Some),
                (None, None) => {}
            }
        }
        Ok(None)
    }

    fn by(&mut self, command: &str, key: &str) -> Result<Secret, Problem> {
        if let Some(password) = self.0.get(command) {
            return Ok(password.clone());
        }
        let password = ask(command, key)?;
        secrets::learn(password.reveal());
        self.0.insert(command.to_owned(), password.clone());
        Ok(password)
    }
}

/// The first line of what a command prints. `key` is what names it, for messages.
///
/// # Errors
/// It is no command, does not end well, or prints nothing.
fn ask(command: &str, key: &str) -> Result<Secret, Problem> {
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
    fn the_nearest_source_counts_and_each_command_runs_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("runs");
        let counting = format!("sh -c 'echo x >> {}; echo printed'", file.display());
        let [typed, host, config] = ["typed", "of host", "of config"].map(Secret::new);
        let mut printed = Printed::default();
        let mut check = |sources: Sources<'_>, expected: Option<&str>| {
            let found = printed.nearest(sources, "k").unwrap();
            assert_eq!(found.as_ref().map(Secret::reveal), expected);
        };
        let all = Sources {
            typed: Some(&typed),
            line: Some(&counting),
            host: (Some(&host), Some(&counting)),
            config: (Some(&config), Some(&counting)),
        };
        check(all, Some("typed"));
        check(Sources { typed: None, ..all }, Some("printed"));
        let inner = Sources { typed: None, line: None, ..all };
        check(inner, Some("of host"));
        check(Sources { host: (None, Some(&counting)), ..inner }, Some("printed"));
        check(Sources { host: (None, None), ..inner }, Some("of config"));
        check(Sources::default(), None);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "x\n");
    }

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
