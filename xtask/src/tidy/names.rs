//! Rules about who may name what. Each knows the one place that may, and finds the name anywhere else.
//! Test modules are not looked at: they assert on what they must not do.

use std::collections::BTreeSet;
use std::path::Path;

use crate::shell::Failure;
use crate::tidy::code::{self, Token};
use crate::tidy::tree::{File, Tree};
use crate::tidy::{Finding, Verdict};

/// Where the shipped code is; the harness may do what hep may not.
const SHIPPED: &[&str] = &["hep-protocol", "hep-agent", "hep-controller"];

/// Memory is only unsafe below the traits that tests replace.
pub(super) fn unsafe_code(tree: &Tree) -> Result<Verdict, Failure> {
    let allowed = ["hep-agent/src/sys/linux", "hep-agent/src/sys/linux.rs"];
    Ok(named_elsewhere(tree, SHIPPED, &["unsafe", "unsafe_code"], &allowed))
}

/// Whoever opens a path by itself follows links that another user planted in it. What is opened in a directory that the
/// walker has opened has no path.
pub(super) fn paths(tree: &Tree) -> Result<Verdict, Failure> {
    let shapes: &[&[&str]] = &[
        &["CWD"],
        &["OpenOptions"],
        &["File", ":", ":", "open"],
        &["File", ":", ":", "create"],
        &["File", ":", ":", "options"],
        &["fs", ":", ":", "read", "("],
        &["fs", ":", ":", "read_to_string"],
        &["fs", ":", ":", "read_dir"],
        &["fs", ":", ":", "write"],
        &["fs", ":", ":", "copy"],
        &["fs", ":", ":", "rename"],
        &["fs", ":", ":", "remove_file"],
        &["fs", ":", ":", "remove_dir"],
        &["fs", ":", ":", "remove_dir_all"],
        &["fs", ":", ":", "create_dir"],
        &["fs", ":", ":", "create_dir_all"],
        &["fs", ":", ":", "set_permissions"],
        &["fs", ":", ":", "hard_link"],
    ];
    let files =
        tree.below("hep-agent/src/sys/linux/files").chain(tree.below("hep-agent/src/module"));
    let files = files.chain(tree.below("hep-agent/src/sys/linux/files.rs"));
    let findings = files
        .filter(|file| !is_below_any(&file.path, MAY_OPEN) && !is_test(&file.path))
        .flat_map(|file| {
            places(file, |tokens| shapes.iter().any(|shape| code::starts(tokens, shape)))
        })
        .collect();
    Ok(Verdict::Findings(findings))
}

/// The walker, and what reads the kernel's table of mounts.
const MAY_OPEN: &[&str] =
    &["hep-agent/src/sys/linux/files/walk.rs", "hep-agent/src/sys/linux/files/mounts.rs"];

/// One file speaks SSH; all others speak `Link`.
pub(super) fn ssh2(tree: &Tree) -> Result<Verdict, Failure> {
    let allowed = ["hep-controller/src/remote/ssh", "hep-controller/src/remote/ssh.rs"];
    Ok(named_elsewhere(tree, SHIPPED, &["ssh2", "libssh2_sys"], &allowed))
}

/// One file knows how a frame's bytes are made.
pub(super) fn codec(tree: &Tree) -> Result<Verdict, Failure> {
    Ok(named_elsewhere(tree, SHIPPED, &["bincode"], &["hep-protocol/src/frame.rs"]))
}

/// One module knows the YAML crate, for manifests and configs alike: it was replaced once already.
pub(super) fn yaml(tree: &Tree) -> Result<Verdict, Failure> {
    let allowed = ["hep-controller/src/yaml", "hep-controller/src/yaml.rs"];
    Ok(named_elsewhere(tree, SHIPPED, &["serde_yaml", "serde_saphyr"], &allowed))
}

/// Whoever else needs an expression asks those two, which know its words and its bounds.
pub(super) fn engine(tree: &Tree) -> Result<Verdict, Failure> {
    let allowed = [
        "hep-protocol/src/expression",
        "hep-protocol/src/expression.rs",
        "hep-controller/src/expression",
        "hep-controller/src/expression.rs",
    ];
    Ok(named_elsewhere(tree, SHIPPED, &["minijinja", "minijinja_contrib"], &allowed))
}

/// Who may touch the standard streams: on the controller the file that escapes what a host says; on the host the command
/// for people, what is said to whoever started the agent, and the file that moves the streams out of everybody's way.
const MAY_PRINT: &[&str] = &[
    "hep-controller/src/ui.rs",
    "hep-controller/src/ui",
    "hep-agent/src/apply.rs",
    "hep-agent/src/apply",
    "hep-agent/src/say.rs",
    "hep-agent/src/sys/linux/standard.rs",
];

/// What a host says reaches the terminal through one file, which escapes it; the agent's stdout carries frames only.
pub(super) fn print(tree: &Tree) -> Result<Verdict, Failure> {
    let shapes: &[&[&str]] = &[
        &["print", "!"],
        &["println", "!"],
        &["eprint", "!"],
        &["eprintln", "!"],
        // The functions of std::io; a child's pipe is a field, and Command's method takes an argument.
        &["stdout", "(", ")"],
        &["stderr", "(", ")"],
    ];
    let findings = ["hep-controller/src", "hep-agent/src"]
        .into_iter()
        .flat_map(|source| tree.below(source))
        .filter(|file| !is_below_any(&file.path, MAY_PRINT) && !is_test(&file.path))
        .flat_map(|file| {
            let is_printing =
                |tokens: &[Token]| shapes.iter().any(|shape| code::starts(tokens, shape));
            places(&without_methods(file), is_printing)
        })
        .collect();
    Ok(Verdict::Findings(findings))
}

/// The file without the names that follow a dot: an SSH channel, too, has a method `stderr()`.
fn without_methods(file: &File) -> File {
    let before = [None].into_iter().chain(file.code.iter().map(Some));
    let pairs = before.zip(&file.code);
    let kept = pairs.filter(|(before, _)| before.is_none_or(|token| token.text != "."));
    let code = kept.map(|(_, token)| token.clone()).collect();
    File { path: file.path.clone(), text: String::new(), code }
}

/// Everything that changes the host is a step: modules decide, step.rs acts. The methods are read from the traits.
pub(super) fn change(tree: &Tree) -> Result<Verdict, Failure> {
    let sys = || tree.below("hep-agent/src/sys.rs").chain(tree.below("hep-agent/src/sys"));
    let traits: Vec<Trait> = sys().flat_map(|file| traits_in(&file.code)).collect();
    let methods = |start: &str| -> BTreeSet<&str> {
        let chosen = traits.iter().filter(|found| found.name.starts_with(start));
        chosen.flat_map(|found| found.methods.iter().map(String::as_str)).collect()
    };
    let (observing, changing) = (methods("Observe"), methods("Change"));
    if changing.is_empty() {
        return Ok(Verdict::NotChecked("hep-agent/src/sys has no trait Change".to_owned()));
    }
    let findings = tree
        .below("hep-agent/src")
        .filter(|file| !is_below_any(&file.path, MAY_CHANGE) && !is_test(&file.path))
        // Where no such trait is named, a method `remove` is some collection's.
        .filter(|file| names_change(&file.code, &traits))
        .flat_map(|file| {
            places(file, |tokens| {
                let mut calls = changing.difference(&observing);
                calls.any(|method| code::starts(tokens, &[".", method, "("]))
            })
        })
        .collect();
    Ok(Verdict::Findings(findings))
}

/// The steps, and the machines that carry them out.
const MAY_CHANGE: &[&str] =
    &["hep-agent/src/step.rs", "hep-agent/src/step", "hep-agent/src/sys", "hep-agent/src/sys.rs"];

/// Whether such code has a `Change` in hand: one of the traits, or `Host`, which is all of them. The host's part of a plan
/// and the place where facts come from have that name too.
fn names_change(code: &[Token], traits: &[Trait]) -> bool {
    let others: &[&[&str]] = &[&["Request", ":", ":", "Host"], &["host", ":", ":", "Host"]];
    let is_other = (0..code.len())
        .filter_map(|at| code.get(at..))
        .any(|rest| others.iter().any(|path| code::starts(rest, path)));
    code.iter().any(|token| match token.text.as_str() {
        "Host" => !is_other,
        name => name.starts_with("Change") && traits.iter().any(|found| found.name == name),
    })
}

/// A trait's name and the functions it declares.
#[derive(Debug)]
struct Trait {
    name: String,
    methods: Vec<String>,
}

fn traits_in(tokens: &[Token]) -> Vec<Trait> {
    let from = |index| tokens.get(index..).unwrap_or_default();
    let starts = (0..tokens.len()).filter(|index| code::starts(from(*index), &["trait"]));
    starts
        .filter_map(|start| {
            let name = tokens.get(start + 1)?.text.clone();
            Some(Trait { name, methods: functions(from(start)) })
        })
        .collect()
}

/// The functions directly in the first braces.
fn functions(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let body: Vec<&Token> = tokens.iter().skip_while(|token| token.text != "{").collect();
    for (token, next) in body.iter().zip(body.iter().skip(1)) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "fn" if depth == 1 => found.push(next.text.clone()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The places below `within` that use one of the names, outside of the files and directories that may.
fn named_elsewhere(tree: &Tree, within: &[&str], names: &[&str], allowed: &[&str]) -> Verdict {
    let findings = tree
        .files
        .iter()
        .filter(|file| is_below_any(&file.path, within) && !is_below_any(&file.path, allowed))
        .flat_map(|file| {
            places(file, |tokens| names.iter().any(|name| code::starts(tokens, &[name])))
        })
        .collect();
    Verdict::Findings(findings)
}

/// One finding for each token from which on `is_it` holds.
fn places(file: &File, is_it: impl Fn(&[Token]) -> bool) -> Vec<Finding> {
    let from = |index| file.code.get(index..).unwrap_or_default();
    let found = file.code.iter().enumerate().filter(|(index, _)| is_it(from(*index)));
    found
        .map(|(index, token)| {
            let words = from(index).iter().take(3).map(|token| token.text.as_str());
            let words: Vec<_> = words.take_while(|text| *text != ";").collect();
            let says = format!("`{}`", words.concat());
            Finding { path: file.path.clone(), line: Some(token.line), says }
        })
        .collect()
}

pub(super) fn is_below_any(path: &Path, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

/// A test module in its own file.
pub(super) fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| part.as_os_str() == "tests")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        let file = File { path: path.into(), text: text.to_owned(), code: Vec::new() };
        let code = if file.is_rust() { code::tokens(text).unwrap() } else { Vec::new() };
        File { code, ..file }
    }

    /// What a rule says of a tree of these files.
    pub(in crate::tidy) fn check(
        rule: fn(&Tree) -> Result<Verdict, Failure>,
        files: &[(&str, &str)],
        expected: &[&str],
    ) {
        let files = files.iter().map(|(path, text)| file(path, text)).collect();
        let workspace =
            crate::workspace::Workspace { root: "/none".into(), target: "/none".into() };
        let found = match rule(&Tree { workspace, files }).unwrap() {
            Verdict::Findings(findings) => findings,
            Verdict::NotChecked(why) => panic!("{why}"),
        };
        assert_eq!(found.iter().map(Finding::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn ssh2_outside_of_its_file_is_found() {
        let files = [
            ("hep-controller/src/remote/ssh.rs", "use ssh2::Session;"),
            ("hep-controller/src/remote/ssh/auth.rs", "use ssh2::Session;"),
            ("hep-controller/src/drive.rs", "// ssh2\n\nuse ssh2::Channel;"),
        ];
        check(ssh2, &files, &["hep-controller/src/drive.rs:3: `ssh2::`"]);
    }

    #[test]
    fn printing_is_found_and_a_childs_pipe_is_not() {
        let text = "fn f(c: Child) { c.stdout.take(); e.stderr(); d.stdout(Stdio::piped()); println!(); io::stderr() }";
        let files = [
            ("hep-controller/src/fleet.rs", text),
            ("hep-controller/src/ui/terminal.rs", text),
            ("hep-agent/src/facts.rs", text),
            ("hep-agent/src/apply.rs", text),
        ];
        let expected = [
            "hep-controller/src/fleet.rs:1: `println!(`",
            "hep-controller/src/fleet.rs:1: `stderr()`",
            "hep-agent/src/facts.rs:1: `println!(`",
            "hep-agent/src/facts.rs:1: `stderr()`",
        ];
        check(print, &files, &expected);
    }

    #[test]
    fn a_call_of_change_outside_of_step_is_found() {
        let sys = "pub trait Host: Observe + Change {} pub trait Observe { fn read(&self); }";
        let files_of_sys = "trait ChangeFiles { fn write(&mut self) { {} } fn read(&self); fn remove(&mut self); } fn other() {}";
        let files = [
            ("hep-agent/src/sys.rs", sys),
            ("hep-agent/src/sys/files.rs", files_of_sys),
            ("hep-agent/src/step.rs", "fn f(c: &mut dyn Host) { c.write(); }"),
            (
                "hep-agent/src/engine.rs",
                "fn f(c: &mut dyn Host) { c.read(); c.write(); c.other(); }",
            ),
            ("hep-agent/src/inbox.rs", "fn f(list: &mut Vec<u8>) { list.remove(0); }"),
        ];
        check(change, &files, &["hep-agent/src/engine.rs:1: `.write(`"]);
    }

    #[test]
    fn unsafe_is_found_outside_of_linux() {
        let text = "#![allow(unsafe_code)] fn f() { unsafe { g() } }";
        let files = [("hep-agent/src/sys/linux/acl.rs", text), ("hep-agent/src/serve.rs", text)];
        let expected =
            ["hep-agent/src/serve.rs:1: `unsafe_code)]`", "hep-agent/src/serve.rs:1: `unsafe{g`"];
        check(unsafe_code, &files, &expected);
    }
}
