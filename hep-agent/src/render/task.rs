//! A task with expressions, made into a typed one: its parameters, its template, its limits.

use super::layers::Lossy;
use super::{Names, Unrendered, word};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::output;
use hep_protocol::decode::{Homes, Sentence};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Rank, Scope, TroubleKind};
use hep_protocol::plan::{Control, Spec, Task};
use hep_protocol::task::{About, Effect, TaskSpec};
use hep_protocol::value::Json;
use hep_protocol::words::shorten;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A task as it is to be run.
pub(crate) struct Rendered<'t> {
    pub(crate) spec: Cow<'t, TaskSpec>,
    pub(crate) env: BTreeMap<String, String>,
    /// What is odd about its values and only the host could know.
    pub(crate) doubt: Option<String>,
}

impl Names {
    /// The task with its expressions replaced.
    pub(crate) fn task<'t>(
        &self,
        task: &'t Task,
        outside: &dyn Outside,
        homes: Homes<'_>,
    ) -> Result<Rendered<'t>, Unrendered> {
        // What the elements of its loop are made of.
        let before = self.read();
        let mut spec = match &task.spec {
            Spec::Typed(spec) => Cow::Borrowed(&**spec),
            Spec::Open { module, params } => {
                Cow::Owned(self.decoded(module, params, &before, homes)?)
            }
        };
        let doubt = self.doubt(task, &spec);
        if let Some(template) = spec.params().template() {
            let rules = spec.params().template_rules();
            let (content, read) =
                self.reading(&before, || self.template(template, rules, task, outside))?;
            refuse_lossy("template", content.contains(output::REPLACEMENT), &read)?;
            let mode = self.template_mode(template, task);
            spec.to_mut().params_mut().fill(content, mode);
        }
        let mut env = BTreeMap::new();
        let mut limit = self.task_timeout();
        if let Some(control) = &task.control {
            let (all, read) = self.reading(&before, || self.environment(control))?;
            if task.spec.about().effect != Effect::None {
                let replaced = all.values().any(|value| value.contains(output::REPLACEMENT));
                refuse_lossy("env", replaced, &read)?;
            }
            env = all;
            // Left out by `default(omit)` it is not given.
            if let Some(own) = &control.timeout
                && !self.tree(own)?.is_null()
            {
                let own = self.number(own, "timeout")?;
                if own == 0 {
                    let error = SysError::new("a `timeout` of 0 leaves no time");
                    return Err(Unrendered::Wrong(error.hint("remove it, or give seconds")));
                }
                limit = Some(own);
            }
        }
        if let Some(limit) = limit
            && let Some(own) = spec.to_mut().params_mut().patience()
        {
            *own = Some(own.map_or(limit, |own| own.min(limit)));
        }
        Ok(Rendered { spec, env, doubt })
    }

    /// What is odd about a mode that an expression gave. Of what the controller knew it has warned.
    fn doubt(&self, task: &Task, spec: &TaskSpec) -> Option<String> {
        let Spec::Open { params, .. } = &task.spec else { return None };
        let mode = spec.params().mode()?;
        let doubt = mode.doubt()?;
        let written = ["mode", "mod"].iter().find_map(|key| params.0.get(*key)?.as_str())?;
        let ranks = [Rank::BuiltIn, Rank::Inventory, Rank::Play, Rank::Task, Rank::Extra];
        let before_run: Arc<dyn Scope> = Arc::new(self.layers.only(&ranks));
        let known = self.language.text(written, &before_run).ok();
        let same = known.is_some_and(|known| word(known) == mode.to_string());
        (!same).then_some(doubt)
    }

    fn decoded(
        &self,
        module: &str,
        params: &Json,
        before: &Lossy,
        homes: Homes<'_>,
    ) -> Result<TaskSpec, Unrendered> {
        let value = self.language.tree(&params.0, &self.scope).map_err(|trouble| {
            let about = trouble.path.first().map(|name| match trouble.kind {
                // It names what is missing.
                TroubleKind::Undefined { .. } => format!("`{name}`"),
                TroubleKind::Unknown { .. }
                | TroubleKind::Syntax
                | TroubleKind::Circle { .. }
                | TroubleKind::Other => {
                    let written = text_at(&params.0, &trouble.path).unwrap_or_default();
                    format!("`{name}`: in `{}`", shorten(written))
                }
            });
            match (Unrendered::from(trouble), about) {
                (Unrendered::Wrong(error), Some(about)) => Unrendered::Wrong(error.about(about)),
                (other, _) => other,
            }
        })?;
        let lossy = !self.read().tasks.is_empty();
        if lossy && About::of(module).effect != Effect::None {
            for (name, rendered) in value.as_object().into_iter().flatten() {
                let Some(written) = params.0.get(name) else { continue };
                let read = self.reading(before, || self.tree(&Json(written.clone())));
                // A character that was typed literally is meant.
                let replaced = has_foreign(rendered) && !has_foreign(written);
                refuse_lossy(name, replaced, &read?.1)?;
            }
        }
        let decoded = TaskSpec::from_json_in(self.language.dialect(), module, &value, homes);
        decoded.map_err(|mistake| {
            let Sentence { message, hint } = mistake.sentence(module);
            let error = SysError::new(message);
            Unrendered::Wrong(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            })
        })
    }

    /// What an evaluation gives, and what it has read of texts that lack something, besides what was read before.
    fn reading<T, E>(
        &self,
        before: &Lossy,
        evaluate: impl FnOnce() -> Result<T, E>,
    ) -> Result<(T, Lossy), E> {
        let mut whole = self.read();
        self.set_read(before.clone());
        let value = evaluate()?;
        let read = self.read();
        whole.add(&read);
        self.set_read(whole);
        Ok((value, read))
    }

    /// The task's environment variables, later layers above earlier ones.
    fn environment(&self, control: &Control) -> Result<BTreeMap<String, String>, Unrendered> {
        let mut all = BTreeMap::new();
        for layer in &control.env {
            let value = self.tree(layer)?;
            let Value::Object(entries) = value else {
                return Err(Unrendered::Wrong(SysError::new(format!(
                    "`env` takes a mapping, found {value}"
                ))));
            };
            for (name, value) in entries {
                let text = match value {
                    Value::String(text) => text,
                    Value::Bool(true) if self.dialect() == Dialect::Ansible => "True".to_owned(),
                    Value::Bool(false) if self.dialect() == Dialect::Ansible => "False".to_owned(),
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    Value::Null => String::new(),
                    Value::Array(_) | Value::Object(_) => {
                        return Err(Unrendered::Wrong(SysError::new(format!(
                            "`env`: `{name}` takes a text, found {value}"
                        ))));
                    }
                };
                all.insert(name, text);
            }
        }
        Ok(all)
    }

    /// A number of seconds, which may have a fraction.
    pub(crate) fn seconds(&self, value: &Json, key: &str) -> Result<f64, Unrendered> {
        let value = self.tree(value)?;
        let written = value.as_str().and_then(|text| text.trim().parse().ok());
        let seconds = value.as_f64().or(written);
        seconds.filter(|seconds| *seconds >= 0.0).ok_or_else(|| {
            Unrendered::Wrong(SysError::new(format!("`{key}` takes seconds, found {value}")))
        })
    }

    /// A whole number that a key takes, from 0.
    pub(crate) fn number(&self, value: &Json, key: &str) -> Result<u32, Unrendered> {
        let value = self.tree(value)?;
        // In Ansible's language a number may come as a text.
        let text = value.as_str().filter(|_| self.dialect() == Dialect::Ansible);
        let written = text.and_then(|text| text.trim().parse().ok());
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).or(written);
        number.ok_or_else(|| {
            Unrendered::Wrong(
                SysError::new(format!("`{key}` takes a whole number, found {value}"))
                    .hint("write digits alone, or an expression with `| int`"),
            )
        })
    }
}

/// Refuses a text for the host that has lost bytes of what a program wrote: U+FFFD is in their place, or was when the text was
/// encoded.
fn refuse_lossy(key: &str, replaced: bool, read: &Lossy) -> Result<(), Unrendered> {
    let (verb, hint) = match (replaced, read.encoded) {
        (false, false) => return Ok(()),
        (true, _) => (
            "has",
            "have that command write the file itself, or make its output UTF-8: `... | iconv -f latin1 -t utf-8`",
        ),
        (false, true) => {
            ("encodes", "have that command encode its output itself: `... | base64 -w0`")
        }
    };
    if read.tasks.is_empty() {
        return Ok(());
    }
    let tasks: Vec<String> = read.tasks.iter().map(|task| format!("`{task}`")).collect();
    let tasks = tasks.join(", ");
    let what = format!(
        "`{key}` {verb} U+FFFD, which stands for bytes of the output of {tasks} that are not UTF-8"
    );
    Err(Unrendered::Wrong(SysError::new(what).hint(hint)))
}

/// Whether a text in it has what stands for bytes that are not UTF-8.
fn has_foreign(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(output::REPLACEMENT),
        Value::Array(items) => items.iter().any(has_foreign),
        Value::Object(entries) => entries.values().any(has_foreign),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The text at the end of this way through a value.
fn text_at<'v>(value: &'v Value, path: &[String]) -> Option<&'v str> {
    let step = |value: &'v Value, key: &String| match value.as_array() {
        Some(items) => items.get(key.parse::<usize>().ok()?),
        None => value.get(key),
    };
    path.iter().try_fold(value, step)?.as_str()
}
