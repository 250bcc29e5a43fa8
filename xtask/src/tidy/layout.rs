//! Rules about files: how they begin, how long they are, which belong together, what no file may mention.

use std::collections::BTreeSet;
use std::path::Path;

use crate::shell::Failure;
use crate::tidy::tree::{File, Tree};
use crate::tidy::{Finding, Verdict};

/// A reader who opens a file anywhere learns first what it is for, and what it must not do.
pub(super) fn header(tree: &Tree) -> Result<Verdict, Failure> {
    let without = tree.files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//!"));
    Ok(Verdict::Findings(without.map(|file| whole(file, "no `//!` header")).collect()))
}

/// The most lines a file may have.
const LONGEST: usize = 500;

/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[
    (
        "hep-controller/src/plan/tests.rs",
        "a flat list: each way a manifest can be wrong, with the whole message as an operator sees it",
    ),
    (
        "hep-protocol/src/expression/documented.rs",
        "a flat list: each filter, test and function of expressions, with an example that is run",
    ),
    (
        "hep-agent/src/module/file/tests.rs",
        "a flat list: each state a path can be in, with the lines that a report then has",
    ),
    (
        "hep-agent/src/sys/linux/files/tests.rs",
        "a flat list: each fault and attack that a real disk knows, one short test each",
    ),
];

/// What does not fit on some screens is two things.
pub(super) fn length(tree: &Tree) -> Result<Verdict, Failure> {
    let is_listed = |file: &File| LONG.iter().any(|(path, _)| file.path == Path::new(path));
    let lines = |file: &File| file.text.lines().count();
    let too_long = tree
        .files
        .iter()
        .filter(|file| file.is_rust() && lines(file) > LONGEST && !is_listed(file));
    Ok(Verdict::Findings(
        too_long.map(|file| whole(file, &format!("{} lines", lines(file)))).collect(),
    ))
}

/// A module is found by its noun everywhere: parameters, code, example, words in the documentation.
pub(super) fn same_name(tree: &Tree) -> Result<Verdict, Failure> {
    let tasks = nouns(tree, "hep-protocol/src/task");
    let modules = nouns(tree, "hep-agent/src/module");
    if tasks.is_empty() || modules.is_empty() {
        return Ok(Verdict::NotChecked("there are no modules yet".to_owned()));
    }
    let mut findings = Vec::new();
    for noun in &tasks {
        if !modules.contains(noun) {
            findings.push(missing(&format!("hep-agent/src/module/{noun}.rs")));
        }
        let example = format!("examples/{noun}.yml");
        if !tree.has(&example) {
            findings.push(missing(&example));
        }
        let is_written = documentation(tree).next().is_some();
        if is_written && !documentation(tree).any(|file| mentions(&file.text, noun)) {
            findings.push(missing(&format!("`{noun}` in README.md or docs/")));
        }
    }
    let without_task = modules.difference(&tasks);
    findings.extend(without_task.map(|noun| missing(&format!("hep-protocol/src/task/{noun}.rs"))));
    Ok(Verdict::Findings(findings))
}

/// The names of the files and directories in a directory of modules; what modules share lies elsewhere.
fn nouns(tree: &Tree, directory: &str) -> BTreeSet<String> {
    let below = tree.below(directory).filter_map(|file| file.path.strip_prefix(directory).ok());
    let first = below.filter_map(|path| path.components().next());
    let names = first.map(|part| Path::new(part.as_os_str()).with_extension(""));
    names.map(|name| name.display().to_string()).filter(|name| name != "tests").collect()
}

/// The addresses that a file may name: examples by definition, this machine, and documentation that a comment cites.
const HOSTS: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "[::1]",
    "example.com",
    "example.net",
    "example.org",
    "man7.org",
    "www.freedesktop.org",
    "www.debian.org",
    "wiki.debian.org",
    "manpages.debian.org",
    "refspecs.linuxfoundation.org",
    "www.rfc-editor.org",
    "datatracker.ietf.org",
    "github.com",
    "docs.rs",
    "doc.rust-lang.org",
    "rustup.rs",
    "keepachangelog.com",
    "semver.org",
    "rustsec.org",
    "json-schema.org",
    "no-color.org",
    "yaml.org",
    "docs.ansible.com",
    "www.w3.org",
];

/// The tree builds and reads the same wherever it is checked out, and from whichever mirror its parts come.
pub(super) fn foreign(tree: &Tree) -> Result<Verdict, Failure> {
    let here = format!("{}/", tree.workspace.root.display());
    let mut findings = Vec::new();
    // Cargo writes the lock file, with its registry's name in every entry.
    for file in tree.files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (index, line) in file.text.lines().enumerate() {
            let says = if line.contains(&here) {
                Some("a path of this machine".to_owned())
            } else {
                foreign_host(line).map(|host| format!("an address of `{host}`"))
            };
            findings.extend(says.map(|says| Finding {
                path: file.path.clone(),
                line: Some(index + 1),
                says,
            }));
        }
    }
    Ok(Verdict::Findings(findings))
}

/// The first host in the line's URLs that is not listed.
fn foreign_host(line: &str) -> Option<&str> {
    let hosts = line.split("://").skip(1).filter_map(|after| {
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || ".-_[]:@".contains(c)));
        let authority = end.and_then(|end| after.get(..end)).unwrap_or(after);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let port =
            host.rfind(':').filter(|colon| !host.get(*colon..).unwrap_or_default().contains(']'));
        port.and_then(|colon| host.get(..colon)).or(Some(host))
    });
    // A name without a dot is a placeholder or a format's argument.
    let mut foreign = hosts.filter(|host| host.trim_end_matches('.').contains('.'));
    foreign.find(|host| !is_known_host(host.trim_end_matches('.')))
}

fn is_known_host(host: &str) -> bool {
    let is_address = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_reserved = [".example.com", ".example.org", ".example", ".invalid", ".test"];
    is_address || HOSTS.contains(&host) || is_reserved.iter().any(|end| host.ends_with(end))
}

/// README.md and the files of docs/.
pub(super) fn documentation(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.below("README.md").chain(tree.below("docs"))
}

/// A promise whose test was renamed away would be held by nothing.
pub(super) fn security(tree: &Tree) -> Result<Verdict, Failure> {
    let Some(page) = tree.below("SECURITY.md").next() else {
        return Ok(Verdict::NotChecked("there is no SECURITY.md".to_owned()));
    };
    let rows = page.text.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let named = rows.flat_map(|(index, line)| {
        let tests = line.trim_end_matches(['|', ' ']).rsplit(" | ").next().unwrap_or_default();
        tests.split('`').skip(1).step_by(2).map(move |name| (index + 1, name))
    });
    let lost = named.filter(|(_, name)| !is_tested(tree, name));
    let finding = |(line, name)| Finding {
        path: page.path.clone(),
        line: Some(line),
        says: format!("no test `{name}`"),
    };
    Ok(Verdict::Findings(lost.map(finding).collect()))
}

/// Whether there is a test of that name, or for `a::b::*`, and a module named without a test, such a file.
fn is_tested(tree: &Tree, name: &str) -> bool {
    let mut inwards = name.trim_end_matches("::*").rsplit("::");
    let module = inwards.find(|part| *part != "tests").unwrap_or_default();
    let is_module = |file: &File| file.path.file_stem().is_some_and(|stem| stem == module);
    let function = format!("fn {name}(");
    tree.files
        .iter()
        .filter(|file| file.is_rust())
        .any(|file| file.text.contains(&function) || is_module(file))
}

/// Whether the text has the word, not merely a longer one that contains it.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).and_then(|text| text.chars().next_back());
        let after = text.get(start + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn whole(file: &File, says: &str) -> Finding {
    Finding { path: file.path.clone(), line: None, says: says.to_owned() }
}

fn missing(what: &str) -> Finding {
    Finding { path: what.into(), line: None, says: "is missing".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_hosts_may_be_named() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(foreign_host(line), expected, "{line}");
        };
        check("see <https://man7.org/linux/man-pages/man2/open.2.html>.", None);
        check("http://localhost:8080/ and http://10.0.0.1/", None);
        check("ssh://{user}@{host}/", None);
        // Put together here, so that this file does not break its own rule.
        let foreign = |host: &str| format!("deb http:{}{host}/debian stable main", "//");
        check(&foreign("mirror.somewhere.net"), Some("mirror.somewhere.net"));
        check(&foreign("me@pack.ages.io:443"), Some("pack.ages.io"));
    }

    #[test]
    fn a_word_is_not_found_in_a_longer_one() {
        assert!(mentions("use `--check`, or", "--check"));
        assert!(!mentions("use --check-all", "--check"));
        assert!(!mentions("profile", "file"));
    }
}
