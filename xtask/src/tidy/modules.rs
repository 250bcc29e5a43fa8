//! The rule that what is known of a module stands in its own files. Others look it up: a list, a match or a comparison of
//! modules' names is one that no compiler misses when a module is added.

use std::collections::BTreeSet;
use std::path::Path;

use crate::shell::Failure;
use crate::tidy::code::Token;
use crate::tidy::names::{is_below_any, is_test};
use crate::tidy::tree::{File, Tree};
use crate::tidy::{Finding, Verdict};

/// Where a module's parameters are, and what is known of it.
const TASKS: &str = "hep-protocol/src/task";

/// The files that list the modules: the agent's two are the files of `module/` and their types.
const LISTS: &[&str] = &[
    "hep-protocol/src/task.rs",
    "hep-agent/src/module.rs",
    "hep-agent/src/converge.rs",
    // What Ansible calls them, and what its modules become.
    "hep-controller/src/read/foreign.rs",
    "hep-controller/src/read/ansible/lower",
];

/// A module's files that are not called by its name.
const OWN: &[(&str, &str)] = &[("apt", "hep-agent/src/engine/merge.rs")];

/// Names of modules that mean something else where they stand, in a file or below a directory, and what.
const OTHERS: &[(&str, &str, &str)] = &[
    ("set", "hep-controller/src/expression/syntax/block.rs", "a statement of Jinja's"),
    ("set user group hostname", "hep-controller/src/inventory", "Python's; keys of hosts files"),
    ("file", "hep-controller/src/expression/foreign.rs", "a test and a lookup of Ansible's"),
    ("debug", "hep-protocol/src/expression/filters.rs", "a function of the engine's"),
    ("stat", "hep-controller/src/expression/known.rs", "a field that Ansible's results have"),
    ("file", "hep-controller/src/read/entry.rs", "the key of an include that names its file"),
    ("file", "hep-controller/src/schema/language.rs", "the same key"),
    ("file", "hep-controller/src/read/keys.rs", "what a key takes"),
    ("command file", "hep-controller/src/diagnostic/mask.rs", "the last word of a key"),
    ("service", "hep-controller/src/ast.rs", "a parameter"),
    ("file", "hep-controller/src/check/lookups", "a lookup of Ansible's"),
    ("replace", "hep-controller/src/config/ansible", "a value of `hash_behaviour`"),
    ("service", "hep-protocol/src/value/schema.rs", "what a value is"),
    ("file user group", "hep-protocol/src/action", "what is at a path; an account"),
    ("apt group hostname timezone service user", "hep-agent/src/facts", "a package manager; facts"),
    ("hostname timezone user", "hep-protocol/src/facts", "facts"),
    ("service fail user group find", "hep-agent/src/sys", "words of scripts; accounts"),
    ("command", "hep-agent/src/lib.rs", "the word of a message"),
    ("user group", "hep-agent/src/module", "parameters, fields and accounts"),
    ("apt", "hep-agent/src/module/package_facts.rs", "a package manager"),
    ("apt", "hep-controller/src/run/playbook/explain.rs", "a package manager"),
    ("group", "hep-protocol/src/task/stat.rs", "a field"),
    ("replace find", "hep-controller/src/expression/method.rs", "methods of Python's"),
    ("replace find", "hep-protocol/src/expression", "a filter, methods, and what merges lists"),
    ("replace", "hep-agent/src/sys/linux/files", "the word of a message"),
    ("user", "hep-protocol/src/task/authorized_key.rs", "a parameter"),
    ("getent", "hep-agent/src/facts/setup", "a program"),
    ("getent", "hep-agent/src/sys/linux/accounts", "a program"),
    ("user hostname", "hep-controller/src/remote", "words of ssh_config"),
    ("file user debug", "hep-controller/src/read/ansible", "keys and strategies of Ansible's"),
    ("setup fail assert set", "hep-controller/src/read/ansible", "tasks that the reader makes"),
    (
        "validate_argument_spec",
        "hep-controller/src/read/ansible/specs.rs",
        "a task that the reader makes",
    ),
    ("file hostname", "hep-protocol/src/expression/filters/ansible", "words of filters and tests"),
];

/// Names of modules, and variants of the enum of modules, stand nowhere else.
pub(super) fn names(tree: &Tree) -> Result<Verdict, Failure> {
    let modules: BTreeSet<String> = tree.below(TASKS).filter_map(noun).collect();
    let shipped = ["hep-protocol/src", "hep-agent/src", "hep-controller/src"];
    let findings = shipped
        .into_iter()
        .flat_map(|source| tree.below(source))
        .filter(|file| !is_test(&file.path) && !is_below_any(&file.path, LISTS))
        .flat_map(|file| in_file(file, &modules))
        .collect();
    Ok(Verdict::Findings(findings))
}

/// The name that a file has.
fn noun(file: &File) -> Option<String> {
    Some(file.path.file_stem()?.to_str()?.to_owned())
}

fn in_file(file: &File, modules: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let before = [None].into_iter().chain(file.code.iter().map(Some));
    let mut recent = ["", "", ""];
    for (before, token) in before.zip(&file.code) {
        recent = [recent[1], recent[2], before.map_or("", |token| &token.text)];
        let name = literal(token).filter(|name| modules.contains(*name));
        let is_variant =
            recent == ["TaskSpec", ":", ":"] && token.text.starts_with(char::is_uppercase);
        let variant = is_variant.then(|| snake_case(&token.text));
        let variant = variant.as_deref().filter(|name| modules.contains(*name));
        if let Some(name) = name.or(variant).filter(|name| !may(&file.path, name)) {
            let says = format!("`{name}`: ask `About` instead");
            findings.push(Finding { path: file.path.clone(), line: Some(token.line), says });
        }
    }
    findings
}

/// Whether a file may name this module.
fn may(path: &Path, module: &str) -> bool {
    let own = ["hep-protocol/src/task", "hep-agent/src/module"].into_iter().any(|directory| {
        path.starts_with(Path::new(directory).join(module))
            || path == Path::new(directory).join(module).with_extension("rs")
    });
    own || OWN.iter().any(|(name, file)| *name == module && path == Path::new(file))
        || OTHERS.iter().any(|(names, file, _)| {
            let there = path.starts_with(file) || path == Path::new(file).with_extension("rs");
            there && names.split(' ').any(|name| name == module)
        })
}

/// The text of a string without escapes.
fn literal(token: &Token) -> Option<&str> {
    token.text.strip_prefix('"')?.strip_suffix('"')
}

/// `WaitFor` as the name `wait_for`.
fn snake_case(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::code;

    #[test]
    fn names_of_modules_are_found_outside_of_their_files() {
        let modules = ["file", "wait_for"].map(str::to_owned).into();
        let check = |path: &str, text: &str, expected: &[&str]| {
            let code = code::tokens(text).unwrap();
            let file = File { path: path.into(), text: String::new(), code };
            let found = in_file(&file, &modules);
            let found: Vec<String> = found.iter().map(Finding::to_string).collect();
            assert_eq!(found, expected, "{path}");
        };
        let text = "fn f() { name == \"file\" || matches!(spec, TaskSpec::WaitFor(_)) }";
        let engine = "hep-agent/src/engine/task.rs";
        let expected =
            ["`file`", "`wait_for`"].map(|name| format!("{engine}:1: {name}: ask `About` instead"));
        check(engine, text, &expected.each_ref().map(String::as_str));
        check(
            "hep-protocol/src/task/file.rs",
            text,
            &["hep-protocol/src/task/file.rs:1: `wait_for`: ask `About` instead"],
        );
        check("hep-agent/src/module/wait_for/tests.rs", "f(\"wait_for\")", &[]);
        check(
            engine,
            "// file\nfn file() { TaskSpec::from_json() + \"a file\" + Spec::File }",
            &[],
        );
    }
}
