//! Variables that tasks give as they are written, from files that were read on the controller: which of them, and where they go.

use super::Walk;
use super::task::{Job, conditions};
use crate::render::{Names, Unrendered, word};
use crate::sys::SysError;
use hep_protocol::plan::{Gives, Spec};
use serde_json::{Map, Value, json};

type Fields = Map<String, Value>;

/// The variables that a task gives of those that it sets: all of them, or those of the file that is chosen.
pub(super) fn given<'s>(
    gives: &Gives,
    set: &'s Fields,
    names: &Names,
) -> Result<&'s Fields, Unrendered> {
    let Some(chosen) = &gives.chosen else { return Ok(set) };
    let name = word(names.text(chosen)?);
    let wrong = |message: String| Unrendered::Wrong(SysError::new(message));
    match set.get(&name) {
        Some(Value::Object(vars)) => Ok(vars),
        Some(why) => Err(wrong(word(why.clone()))),
        None => {
            let all: Vec<&str> = set.keys().map(String::as_str).collect();
            let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            Err(wrong(format!("there is no file `{name}` of variables; there are: {all}")))
        }
    }
}

/// Makes them known from here on.
pub(super) fn give(gives: &Gives, vars: &Fields, names: &Names) {
    for (name, value) in vars {
        names.give(gives.rank, name, value.clone());
    }
}

/// What the result of a task tells of the files that it has read.
pub(super) fn fields_of_files(gives: &Gives, vars: &Fields, names: &Names) -> Fields {
    let name = gives.chosen.as_ref().and_then(|chosen| names.text(chosen).ok()).map(word);
    let is_read = |file: &String| name.as_ref().is_none_or(|name| name == file);
    let files = gives.files.iter().filter(|(file, _)| is_read(file)).map(|(_, path)| path);
    [
        ("ansible_facts".to_owned(), Value::Object(vars.clone())),
        ("ansible_included_var_files".to_owned(), files.map(|path| json!(path)).collect()),
    ]
    .into_iter()
    .collect()
}

impl Walk<'_> {
    /// What a play or a role names, which is no task of anybody's: a file that is not there gives nothing. Whether the task was
    /// such a thing.
    pub(super) fn gives_quietly(&self, job: &Job<'_>) -> bool {
        let Some(gives) = job.control.gives.as_ref().filter(|gives| !gives.is_reported()) else {
            return false;
        };
        let set = match &job.task.spec {
            Spec::Typed(spec) => spec.params().given(),
            Spec::Open { .. } => None,
        };
        if let Some(set) = set
            && matches!(conditions(&job.control.when, &job.names), Ok(true))
            && let Ok(vars) = given(gives, &set, &job.names)
        {
            give(gives, vars, &job.names);
        }
        true
    }
}
