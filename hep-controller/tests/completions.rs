//! Completion, asked by real shells where they are installed, and by their protocol where not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const HEP: &str = env!("CARGO_BIN_EXE_hep");

const MANIFEST: &str = "\
- hosts: web
  tasks:
    - {name: say hello, debug: {msg: x}, tags: [hello, news]}
    - {name: bye, debug: {msg: x}, tags: bye}
";

/// What `word`, the last of the line, may become; `asked` makes a shell ask.
fn completed(directory: &Path, mut asked: Command) -> Vec<String> {
    let path = format!(
        "{}:{}",
        Path::new(HEP).parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    fs::write(directory.join("hosts"), "[web]\nweb[1:3]\n[db]\ndb1\n").unwrap();
    fs::write(directory.join("site.yml"), MANIFEST).unwrap();
    fs::write(directory.join("config.yml"), "hosts: hosts\n").unwrap();
    let output = asked
        .current_dir(directory)
        .env("PATH", path)
        .env("HOME", directory)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(['\n', '\u{b}'])
        .map(|line| line.split(['\t', ':']).next().unwrap().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// bash, with its own script sourced.
fn bash(words: &[&str]) -> Command {
    let word = words.last().unwrap();
    bash_at(&format!("hep {}", words.join(" ")), words, word)
}

/// The same, where it has broken the line into these words, and completes this part of it.
fn bash_at(line: &str, words: &[&str], part: &str) -> Command {
    const ASK: &str = r#"source <(hep completions bash)
COMP_LINE=$1; part=$2; shift 2
COMP_WORDS=(hep "$@"); COMP_CWORD=$#; COMP_TYPE=9
_hep hep "$part" ""
printf '%s\n' "${COMPREPLY[@]}""#;
    let mut command = Command::new("bash");
    command.args(["-c", ASK, "bash", line, part]).args(words);
    command
}

/// fish, with its own script sourced.
fn fish(words: &[&str]) -> Command {
    let mut command = Command::new("fish");
    let line = format!("hep {}", words.join(" "));
    command.args(["-c", "hep completions fish | source; complete -C $argv[1]", "--", &line]);
    command
}

/// What zsh's script asks for.
fn zsh(words: &[&str]) -> Command {
    let mut command = Command::new(HEP);
    command.args(["--", "hep"]).args(words);
    let place = words.len().to_string();
    command.env("HEP_COMPLETE", "zsh").env("_CLAP_COMPLETE_INDEX", place).env("_CLAP_IFS", "\n");
    command
}

#[track_caller]
fn check(words: &[&str], expected: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(completed(directory.path(), bash(words)), expected, "bash: {words:?}");
    assert_eq!(completed(directory.path(), zsh(words)), expected, "zsh: {words:?}");
    let version = Command::new("fish").arg("--version").output();
    if version.is_ok() {
        let mut sorted = expected.to_vec();
        sorted.sort_unstable();
        let mut by_fish = completed(directory.path(), fish(words));
        by_fish.sort_unstable();
        assert_eq!(by_fish, sorted, "fish: {words:?}");
    }
}

#[test]
fn hosts_and_groups_of_the_inventory() {
    check(&["push", "-i", "hosts", "--limit", "w"], &["web", "web1", "web2", "web3"]);
    check(&["push", "--limit", "db1,w"], &["db1,web", "db1,web1", "db1,web2", "db1,web3"]);
    check(&["hosts", "-i", "hosts", "d"], &["db", "db1"]);
    check(&["facts", "d"], &["db", "db1"]);
    check(&["push", "-i", "nothing", "--limit", "w"], &[]);
}

#[test]
fn tags_and_tasks_of_the_manifest() {
    check(&["push", "site.yml", "--tags", "n"], &["news"]);
    check(&["push", "site.yml", "--skip-tags", "hello,n"], &["hello,news"]);
    check(&["site.yml", "--start-at", "b"], &["bye"]);
}

#[test]
fn verbs_options_words_and_files() {
    check(&["pu"], &["push"]);
    check(&["push", "--output", "j"], &["json"]);
    check(&["facts", "--transport", ""], &["ssh2", "openssh", "local"]);
    check(&["push", "--lim"], &["--limit"]);
    check(&["-i", "hosts", "--lim"], &["--limit"]);
    check(&["push", "si"], &["site.yml"]);
}

#[test]
fn what_a_shell_would_read_otherwise_is_quoted_for_bash() {
    let directory = tempfile::tempdir().unwrap();
    let asked = bash(&["push", "site.yml", "--start-at", "s"]);
    assert_eq!(completed(directory.path(), asked), ["say\\ hello"]);
    for quote in ["\"", "'"] {
        let (line, word) = (format!("hep site.yml --start-at {quote}s"), format!("{quote}s"));
        let asked = bash_at(&line, &["site.yml", "--start-at", &word], "s");
        assert_eq!(completed(directory.path(), asked), ["say hello"], "{line}");
    }
}

#[test]
fn words_that_bash_breaks_are_completed_as_a_whole() {
    let check = |line: &str, words: &[&str], part: &str, expected: &[&str]| {
        let directory = tempfile::tempdir().unwrap();
        let asked = bash_at(line, words, part);
        assert_eq!(completed(directory.path(), asked), expected, "{line}");
    };
    let hosts = ["web", "web1", "web2", "web3"];
    check("hep push -l db:w", &["push", "-l", "db", ":", "w"], "w", &hosts);
    let all = [["web", "db"].as_slice(), &hosts[1..], &["db1"]].concat();
    let line = ["push", "-l", "web", ":"];
    let found = ["all", "ungrouped"].iter().chain(&all).copied().collect::<Vec<_>>();
    check("hep push -l web:", &line, "", &found);
    check("hep push --limit=w", &["push", "--limit", "=", "w"], "w", &hosts);
    check("hep push -e @ho", &["push", "-e", "@", "ho"], "@ho", &["@hosts"]);
    let line = ["push", "--limit", "=@", "ho"];
    check("hep push --limit=@ho", &line, "@ho", &["@hosts"]);
}

#[test]
fn only_what_is_taken_is_offered() {
    check(&["push", "--show-vars", "w"], &["web1", "web2", "web3"]);
    check(&["doc", "serv"], &["service", "service_facts"]);
    check(&["doc", "notif"], &["notify"]);
    check(&["facts", "db1", "memo"], &["memory"]);
    check(&["push", "-e", "@ho"], &["@hosts"]);
}
