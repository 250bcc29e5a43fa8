//! Template files, with those that they include, import or extend.

use super::super::convert::shown;
use super::super::engine::{self, Printed, Rules, engine};
use super::super::rewrite::{Form, Rewritten, rewrite};
use super::super::{Part, Template, Trouble};
use super::Run;
use super::names::Root;
use crate::dialect::Dialect;
use minijinja::{Environment, Error, ErrorKind, Value};

impl Run {
    pub(in super::super) fn template(&self, template: &Template<'_>) -> Result<String, Trouble> {
        let _speaking = self.speaking();
        let rendered = self
            .template_value(template)
            .and_then(|value| if value.is_none() { Ok(String::new()) } else { shown(&value) });
        self.settled(rendered).map_err(|mut trouble| {
            trouble.template.get_or_insert_with(|| template.name.to_owned());
            trouble
        })
    }

    /// The same within an evaluation, and of a template that prints one value and nothing else that value.
    pub(in super::super) fn template_value(
        &self,
        template: &Template<'_>,
    ) -> Result<Value, Trouble> {
        let Template { name, text, rules, parts } = *template;
        let named = |mut trouble: Trouble| {
            trouble.template.get_or_insert_with(|| name.to_owned());
            trouble
        };
        let dialect = self.shared.memory.dialect;
        let unix = text.replace("\r\n", "\n");
        let text = if dialect == Dialect::Ansible { &unix } else { text };
        let (rules, skipped) = engine::header(text, rules).map_err(named)?;
        let body = text.get(skipped..).unwrap_or_default();
        let newline = rules.as_ref().map_or_else(|| "\n".to_owned(), |rules| rules.newline.clone());
        let rendered = match dialect {
            Dialect::Hep => self.by_rules(rules, body, parts).map(Value::from),
            Dialect::Ansible => self.printed(rules, body, parts),
        };
        let rendered = rendered.map_err(|trouble| match trouble.template {
            None => trouble.moved(skipped, text),
            Some(_) => trouble,
        });
        let rendered = rendered.map_err(named)?;
        Ok(match rendered.as_str() {
            Some(text) if newline != "\n" => Value::from(text.replace('\n', &newline)),
            Some(_) | None => rendered,
        })
    }

    /// The text, or the only value that it prints: then there is no newline after it.
    fn printed(&self, rules: Option<Rules>, body: &str, parts: &[Part]) -> Result<Value, Trouble> {
        // Jinja takes away the last newline, and Ansible puts back what is missing.
        let cut = body.strip_suffix('\n').unwrap_or(body);
        let around = Printed::replace(Printed::default());
        let rendered = self.by_rules(rules, cut, parts);
        let printed = Printed::replace(around);
        let rendered = rendered?;
        let value = printed.value(&rendered).filter(|_| body.contains("{{"));
        let value = value.filter(|value| value.as_str().is_none());
        Ok(value.unwrap_or_else(|| Value::from(with_newlines_of(body, rendered))))
    }

    fn by_rules(
        &self,
        rules: Option<Rules>,
        body: &str,
        parts: &[Part],
    ) -> Result<String, Trouble> {
        let dialect = self.shared.memory.dialect;
        match (rules, parts) {
            (None, []) => self.replaced(engine(dialect), &Rules::default(), body, Form::Template),
            (rules, parts) => {
                let rules = rules.unwrap_or_default();
                let engine = engine::environment(dialect, &rules);
                self.with_parts(engine, &rules, body, parts)
            }
        }
    }

    fn with_parts(
        &self,
        mut engine: Environment<'_>,
        rules: &Rules,
        body: &str,
        parts: &[Part],
    ) -> Result<String, Trouble> {
        let mut known: Vec<(&Part, Option<Rewritten>, String)> = Vec::new();
        for part in parts {
            // Jinja takes away the last newline of a template; that of the outermost one is put back.
            let text = part.text.replace("\r\n", "\n");
            let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
            let rewritten =
                rewrite(&text, Form::Template, self.shared.memory.dialect, &rules.syntax());
            known.push((part, rewritten, text));
        }
        let blame = |error: Error, whole: Option<&Rewritten>| {
            let part =
                error.name().and_then(|name| known.iter().find(|(part, _, _)| part.name == name));
            let missing = error.kind() == ErrorKind::TemplateNotFound;
            let trouble = match part {
                Some((part, rewritten, text)) => {
                    let placed = Trouble::from_error(error)
                        .written(rewritten.as_ref())
                        .placed(text, 0, text);
                    Trouble { template: Some(part.name.clone()), ..placed }
                }
                None => Trouble::from_error(error).written(whole).placed(body, 0, body),
            };
            if missing {
                trouble.hint(
                    "a template that is named by an expression does not travel: write its name out",
                )
            } else {
                trouble
            }
        };
        // One that cannot be read is a mistake where it is reached.
        let mut broken: Vec<(String, Trouble)> = Vec::new();
        for (part, rewritten, text) in &known {
            let new = rewritten.as_ref().map_or(text, |new| &new.text).clone();
            if let Err(error) = engine.add_template_owned(part.name.clone(), new) {
                broken.push((format!("\"{}\"", part.name), blame(error, None)));
            }
        }
        let rewritten = rewrite(body, Form::Template, self.shared.memory.dialect, &rules.syntax());
        let new = rewritten.as_ref().map_or(body, |new| &new.text);
        let rendered = engine.render_str(new, Value::from_object(Root(self.clone())));
        rendered.map_err(|error| {
            let detail = error.detail().unwrap_or_default().to_owned();
            let missing = error.kind() == ErrorKind::TemplateNotFound;
            let found = broken.into_iter().find(|(name, _)| missing && detail.contains(name));
            found.map_or_else(|| blame(error, rewritten.as_ref()), |(_, trouble)| trouble)
        })
    }
}

/// What was rendered, with at least as many newlines at its end as what was written.
pub(super) fn with_newlines_of(written: &str, rendered: String) -> String {
    match newlines(written).saturating_sub(newlines(&rendered)) {
        0 => rendered,
        missing => rendered + &"\n".repeat(missing),
    }
}

/// How many newlines a text ends with.
fn newlines(text: &str) -> usize {
    text.len().saturating_sub(text.trim_end_matches('\n').len())
}
