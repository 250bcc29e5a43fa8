//! Parameters are decoded twice: here, where they are literal, and on the host, where expressions gave them. Both must come
//! to the same value, and refuse the same in the same words.

use super::{check, with_mistakes};
use crate::source::Source;
use crate::yaml;
use hep_protocol::task::TaskSpec;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn manifests(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("examples") {
        let path = entry.expect("an example").path();
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn literal_parameters_of_every_example_decode_alike_on_both_sides() {
    let mut files = Vec::new();
    manifests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"), &mut files);
    let mut seen = std::collections::BTreeSet::new();
    for path in files {
        let Ok(manifest) = with_mistakes(&fs::read(&path).expect("an example")) else { continue };
        for play in &manifest.plays {
            play.each_task(&mut |task| {
                if let Some(spec) = &task.spec {
                    let module = &task.module.text;
                    let decoded = TaskSpec::from_json(module, &task.params.to_json());
                    let decoded = decoded.map_err(|mistake| mistake.sentence(module));
                    assert_eq!(decoded.as_ref(), Ok(spec.as_ref()), "{}", path.display());
                    seen.insert(spec.about().name);
                }
            });
        }
    }
    let literal = ["apt", "assert", "command", "debug", "fail", "file", "flush", "service", "stat"];
    for module in literal {
        assert!(seen.contains(module), "no example of `{module}` was decoded");
    }
}

/// The parameters of a manifest's one task as JSON.
fn params(text: &str, module: &str) -> Value {
    let source = Source::from_bytes(Path::new("site.yml"), text.into()).expect("a text");
    let (root, _) = yaml::parse(&source);
    let root = root.expect("a manifest");
    let yaml::Kind::Seq(tasks) = &root.kind else { panic!("{text} is no list") };
    tasks.first().and_then(|task| task.entry(module)).expect("a task").value.to_json()
}

#[test]
fn wrong_values_are_refused_by_the_same_words_on_both_sides() {
    for (module, written) in [
        ("file", "{dest: /a, mode: 0999}"),
        ("file", "{dest: /a, mode: rw}"),
        ("file", "{dest: /a, mode: [1]}"),
        ("file", "{dest: a}"),
        ("file", "{dest: ''}"),
        ("file", "{dest: /a, owner: 'a b'}"),
        ("file", "{dest: /a, content: [x]}"),
        ("file", "{dest: /a, content: {x: y}}"),
        ("file", "{dest: /a, recurse: yes please}"),
        ("file", "{dest: /a, recurse: 1}"),
        ("file", "{dest: /a, recurse: \"true\"}"),
        ("file", "{dest: /a, action: removed}"),
        ("file", "{dest: /a, action: [absent]}"),
        ("file", "{dest: /a, onwer: root}"),
        ("file", "{dest: /a, owner: }"),
        ("file", "{content: x}"),
        ("file", "{dest: /a, path: /b}"),
        ("file", "{dest: /a, src: x, content: y}"),
        ("apt", "{package: nginx, cache_valid_time: soon}"),
        ("apt", "{package: nginx, cache_valid_time: \"60\"}"),
        ("apt", "{package: nginx, cache_valid_time: -1}"),
        ("apt", "{package: nginx, cache_valid_time: 1.5}"),
        ("apt", "{package: 5}"),
        ("apt", "{package: {a: b}}"),
        ("apt", "{package: [nginx, 'b d']}"),
        ("service", "{name: 'a/b', action: start}"),
        ("service", "{name: a, enabled: maybe}"),
        ("command", "{argv: ''}"),
        ("command", "{argv: 'a | b'}"),
    ] {
        let text = format!("- {module}: {written}\n");
        let here = check(&text);
        let here = here.lines().next().unwrap_or_default();
        let there = match TaskSpec::from_json(module, &params(&text, module)) {
            Ok(spec) => format!("{spec:?}"),
            Err(mistake) => format!("error: {}", mistake.sentence(module).message),
        };
        assert_eq!(there, here, "{text}");
    }
}
