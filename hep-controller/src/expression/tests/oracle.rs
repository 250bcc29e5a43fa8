//! What Ansible gave for the expressions of tests/oracle, given again by the language of its dialect. The whole of these
//! playbooks is run by `cargo xtask oracle`.

use crate::source::Source;
use crate::yaml;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Found, Language, Part, Scope, Template};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug)]
struct Vars(Map<String, Value>);

impl Scope for Vars {
    fn get(&self, name: &str) -> Option<Found> {
        self.0.get(name).cloned().map(Found::Raw)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/oracle")
}

/// The first play of a playbook.
fn play(directory: &str, name: &str) -> Value {
    let path = root().join(directory).join(name).with_extension("yml");
    let source = Source::read(&path).unwrap();
    let (node, _) = yaml::parse(&source);
    node.unwrap().to_json_11().get(0).cloned().unwrap_or_default()
}

/// What the cases of a directory left behind: files by their paths.
fn recorded(directory: &str) -> Map<String, Value> {
    let text = fs::read(root().join("recorded").join(directory).with_extension("json")).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    all.get("cases").and_then(Value::as_object).cloned().unwrap()
}

fn mapping(of: Option<&Value>) -> Map<String, Value> {
    of.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Evaluates what the cases of a directory keep; the values that differ from what Ansible gave, as `CASE KEY`.
fn different(directory: &str) -> Vec<String> {
    let language = Language::of(Dialect::Ansible);
    let mut different = Vec::new();
    for (name, case) in recorded(directory) {
        let files = mapping(case.pointer("/push/changes"));
        let Some(expected) = files.values().find_map(|file| file.get("json")) else { continue };
        let play = play(directory, &name);
        let mut vars = mapping(play.get("vars"));
        let tasks = play.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
        for task in tasks {
            let own = mapping(task.get("vars"));
            let kept = mapping(own.get("r"));
            vars.extend(own.into_iter().filter(|(name, _)| name != "r"));
            let scope: Arc<dyn Scope> = Arc::new(Vars(vars.clone()));
            for (key, value) in kept {
                let given = language.part(&value, &scope).ok().flatten();
                if given.as_ref() != expected.get(&key) {
                    different.push(format!("{name} {key}"));
                }
            }
        }
    }
    different
}

#[track_caller]
fn check(directory: &str, expected: &[&str]) {
    let found: Vec<String> = different(directory);
    let unexpected: Vec<&String> = found
        .iter()
        .filter(|found| !expected.iter().any(|known| found.starts_with(known)))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let healed = expected.iter().filter(|known| !found.iter().any(|f| f.starts_with(**known)));
    let healed: Vec<_> = healed.collect();
    assert!(healed.is_empty(), "as Ansible has it, and still listed: {healed:#?}");
}

#[test]
fn filters_and_tests_are_ansibles() {
    check(
        "filters",
        &[
            // Left behind under another name than the case says.
            "fixed-random start",
            // Asked of the controller's files.
            "paths expanduser",
            "tests-of-files",
        ],
    );
}

#[test]
fn values_and_their_printing_are_ansibles() {
    // Keys are texts here, and a number has 64 bits.
    check("typing", &["printing-scalars", "yaml-keys"]);
}

#[test]
fn lookups_that_need_no_files_are_ansibles() {
    check(
        "lookups",
        &[
            // Results of tasks.
            "errors",
            "loop-",
            "with-",
            // The controller answers these.
            "csv-and-ini",
            "data-is-not-a-template",
            "file-and-env",
            "fileglob",
            "first-found",
            "pipe",
            "template",
        ],
    );
}

#[test]
fn templates_are_rendered_as_by_ansibles_module() {
    let directory = root().join("templates/templates");
    let parts: Vec<Part> = fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Part { name, text: fs::read_to_string(path).unwrap().into() }
        })
        .collect();
    let check = |src: &str, rules: &str, expected: &str| {
        let scope: Arc<dyn Scope> =
            Arc::new(Vars(mapping(Some(&serde_json::json!({"who": "me"})))));
        let text = &parts.iter().find(|part| part.name == src).unwrap().text;
        let template = Template { name: src, text, rules, parts: &parts };
        let rendered = Language::of(Dialect::Ansible).template_of(&template, &scope);
        assert_eq!(rendered.as_deref(), Ok(expected), "{src}");
    };
    check("child.j2", "", "<base head>\nchild base body\n");
    check("header.j2", "", "\nx\n");
    check("number.j2", "", "5");
    check("none.j2", "", "");
    check("part.j2", "newline_sequence: '\\r\\n'", "part me\r\n");
    check("space.j2", "", "    indented\n  minusend\nplus\nabc\n");
    check("space.j2", "lstrip_blocks: True", "  indented\nminusend\nplus\nabc\n");
    check("space.j2", "trim_blocks: False", "  \n  indented\n  \nminusend\n\nplus\n\nabc\n");
    let markers = "variable_start_string: '<<', variable_end_string: '>>', \
                   block_start_string: '<%', block_end_string: '%>'";
    check("markers.j2", markers, "2 {{ kept }} {% kept %}\n");
}
