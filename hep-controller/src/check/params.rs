//! A task's parameters with the values that are known, decoded as the host will: a wrong value is a mistake of the
//! manifest. Finds the local files that their texts name.

use super::lookups::lookups_in;
use super::verify::{Context, Rendered, Template, Verifier, hint_of};
use crate::ast::{ManifestTask, Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::{self, Form, Mapping};
use crate::local_files::search::{From, Local, at_place};
use crate::read::module::{self, Called};
use crate::source::Source;
use crate::wildcard::{Pattern, climbs};
use crate::yaml::{Entry, Node};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{self as language, Part, TroubleKind, has_expression, has_parts};
use hep_protocol::plan::Privacy;
use hep_protocol::value::Mode;
use std::path::Path;
use std::sync::Arc;

impl Verifier<'_, '_> {
    /// Verifies a task's parameters for one host and element.
    pub(crate) fn params(&mut self, task: &ManifestTask, context: &Context) {
        if task.spec.is_none() {
            self.open(task, context);
        } else {
            if self.dialect() == Dialect::Ansible {
                let missing = self.files_of(task);
                self.mistakes.extend(missing);
            }
            let bare =
                task.about().bare.filter(|key| *key != "var" || self.dialect() == Dialect::Hep);
            if let Some(entry) = bare.and_then(|key| task.params.entry(key)) {
                self.bare_expressions(task, &entry.value, context);
            }
        }
        if let Some(entry) = task.template() {
            let files = self.files.get(&task.number).cloned().unwrap_or_default();
            for local in files {
                self.template(&local.path, &entry.value, task, context);
            }
        }
    }

    fn bare_expressions(&mut self, task: &ManifestTask, value: &Node, context: &Context) {
        for item in value.items() {
            if let Some(text) = item.text() {
                let (text, source) = (text.to_owned(), Arc::clone(&task.module.source));
                self.bare(&Spot { text, source, span: item.span }, context);
            }
        }
    }

    /// Parameters with expressions.
    fn open(&mut self, task: &ManifestTask, context: &Context) {
        let source = &task.module.source;
        let mut entries = Vec::new();
        for entry in task.params.entries() {
            let value = self.value_of(task, entry, context);
            entries.extend(value.map(|value| Entry { key: entry.key.clone(), value }));
        }
        let known = task.params.with_entries(entries);
        if context.privacy == Privacy::Open {
            let doubt = generous_mode(task, &known, has_expression);
            let new = doubt.filter(|doubt| !self.warnings.contains(doubt));
            self.warnings.extend(new);
        }
        let mut problems = Diagnostics::default();
        let called = Called {
            source,
            dialect: self.language.dialect(),
            module: &task.module.text,
            key: task.module.span,
        };
        let decoded = module::decode(called, &known, &known, &mut problems);
        for problem in problems {
            self.mistakes.push(match context.privacy {
                Privacy::Open => explained(problem, source, &known),
                Privacy::Sensitive => hidden(problem, source),
            });
        }
        let written: Vec<String> = match decoded {
            Ok(spec) => spec.params().sources().into_iter().map(str::to_owned).collect(),
            Err(_) => known_sources(task, &known),
        };
        for written in written {
            let named = local(task).iter().find_map(|key| {
                let value = &known.entry(key)?.value;
                (value.text() == Some(&written))
                    .then(|| Piece { source: Arc::clone(source), node: value.clone() })
            });
            let named = named.unwrap_or_else(|| task.parameter(&written));
            match self.sources.find(From::of(task), &written) {
                Ok(local) => self.keep(task, local),
                Err(troubles) => self.mistakes.extend(at_place(&named, troubles)),
            }
        }
    }

    /// A parameter's value, broken if it is not known; nothing for one that is left out.
    fn value_of(&mut self, task: &ManifestTask, entry: &Entry, context: &Context) -> Option<Node> {
        let node = &entry.value;
        if !node.any_text(&has_expression) {
            return Some(node.clone());
        }
        let piece = Piece { source: Arc::clone(&task.module.source), node: node.clone() };
        match self.tree(&piece, context) {
            Rendered::Known(value) => Some(node.rendered(&value)),
            Rendered::Omitted => None,
            Rendered::Later => {
                self.guess_source(task, entry, context);
                Some(Node::broken(node.span))
            }
            Rendered::Wrong => Some(Node::broken(node.span)),
        }
    }

    /// A local file of which only the host knows the whole name: all that may be meant.
    fn guess_source(&mut self, task: &ManifestTask, entry: &Entry, context: &Context) {
        let named = local(task).contains(&&*entry.key.text);
        let Some(text) = entry.value.text().filter(|_| named) else { return };
        let source = &task.module.source;
        let piece = Piece { source: Arc::clone(source), node: entry.value.clone() };
        let scope = self.scope(context);
        let pattern = Pattern::of_text(self.language, text, &scope);
        let usable =
            pattern.filter(|pattern| pattern.says_something() && !climbs(&pattern.shown()));
        let Some(pattern) = usable else {
            let message = "only the host knows which local file this is";
            self.mistakes.push(piece.problem(message).hint(
                "write a part of the path that is the same for all hosts, as in `files/{{ os.codename }}.conf`",
            ));
            return;
        };
        match self.sources.find_all(From::of(task), &pattern) {
            Ok(locals) => locals.into_iter().for_each(|local| self.keep(task, local)),
            Err(troubles) => self.mistakes.extend(at_place(&piece, troubles)),
        }
    }

    /// Keeps a local file of a task.
    pub(super) fn keep(&mut self, task: &ManifestTask, local: Local) {
        // Most tasks name a single one, and there may be very many tasks.
        let files = self.files.entry(task.number).or_insert_with(|| Vec::with_capacity(1));
        if !files.iter().any(|known| known.written == local.written) {
            files.push(local);
        }
    }

    /// Reads a template, and renders it with what is known.
    fn template(&mut self, path: &Path, named: &Node, task: &ManifestTask, context: &Context) {
        let found = match self.templates.get(path) {
            Some(known) => known.clone(),
            None => {
                let read = self.read_template(path, named, task).map(Arc::new);
                self.templates.insert(path.to_owned(), read.clone());
                read
            }
        };
        let template = match found {
            Ok(template) => template,
            Err(problems) => return self.mistakes.extend(problems),
        };
        let Template { source, reading } = template.as_ref();
        let mapping = Mapping::of_file(source);
        let mut parts = Vec::new();
        match self.language.dialect() {
            Dialect::Hep => {
                let problems = self.judge(reading, || mapping.clone(), context);
                if !problems.is_empty() {
                    problems.into_iter().for_each(|problem| self.mistakes.push(problem));
                    return;
                }
            }
            Dialect::Ansible => {
                self.ask(&lookups_in(&source.text), context);
                parts = self.parts(&source.text, path, task);
            }
        }
        let scope = self.scope(context);
        let name = source.path.display().to_string();
        let rules = task.params.entry("template_rules").and_then(|entry| entry.value.text());
        let rules = rules.filter(|rules| !has_expression(rules)).unwrap_or_default();
        let template = language::Template { name: &name, text: &source.text, rules, parts: &parts };
        let rendered = self.language.template_of(&template, &scope);
        let trouble = rendered.err().filter(|t| !matches!(t.kind, TroubleKind::Unknown { .. }));
        if let Some(trouble) = trouble {
            let range = trouble.range.clone().unwrap_or(0..1);
            let problem = Diagnostic::at(source, mapping.span(&range), &*trouble.message);
            self.tell(&trouble, problem.with(hint_of(&trouble)));
        }
    }

    /// The templates that one includes, imports or extends, and those that these name in turn. One that is not there is missed
    /// where it is reached.
    fn parts(&mut self, text: &str, path: &Path, task: &ManifestTask) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut open = if has_parts(text) { expression::parts_of(text) } else { Vec::new() };
        while let Some(name) = open.pop() {
            if parts.iter().any(|part| part.name == name) {
                continue;
            }
            let beside = path.with_file_name(&name).display().to_string();
            let found = self.sources.find(From::of(task), &name);
            let found = found.or_else(|_| self.sources.find(From::of(task), &beside));
            let Ok(local) = found else { continue };
            let Ok(text) = std::fs::read_to_string(&local.path) else { continue };
            if has_parts(&text) {
                open.extend(expression::parts_of(&text));
            }
            parts.push(Part { name: name.clone(), text: text.into() });
            self.keep(task, Local { written: name, ..local });
        }
        parts
    }

    fn read_template(
        &self,
        path: &Path,
        named: &Node,
        task: &ManifestTask,
    ) -> Result<Template, Diagnostics> {
        if path.is_dir() {
            let piece = Piece { source: Arc::clone(&task.module.source), node: named.clone() };
            let problem = piece.problem("a template is a file, and this is a directory");
            return Err(problem.hint("write `src` to copy a directory").into());
        }
        let here = &self.input.options.working_directory;
        let shown = path.strip_prefix(here).unwrap_or(path).to_owned();
        let source = Source::read_as(path, &shown)?;
        let reading = expression::read(&source.text, Form::Template);
        Ok(Template { source, reading })
    }
}

/// What is odd about the mode among a task's parameters, if that was written in this way.
pub(crate) fn generous_mode(
    task: &ManifestTask,
    params: &Node,
    is_written: impl Fn(&str) -> bool,
) -> Option<String> {
    ["mode", "mod"].into_iter().find_map(|key| {
        let written = task.params.entry(key)?.value.text()?;
        let value = &params.entry(key).filter(|_| is_written(written))?.value;
        let doubt = Mode::try_from(value.text()?.to_owned()).ok()?.doubt()?;
        let source = &task.module.source;
        let before = source.text.get(..value.span.start).unwrap_or_default();
        let (path, line) = (source.path.display(), before.matches('\n').count() + 1);
        Some(format!("{path}:{line}: {doubt}"))
    })
}

/// The parameters that name local files, as far as is known.
fn local(task: &ManifestTask) -> &'static [&'static str] {
    let Some(local) = &task.about().local else { return &[] };
    let may = local.only_with.is_none_or(|(key, value)| {
        let given = task.params.entry(key).and_then(|entry| entry.value.text());
        given.is_none_or(|given| given == value || has_expression(given))
    });
    if may { local.parameters } else { &[] }
}

/// What is named as far as it is known, where the whole cannot be decoded yet.
fn known_sources(task: &ManifestTask, known: &Node) -> Vec<String> {
    let texts = local(task).iter().filter_map(|key| known.entry(key)?.value.text());
    texts.map(str::to_owned).collect()
}

/// A mistake in a value that an expression gave, without a word of that value.
fn hidden(problem: Diagnostic, source: &Arc<Source>) -> Diagnostic {
    let span = problem.place.as_ref().map(|place| place.span);
    match span.filter(|span| has_expression(source.slice(*span))) {
        Some(span) => {
            let what =
                "this gives no value that is allowed here; which is hidden by `sensitive: true`";
            Diagnostic::at(source, span, what)
        }
        None => problem,
    }
}

/// A mistake in a value that an expression gave, with that value.
fn explained(problem: Diagnostic, source: &Source, known: &Node) -> Diagnostic {
    let span = problem.place.as_ref().map(|place| place.span);
    let Some(span) = span.filter(|span| has_expression(source.slice(*span))) else {
        return problem;
    };
    let gives = known.find(span).map(|node| match node.text() {
        Some(text) => format!("this gives `{}`", crate::yaml::shorten(text)),
        None => format!("this gives {}", node.describe()),
    });
    gives.into_iter().fold(problem, |problem, label| problem.label(label))
}
