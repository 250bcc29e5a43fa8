//! The forms a manifest may have, down to its tasks.

use super::{Manifest, ansible, task};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Source, Span};
use crate::words::nearest;
use crate::yaml::{self, Entry, Kind, Node};
use hep_protocol::task::TaskSpec;
use std::sync::Arc;

const KEYS: [&str; 2] = ["name", "tasks"];

/// Reads the text of a manifest.
pub(super) fn parse(source: &Arc<Source>) -> Manifest {
    let (root, mut problems) = yaml::parse(source);
    let mut manifest = Manifest {
        source: Arc::clone(source),
        tasks: Vec::new(),
        loose_sources: Vec::new(),
        problems: Diagnostics::default(),
    };
    match &root {
        None => {}
        Some(root) => match &root.kind {
            Kind::Seq(items) => read_tasks(&mut manifest, items, &mut problems),
            Kind::Map(entries) => read_mapping(&mut manifest, entries, &mut problems),
            Kind::Scalar(_) if root.is_null() => {}
            Kind::Scalar(_) => {
                let message = format!("a manifest is a list of tasks, found {}", root.describe());
                problems.push(
                    Diagnostic::at(source, root.span, message)
                        .hint("begin each task with `- name: ...` and write its module below"),
                );
            }
            Kind::Broken => {}
        },
    }
    if manifest.tasks.is_empty() && problems.is_empty() {
        let message = "the manifest has no tasks";
        let diagnostic = match &root {
            Some(root) if !root.is_null() => Diagnostic::at(source, root.span, message),
            Some(_) | None => Diagnostic::of_file(&source.path, message),
        };
        problems.push(
            diagnostic.hint("write a list of tasks: `- file: {dest: /etc/motd, content: hello}`"),
        );
    }
    Manifest { problems, ..manifest }
}

/// The form with `tasks:`.
fn read_mapping(manifest: &mut Manifest, entries: &[Entry], problems: &mut Diagnostics) {
    let source = Arc::clone(&manifest.source);
    for entry in entries {
        match (&*entry.key.text, &entry.value.kind) {
            // It is for whoever reads the manifest: checked, and not kept.
            ("name", _) => drop(task::text(&source, entry, problems)),
            ("tasks", Kind::Seq(items)) => read_tasks(manifest, items, problems),
            ("tasks", Kind::Broken) => {}
            ("tasks", Kind::Scalar(_)) if entry.value.is_null() => {}
            ("tasks", Kind::Scalar(_) | Kind::Map(_)) => {
                let message = format!("`tasks` takes a list, found {}", entry.value.describe());
                problems.push(
                    Diagnostic::at(&source, entry.value.span, message)
                        .hint("begin each task with `- `"),
                );
            }
            (key, _) => problems.push(unknown_key(&source, key, entry.key.span)),
        }
    }
}

fn unknown_key(source: &Arc<Source>, key: &str, span: Span) -> Diagnostic {
    if TaskSpec::MODULES.contains(&key) {
        return Diagnostic::at(source, span, format!("`{key}` stands outside of a task"))
            .hint("a manifest is a list of tasks: begin each with `- `");
    }
    match ansible::task_key(key) {
        Some(foreign) => foreign.diagnostic(source, key, span),
        None => {
            let message = format!("unknown key `{}` of a manifest", yaml::shorten(key));
            let hint = match nearest(key, KEYS) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "the keys of a manifest are `name` and `tasks`".to_owned(),
            };
            Diagnostic::at(source, span, message).hint(hint)
        }
    }
}

fn read_tasks(manifest: &mut Manifest, items: &[Node], problems: &mut Diagnostics) {
    let source = Arc::clone(&manifest.source);
    for item in items {
        match task::read(&source, item, problems) {
            Some(task) => manifest.tasks.push(task),
            None => manifest.loose_sources.extend(loose_source(item)),
        }
    }
}

/// What a task with a mistake names as `src`.
fn loose_source(item: &Node) -> Option<(String, Span)> {
    let src = &item.entry("file")?.value.entry("src")?.value;
    Some((src.text()?.to_owned(), src.span))
}
