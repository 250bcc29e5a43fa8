//! A task with expressions, made into a typed one: its parameters, its template, its limits.

use super::{Names, Unrendered};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::sys::output;
use hep_protocol::decode::Sentence;
use hep_protocol::expression::TroubleKind;
use hep_protocol::plan::{Control, Spec, Task};
use hep_protocol::task::{About, Effect, TaskSpec};
use hep_protocol::value::Json;
use hep_protocol::words::shorten;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A task as it is to be run.
pub(crate) struct Rendered<'t> {
    pub(crate) spec: Cow<'t, TaskSpec>,
    pub(crate) env: BTreeMap<String, String>,
}

impl Names {
    /// The task with its expressions replaced.
    pub(crate) fn task<'t>(
        &self,
        task: &'t Task,
        outside: &dyn Outside,
    ) -> Result<Rendered<'t>, Unrendered> {
        let mut spec = match &task.spec {
            Spec::Typed(spec) => Cow::Borrowed(spec),
            Spec::Open { module, params } => Cow::Owned(self.decoded(module, params)?),
        };
        if let Some(template) = spec.params().template() {
            let content = self.template(template, task, outside)?;
            self.refuse_foreign("template", &content)?;
            spec.to_mut().params_mut().fill(content);
        }
        let mut env = BTreeMap::new();
        let mut limit = self.task_timeout();
        if let Some(control) = &task.control {
            env = self.environment(control)?;
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
        Ok(Rendered { spec, env })
    }

    fn decoded(&self, module: &str, params: &Json) -> Result<TaskSpec, Unrendered> {
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
        if About::of(module).effect != Effect::None {
            for (name, rendered) in value.as_object().into_iter().flatten() {
                // Whoever writes the character himself means it.
                if params.0.get(name).is_none_or(|written| !has_foreign(written))
                    && has_foreign(rendered)
                {
                    self.refuse_foreign(name, "\u{fffd}")?;
                }
            }
        }
        TaskSpec::from_json(module, &value).map_err(|mistake| {
            let Sentence { message, hint } = mistake.sentence(module);
            let error = SysError::new(message);
            Unrendered::Wrong(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            })
        })
    }

    /// Refuses a text for the host that has lost bytes of what a program wrote.
    fn refuse_foreign(&self, key: &str, text: &str) -> Result<(), Unrendered> {
        match self.foreign().filter(|_| text.contains(output::REPLACEMENT)) {
            None => Ok(()),
            Some(tasks) => Err(Unrendered::Wrong(
                SysError::new(format!(
                    "`{key}` has U+FFFD, which stands for bytes of the output of {tasks} that are not UTF-8"
                ))
                .hint("have that command write the file itself, or make its output UTF-8: `... | iconv -f latin1 -t utf-8`"),
            )),
        }
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

    /// A whole number that a key takes, from 0.
    pub(crate) fn number(&self, value: &Json, key: &str) -> Result<u32, Unrendered> {
        let value = self.tree(value)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| {
            Unrendered::Wrong(
                SysError::new(format!("`{key}` takes a whole number, found {value}"))
                    .hint("write digits alone, or an expression with `| int`"),
            )
        })
    }
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
