//! Which tasks of a manifest are run: `--tags`, `--skip-tags`, `--start-at`.

use crate::ast::{Entry, Manifest, ManifestBlock, ManifestTask, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::words::{all_of, nearest};
use std::collections::BTreeSet;

/// What the command line says of tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// Tasks with one of these; all if there is none.
    pub(crate) tags: Vec<String>,
    /// Tasks with one of these are left out.
    pub(crate) skip: Vec<String>,
    /// The name of the first task to run.
    pub(crate) start_at: Option<String>,
    /// Whether tasks with the tag `never` are looked at too, where no tags are asked for.
    pub(crate) reluctant: bool,
}

impl Choice {
    fn everything(&self) -> bool {
        self.tags.is_empty() && self.skip.is_empty() && self.start_at.is_none()
    }
}

/// The tasks that are run, by their numbers.
pub(crate) struct Chosen {
    taken: Vec<bool>,
    /// Whether nothing was asked to be left out.
    pub(crate) everything: bool,
}

impl Chosen {
    /// Whether the task or handler with this number is run.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.taken.get(number).copied().unwrap_or_default()
    }

    /// Takes in a handler.
    pub(crate) fn add(&mut self, number: usize) {
        if let Some(taken) = self.taken.get_mut(number) {
            *taken = true;
        }
    }
}

/// Chooses tasks; handlers are not among them.
///
/// # Errors
/// Tags that no task has, and a name that none has.
pub(crate) fn choose(manifest: &Manifest, choice: &Choice) -> Result<Chosen, Diagnostics> {
    let everything = choice.everything();
    let mut walk = Walk {
        choice,
        taken: vec![false; manifest.tasks],
        begun: choice.start_at.is_none(),
        names: Vec::new(),
        tags: BTreeSet::new(),
        any: false,
    };
    for play in &manifest.plays {
        walk.entries(&play.entries, &BTreeSet::new());
    }
    let refuse = |message: String, hint: String| {
        Err(Diagnostic::of_file(&manifest.source.path, message).hint(hint).into())
    };
    let no_mistakes = manifest.problems.is_empty();
    if let (Some(name), false, true) = (&choice.start_at, walk.begun, no_mistakes) {
        let hint = match nearest(name, walk.names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`--list-tasks` shows the names".to_owned(),
        };
        return refuse(format!("no task is called `{name}`"), hint);
    }
    if !walk.any && !everything && no_mistakes && !walk.names.is_empty() {
        let tags: Vec<&str> = walk.tags.iter().map(String::as_str).collect();
        let near = choice.tags.iter().find_map(|tag| nearest(tag, tags.iter().copied()));
        let hint = match (near, tags.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`? the tags are {}", all_of(&tags)),
            (None, true) => "no task has tags".to_owned(),
            (None, false) => format!("the tags are {}", all_of(&tags)),
        };
        return refuse("the tags leave no task to run".to_owned(), hint);
    }
    Ok(Chosen { taken: walk.taken, everything })
}

/// All tags of a task or block: those around it count.
pub(crate) fn tags(around: &BTreeSet<String>, own: &[Spot]) -> BTreeSet<String> {
    around.iter().cloned().chain(own.iter().map(|tag| tag.text.clone())).collect()
}

struct Walk<'c> {
    choice: &'c Choice,
    taken: Vec<bool>,
    begun: bool,
    names: Vec<String>,
    tags: BTreeSet<String>,
    any: bool,
}

impl Walk<'_> {
    fn entries(&mut self, entries: &[Entry], around: &BTreeSet<String>) {
        for entry in entries {
            match entry {
                Entry::Task(task) => self.task(task, around),
                Entry::Block(block) => {
                    let ManifestBlock { control, body, rescue, always, gate, .. } = block.as_ref();
                    let read = gate.as_ref().map(|gate| tags(&BTreeSet::new(), gate));
                    if read.is_some_and(|tags| !wanted(&tags, self.choice)) {
                        continue;
                    }
                    let tags = tags(around, &control.tags);
                    [body, rescue, always].into_iter().for_each(|part| self.entries(part, &tags));
                }
                Entry::Flush => {}
            }
        }
    }

    fn task(&mut self, task: &ManifestTask, around: &BTreeSet<String>) {
        let tags = tags(around, &task.control.tags);
        if self.choice.everything() {
            if wanted(&tags, self.choice) {
                self.take(task);
            }
            return;
        }
        self.begun |= self.choice.start_at.as_deref().is_some_and(|name| task.is_called(name));
        self.names.push(task.title());
        if self.begun && wanted(&tags, self.choice) {
            self.take(task);
        }
        self.tags.extend(tags);
    }

    fn take(&mut self, task: &ManifestTask) {
        self.any = true;
        if let Some(taken) = self.taken.get_mut(task.number) {
            *taken = true;
        }
    }
}

/// Whether a task with these tags is run. `always` and `never` mean what they mean to Ansible.
fn wanted(tags: &BTreeSet<String>, choice: &Choice) -> bool {
    let has = |tag: &str| tags.contains(tag);
    let one_of = |asked: &[String]| {
        asked.iter().any(|tag| match tag.as_str() {
            "untagged" => tags.is_empty(),
            "tagged" => !tags.is_empty() && !has("never"),
            "all" => !has("never"),
            tag => has(tag),
        })
    };
    let named = |asked: &[String], tag: &str| asked.iter().any(|asked| asked == tag);
    let asked_for = if choice.tags.is_empty() {
        !has("never") || choice.reluctant
    } else {
        one_of(&choice.tags) || (has("always") && !has("never"))
    };
    let skipped = choice.skip.iter().any(|tag| match tag.as_str() {
        "all" => !has("always") || named(&choice.skip, "always"),
        "tagged" => !tags.is_empty() && !has("always"),
        "untagged" => tags.is_empty(),
        tag => has(tag),
    });
    asked_for && !skipped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use std::sync::Arc;

    fn check(own: &str, tags: &str, skip: &str, expected: bool) {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let choice =
            Choice { tags: words(tags), skip: words(skip), start_at: None, reluctant: false };
        let own_tags: BTreeSet<String> = words(own).into_iter().collect();
        assert_eq!(wanted(&own_tags, &choice), expected, "{own}: --tags {tags} --skip-tags {skip}");
    }

    #[test]
    fn tags_choose_as_ansible_has_it() {
        check("", "", "", true);
        check("a", "a", "", true);
        check("b", "a", "", false);
        check("", "a", "", false);
        check("always", "a", "", true);
        check("never", "", "", false);
        check("never a", "a", "", true);
        check("never a", "all", "", false);
        check("never", "tagged", "", false);
        check("a", "tagged", "", true);
        check("", "tagged", "", false);
        check("", "untagged", "", true);
        check("a", "untagged", "", false);
        check("a", "", "a", false);
        check("a b", "a", "b", false);
        check("always", "", "always", false);
        check("always", "", "all", true);
        check("a", "", "tagged", false);
        check("", "", "untagged", false);
    }

    #[test]
    fn a_task_with_never_is_run_only_when_it_is_asked_for() {
        let text = "- debug: {msg: a}\n- {debug: {msg: b}, tags: [never, b]}\n";
        let source = Source { path: "site.yml".into(), text: text.into() };
        let manifest = Manifest::parse(&Arc::new(source));
        let taken = |choice: &Choice| choose(&manifest, choice).unwrap().taken;
        assert_eq!(taken(&Choice::default()), [true, false]);
        assert_eq!(
            taken(&Choice { tags: vec!["b".to_owned()], ..Choice::default() }),
            [false, true]
        );
        assert_eq!(taken(&Choice { reluctant: true, ..Choice::default() }), [true, true]);
    }
}
