//! Options of other programs that people type from habit, each with hep's equivalent: a flat table.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// An option of another program, and what to write instead.
const HABITS: &[(&str, &str)] = &[
    ("-C", "write `--check`"),
    ("-D", "write `--diff`"),
    ("-t", "write `--tags TAGS`"),
    ("-f", "write `--forks N`"),
    ("-T", "write `--connect-timeout SECONDS`"),
    ("-n", "write `--check`"),
    ("-s", "write `--become`"),
    ("-S", "write `--become --become-method su`"),
    ("-U", "write `--become --become-user NAME`"),
    ("-R", "write `--become --become-user NAME`"),
    ("-J", VAULT),
    ("-M", MODULES),
    ("-m", AD_HOC),
    ("-a", AD_HOC),
    ("-B", "a task runs until it is done: `--task-timeout SECONDS` limits that"),
    ("-P", "a task runs until it is done: `--task-timeout SECONDS` limits that"),
    ("-o", "write `--output json`, which prints one line per event"),
    ("--apply", "leave it out: `hep push` changes hosts unless `--check` is given"),
    ("--args", AD_HOC),
    ("--ask-become-password", "write `--ask-become-pass`"),
    ("--ask-password", "write `--ask-pass`"),
    ("--ask-su-pass", "write `--ask-become-pass`"),
    ("--ask-sudo-pass", "write `--ask-become-pass`"),
    ("--ask-vault-pass", VAULT),
    ("--ask-vault-password", VAULT),
    ("--background", "a task runs until it is done: `--task-timeout SECONDS` limits that"),
    ("--batch-size", "write `serial: N` in the play"),
    ("--become-pass-file", "write `--become-password-command 'cat FILE'`"),
    ("--become-password-file", "write `--become-password-command 'cat FILE'`"),
    ("--color", COLOUR),
    ("--colors", COLOUR),
    ("--colour", COLOUR),
    ("--conn-pass-file", "write `--password-command 'cat FILE'`"),
    ("--connection", "write `--transport ssh2`, `openssh` or `local`"),
    ("--connection-password-file", "write `--password-command 'cat FILE'`"),
    ("--debug", "write `-vvv`"),
    ("--dry-run", "write `--check`"),
    ("--dryrun", "write `--check`"),
    ("--extra-vars", "write `-e VARIABLE` or `--extra VARIABLE`"),
    ("--flush-cache", "leave it out: hep keeps no facts"),
    ("--force", "leave it out: hep asks before tasks only with `--step`"),
    ("--force-color", COLOUR),
    ("--force-handlers", "leave it out: notified handlers run after a failure too"),
    ("--graph", "leave it out: `hep hosts` shows a tree"),
    ("--host", "write `hep push --show-vars HOST`, or `--limit HOST`"),
    ("--identity", "write `--private-key FILE`"),
    ("--inventory-file", "write `-i FILE`"),
    ("--json", "write `--output json`"),
    ("--key-file", "write `--private-key FILE`"),
    ("--list", "write `--output json`"),
    ("--list-hosts", "write `hep hosts -i FILE PATTERN`"),
    ("--list-tags", "write `--list-tasks`"),
    ("--module-args", AD_HOC),
    ("--module-name", AD_HOC),
    ("--module-path", MODULES),
    ("--no-color", COLOUR),
    ("--no-colour", COLOUR),
    ("--noop", "write `--check`"),
    ("--one-line", "write `--output json`, which prints one line per event"),
    ("--parallel", "write `--forks N`"),
    ("--playbook-dir", "leave it out: hep looks for files next to the manifest"),
    ("--poll", "a task runs until it is done: `--task-timeout SECONDS` limits that"),
    ("--remote-user", "write `--user NAME`"),
    ("--retries", "write `--connect-retries N`"),
    ("--scp-extra-args", SSH),
    ("--serial", "write `serial: N` in the play"),
    ("--sftp-extra-args", SSH),
    ("--ssh-common-args", SSH),
    ("--ssh-extra-args", SSH),
    ("--start-at-task", "write `--start-at NAME`"),
    ("--su", "write `--become --become-method su`"),
    ("--su-user", "write `--become --become-user NAME`"),
    ("--sudo", "write `--become`"),
    ("--sudo-user", "write `--become --become-user NAME`"),
    ("--syntax-check", "write `hep validate MANIFEST`"),
    ("--timeout", "write `--connect-timeout`, `--task-timeout` or `--run-timeout SECONDS`"),
    ("--tree", "write `--log FILE`"),
    ("--vars", "write `-e VARIABLE`, or `-e @FILE`"),
    ("--vault-id", VAULT),
    ("--vault-pass-file", VAULT),
    ("--vault-password-file", VAULT),
    ("--yaml", "write `--output json`, which is valid YAML too"),
    ("--yes", "leave it out: hep asks before tasks only with `--step`"),
];

const AD_HOC: &str =
    "write a manifest with that task, such as `- command: ...`, and pass it to `hep push`";
const COLOUR: &str =
    "leave it out: colours are used only at a terminal, and `NO_COLOR=1 hep ...` disables them";
const MODULES: &str = "leave it out: modules are built into hep, and `hep doc` lists them";
const SSH: &str = "write `--ssh-config FILE` with those settings in it";
const VAULT: &str =
    "hep has no vault: pass decrypted variables with `-e @<(ansible-vault view FILE)`";

/// The parser's error, with hep's own option where it is known.
pub(super) fn advised(mut error: clap::Error) -> clap::Error {
    let advice = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(written))) => meant(written),
        _ => None,
    };
    if let Some(advice) = advice {
        // The parser's own guess only compares letters.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::TrailingArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// What to write instead of an option.
fn meant(written: &str) -> Option<&'static str> {
    let name = written.split(['=', ' ']).next().unwrap_or_default();
    HABITS.iter().find(|(option, _)| *option == name).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, parse};
    use super::*;
    use clap::CommandFactory as _;
    use std::ffi::OsString;

    fn said(line: &str) -> String {
        parse(line.split(' ').map(OsString::from)).unwrap_err().to_string()
    }

    #[test]
    fn each_habit_is_answered_by_hep_s_option() {
        for (option, advice) in HABITS {
            let long = format!("hep push site.yml {option} x");
            assert!(said(&long).contains(&format!("tip: {advice}")), "{}", said(&long));
        }
        assert!(said("hep -C site.yml").contains("tip: write `--check`"));
        assert!(said("hep push --extra-vars=a=1").contains("tip: write `-e VARIABLE`"));
        assert!(said("hep push -bCD").contains("tip: write `--check`"));
        assert!(said("hep push -f10").contains("tip: write `--forks N`"));
        assert!(said("hep hosts --list").contains("tip: write `--output json`"));
    }

    #[test]
    fn no_habit_is_an_option_of_push() {
        let push = Cli::command();
        let push = push.find_subcommand("push").unwrap();
        for (option, _) in HABITS {
            let taken = push.get_arguments().any(|argument| {
                let long = argument.get_long_and_visible_aliases().unwrap_or_default();
                let short = argument.get_short_and_visible_aliases().unwrap_or_default();
                long.iter().any(|long| format!("--{long}") == *option)
                    || short.iter().any(|short| format!("-{short}") == *option)
            });
            assert!(!taken, "{option}");
        }
    }

    #[test]
    fn each_option_that_is_named_exists() {
        let command = Cli::command();
        let known = |word: &str| {
            let of = |command: &clap::Command| {
                command
                    .get_arguments()
                    .any(|argument| argument.get_long() == word.strip_prefix("--"))
            };
            command.get_subcommands().any(of)
        };
        for (_, advice) in HABITS {
            let words = advice.split([' ', '`']).filter(|word| word.starts_with("--"));
            words.for_each(|word| assert!(known(word), "{word}"));
        }
    }

    #[test]
    fn other_mistakes_keep_their_own_tip() {
        assert!(said("hep push --forsk 3").contains("--forks"));
    }
}
