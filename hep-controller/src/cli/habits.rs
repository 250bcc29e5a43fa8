//! Options of other programs that people type from habit, each with hep's equivalent: a flat table.

use super::Cli;
use clap::CommandFactory as _;
use clap::builder::StyledStr;
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
    ("--become-pass", "write `-K` or `--ask-become-pass`"),
    ("--become-pass-file", "write `--become-password-command 'cat FILE'`"),
    ("--become-password", "write `-K` or `--ask-become-pass`"),
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

/// What else commands are expected to take: the command, the words, and what to write instead.
const ELSEWHERE: &[(&str, &[&str], &str)] = &[
    ("hosts", LIMITS, "write the pattern itself: `hep hosts -i FILE PATTERN`"),
    ("facts", LIMITS, "write the pattern itself: `hep facts -i FILE PATTERN`"),
    ("apply", INVENTORY, "leave it out: `hep apply` works on this machine, `hep push` on others"),
    ("apply", LIMITS, "leave it out: `hep apply` works on this machine, `hep push` on others"),
    ("bundle", INVENTORY, "leave it out: a bundle is for any host, and reads no inventory"),
    ("bundle", LIMITS, "leave it out: a bundle is for any host, and reads no inventory"),
];

const LIMITS: &[&str] = &["-l", "--limit"];
const INVENTORY: &[&str] = &["-i", "--hosts", "--inventory"];

/// The parser's error about a command, with hep's own option where it is known.
pub(super) fn advised(mut error: clap::Error, command: &str) -> clap::Error {
    let advice = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(written))) => {
            meant(written, command)
        }
        (ErrorKind::ArgumentConflict, Some(ContextValue::String(written)))
            if written.starts_with("--hosts") =>
        {
            Some(
                "put the files into a directory, which is one inventory: `-i DIRECTORY`".to_owned(),
            )
        }
        _ => None,
    };
    // That a mistyped option could be a file is true, and never meant.
    if let Some(ContextValue::StyledStrs(tips)) = error.remove(ContextKind::Suggested) {
        let other = |tip: &StyledStr| !tip.to_string().starts_with("to pass ");
        let tips: Vec<StyledStr> = tips.into_iter().filter(other).collect();
        if !tips.is_empty() {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
        }
    }
    if let Some(advice) = advice {
        // The parser's own guess only compares letters.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::TrailingArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    }
    error
}

/// What to write instead of a word that a command does not take.
fn meant(written: &str, command: &str) -> Option<String> {
    let name = written.split(['=', ' ']).next().unwrap_or_default();
    let here = |(of, words, _): &&(&str, &[&str], &str)| *of == command && words.contains(&name);
    let advice = ELSEWHERE.iter().find(here).map(|(_, _, advice)| *advice);
    let habit = || HABITS.iter().find(|(option, _)| *option == name).map(|(_, advice)| *advice);
    let another = || {
        let manifest = name.ends_with(".yml") || name.ends_with(".yaml");
        manifest.then_some(
            "write one manifest: it may hold several plays; others need runs of their own",
        )
    };
    let advice = advice.or_else(habit).or_else(another).map(str::to_owned);
    advice.or_else(|| of_push(name).then(|| format!("`{name}` is an option of `hep push`")))
}

/// Whether `hep push` has an option.
fn of_push(name: &str) -> bool {
    let cli = Cli::command();
    let mut options = cli.find_subcommand("push").into_iter().flat_map(|push| push.get_arguments());
    options.any(|option| {
        let long = option.get_long_and_visible_aliases().unwrap_or_default();
        let short = option.get_short_and_visible_aliases().unwrap_or_default();
        long.iter().any(|long| name.strip_prefix("--") == Some(long))
            || short.iter().any(|short| name.strip_prefix('-') == Some(&short.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
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
        HABITS.iter().for_each(|(option, _)| assert!(!of_push(option), "{option}"));
    }

    #[test]
    fn what_another_command_takes_is_answered() {
        let check = |line: &str, tip: &str| {
            let said = said(line);
            assert_eq!(said.matches("tip: ").count(), 1, "{said}");
            assert!(said.contains(&format!("tip: {tip}")), "{line}: {said}");
        };
        check("hep push a.yml b.yml", "write one manifest");
        check("hep a.yml b.yml", "write one manifest");
        check("hep push a.yml -i one -i two", "put the files into a directory");
        check("hep hosts -l web", "write the pattern itself");
        check("hep facts all --limit=web", "write the pattern itself");
        check("hep facts all -b", "`-b` is an option of `hep push`");
        check("hep apply -i hosts a.yml", "leave it out: `hep apply` works on this machine");
        check("hep bundle -i hosts a.yml -o x", "leave it out: a bundle is for any host");
        check("hep doc -l", "`-l` is an option of `hep push`");
        assert!(!said("hep push -Z").contains("tip: "), "{}", said("hep push -Z"));
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
