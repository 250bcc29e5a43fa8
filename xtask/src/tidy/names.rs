//! Rules about who may name what, as far as clippy.toml cannot say them. Each knows the one place that may, and finds the name
//! anywhere else. Tests are not looked at: they assert on what they must not do.

use std::path::Path;

use crate::shell::Failure;
use crate::tidy::code::{self, Token};
use crate::tidy::tree::{File, Tree};
use crate::tidy::{Finding, Verdict};

/// Memory is only unsafe below the traits that tests replace. The compiler denies it; here nobody else allows it.
pub(super) fn unsafe_code(tree: &Tree) -> Result<Verdict, Failure> {
    let allowed = ["hep-agent/src/sys/linux", "hep-agent/src/sys/linux.rs"];
    let shipped = ["hep-protocol", "hep-agent", "hep-controller"];
    let files = tree.files.iter().filter(|file| is_below_any(&file.path, &shipped));
    let files = files.filter(|file| !is_below_any(&file.path, &allowed));
    let is_named = |tokens: &[Token]| code::starts(tokens, &["unsafe_code"]);
    Ok(Verdict::Findings(files.flat_map(|file| places(file, is_named)).collect()))
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

/// Crates that one place may name, and that place. clippy.toml lists of what they offer only what is in use.
const CRATES: &[(&[&str], &[&str])] = &[
    (
        &["ssh2", "libssh2_sys"],
        &["hep-controller/src/remote/ssh", "hep-controller/src/remote/ssh.rs"],
    ),
    (&["bincode"], &["hep-protocol/src/frame.rs"]),
    (&["serde_yaml", "serde_saphyr"], &["hep-controller/src/yaml", "hep-controller/src/yaml.rs"]),
    (
        &["minijinja", "minijinja_contrib"],
        &[
            "hep-protocol/src/expression",
            "hep-protocol/src/expression.rs",
            "hep-controller/src/expression",
            "hep-controller/src/expression.rs",
        ],
    ),
];

/// What one place speaks with is exchanged there alone.
pub(super) fn crates(tree: &Tree) -> Result<Verdict, Failure> {
    let shipped = ["hep-protocol/src", "hep-agent/src", "hep-controller/src"];
    let found = CRATES.iter().flat_map(|(names, allowed)| {
        let files = tree.files.iter().filter(|file| {
            let may = is_below_any(&file.path, allowed) || is_test(&file.path);
            is_below_any(&file.path, &shipped) && !may
        });
        files.flat_map(|file| {
            places(file, |tokens| names.iter().any(|name| code::starts(tokens, &[name])))
        })
    });
    Ok(Verdict::Findings(found.collect()))
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
    fn crate_outside_of_its_place_is_found() {
        let files = [
            ("hep-controller/src/remote/ssh.rs", "use ssh2::Session;"),
            ("hep-controller/src/remote/ssh/auth.rs", "use ssh2::Session;"),
            ("hep-controller/src/drive.rs", "// ssh2\n\nuse ssh2::Channel;"),
            ("hep-agent/src/serve.rs", "use bincode::encode_into_slice;"),
        ];
        let expected =
            ["hep-controller/src/drive.rs:3: `ssh2::`", "hep-agent/src/serve.rs:1: `bincode::`"];
        check(crates, &files, &expected);
    }

    #[test]
    fn unsafe_is_found_outside_of_linux() {
        let text = "#![allow(unsafe_code)] fn f() { unsafe { g() } }";
        let files = [("hep-agent/src/sys/linux/acl.rs", text), ("hep-agent/src/serve.rs", text)];
        check(unsafe_code, &files, &["hep-agent/src/serve.rs:1: `unsafe_code)]`"]);
    }
}
