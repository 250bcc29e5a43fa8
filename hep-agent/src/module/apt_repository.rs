//! The module `apt_repository`: lines of apt's one-line lists of sources. A source that is there already, under whichever name,
//! is not written again; all other lines stay as they are.

use super::file::text::{Part, found_text};
use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::packages::PackageAction;
use crate::sys::{Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::task::State as Wanted;
use hep_protocol::task::apt_repository::{AptRepository, Source};
use hep_protocol::value::AbsPath;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Where apt's lists of sources are.
const LIST: &str = "/etc/apt/sources.list";
const DIRECTORY: &str = "/etc/apt/sources.list.d";

/// How long another package manager is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// The largest number of lists that are read.
const MOST: usize = 4096;

/// What has to change.
pub(crate) struct State {
    parts: Vec<Part>,
    /// The files that come, and those that go.
    added: Vec<String>,
    removed: Vec<String>,
}

impl Module for AptRepository {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let files = lists(host)?;
        let mut state = State { parts: Vec::new(), added: Vec::new(), removed: Vec::new() };
        for change in changes(self, &files) {
            let path = &change.path;
            let params = match &change.text {
                Some(text) => {
                    let mode = self.mode.as_ref().filter(|_| change.is_new);
                    json!({"dest": path, "content": text, "follow": true, "parents": true, "mode": mode})
                }
                None => json!({"dest": path, "action": "absent"}),
            };
            state.parts.push(Part::look(params, input, host)?);
            match &change.text {
                Some(_) if !files.iter().any(|(known, _)| known == path) => {
                    state.added.push(path.clone());
                }
                Some(_) => {}
                None => state.removed.push(path.clone()),
            }
        }
        Ok(state)
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let mut steps = Vec::new();
        for part in &state.parts {
            steps.extend(part.steps(input)?);
        }
        if self.update_cache && !steps.is_empty() {
            let refresh = PackageAction::Refresh { patience: PATIENCE };
            steps.push(Planned::new(Action::Package(refresh)));
        }
        let data = [
            ("repo", json!(self.repo)),
            ("state", json!(self.state.word())),
            ("sources_added", json!(state.added)),
            ("sources_removed", json!(state.removed)),
        ];
        let data: Map<String, Value> =
            data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Plan { steps, data, ..Plan::default() })
    }
}

/// The lists of sources by their paths, with their texts.
fn lists(host: &dyn Observe) -> Result<Vec<(String, String)>, SysError> {
    let directory: AbsPath = DIRECTORY.parse().map_err(|e| SysError::new(format!("{e}")))?;
    let names = match host.stat(&directory)? {
        Some(_) => host.list(&directory)?,
        None => Vec::new(),
    };
    let names = names.iter().filter(|name| name.ends_with(".list") && !name.starts_with('.'));
    let paths = names.map(|name| format!("{DIRECTORY}/{name}")).take(MOST);
    let mut files = Vec::new();
    for path in [LIST.to_owned()].into_iter().chain(paths) {
        let Some(text) = found_text(&path, host)? else { continue };
        let there: AbsPath = path.parse().map_err(|e| SysError::new(format!("{path}: {e}")))?;
        if let Some(cause) = host.depends(Subject::There(&there)) {
            return Err(SysError::unknown(cause.to_string()));
        }
        files.push((path, text));
    }
    Ok(files)
}

/// What becomes of a file.
struct Change {
    path: String,
    /// Its new text; without one it goes.
    text: Option<String>,
    /// Whether it gets a line that no file had.
    is_new: bool,
}

fn changes(params: &AptRepository, files: &[(String, String)]) -> Vec<Change> {
    let wanted = params.source().unwrap_or_default();
    let is_wanted = |line: &&str| Source::parse(line).is_some_and(|source| source.text == wanted);
    let found = files.iter().any(|(_, text)| text.lines().any(|line| is_wanted(&line)));
    if params.state == Wanted::Present && !found {
        let path = params.path();
        let old = files.iter().find(|(known, _)| *known == path).map_or("", |(_, text)| text);
        let end = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
        let text = Some(format!("{old}{end}{wanted}\n"));
        return vec![Change { path, text, is_new: true }];
    }
    let mut changes = Vec::new();
    for (path, old) in files {
        let lines = old.split_inclusive('\n').filter_map(|line| {
            match Source::parse(line).filter(|source| source.text == wanted) {
                None => Some(line.to_owned()),
                Some(source) => match (params.state, source.enabled) {
                    (Wanted::Present, true) | (Wanted::Absent, false) => Some(line.to_owned()),
                    (Wanted::Present, false) => Some(enabled(&source)),
                    (Wanted::Absent, true) => None,
                },
            }
        });
        let new: String = lines.collect();
        if new != *old {
            let text = (!new.is_empty()).then_some(new);
            changes.push(Change { path: path.clone(), text, is_new: false });
        }
    }
    changes
}

/// The line of a source that is no comment any more.
fn enabled(source: &Source) -> String {
    let Source { text, comment, .. } = source;
    let sign = if comment.is_empty() { "" } else { " # " };
    format!("{text}{sign}{comment}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::tried;
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    const LINE: &str = "deb http://a.example/debian stable main";
    const FILE: &str = "/etc/apt/sources.list.d/a_example_debian.list";

    /// Runs a task, checks whether it changes something, and gives the two lists.
    #[track_caller]
    fn check(host: &mut Overlay<Empty>, params: &Value, changes: bool) -> [Option<String>; 2] {
        let (lines, _) = tried("apt_repository", params, host);
        assert_eq!(lines.is_empty(), !changes, "{params}: {lines}");
        assert_eq!(tried("apt_repository", params, host).0, "", "{params}, again");
        [LIST, FILE].map(|path| found_text(path, host).unwrap())
    }

    #[test]
    fn sources_are_added_enabled_and_removed() {
        let mut host = Overlay::new(Empty);
        for path in ["/etc", "/etc/apt", DIRECTORY] {
            tried("file", &json!({"dest": path, "action": "directory"}), &mut host);
        }
        let old = "# deb  http://a.example/debian stable main # once\n\n#other";
        tried("file", &json!({"dest": LIST, "content": old}), &mut host);
        let host = &mut host;
        let task = |state: &str| json!({"repo": LINE, "state": state, "update_cache": false});
        let enabled = format!("{LINE} # once\n\n#other");
        assert_eq!(check(host, &task("present"), true), [Some(enabled.clone()), None]);
        let spelt = json!({"repo": format!(" {LINE}\t # x"), "update_cache": false});
        assert_eq!(check(host, &spelt, false), [Some(enabled), None]);
        let others = Some("\n#other".to_owned());
        assert_eq!(check(host, &task("absent"), true), [others.clone(), None]);
        let there = [others.clone(), Some(format!("{LINE}\n"))];
        assert_eq!(check(host, &task("present"), true), there);
        assert_eq!(check(host, &task("absent"), true), [others.clone(), None]);
        assert_eq!(check(host, &task("absent"), false), [others, None]);
    }

    #[test]
    fn index_is_refreshed_for_new_sources_only() {
        let mut host = Overlay::new(Empty);
        let mut refreshes = |params: Value| {
            let (lines, _) = tried("apt_repository", &params, &mut host);
            lines.contains("index would be refreshed")
        };
        assert!(refreshes(json!({"repo": LINE})));
        assert!(!refreshes(json!({"repo": LINE})));
        assert!(!refreshes(json!({"repo": LINE, "state": "absent", "update_cache": false})));
        assert!(!refreshes(json!({"repo": "ppa:a/b"})));
    }
}
