//! The module `alternatives`: what update-alternatives(1) keeps is read from its files, and changed by it.

use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::settings::{By, Setting, What};
use crate::sys::{Cause, Observe, Subject, SysError};
use hep_protocol::action::Action;
use hep_protocol::action::programs::Call;
use hep_protocol::task::alternatives::{Alternatives, State as Wanted, Subcommand};

/// The priority of a new choice that has none.
const PRIORITY: i64 = 50;

/// What was found.
#[derive(Debug)]
pub(crate) struct State {
    /// `auto` or `manual`, the link, and what is chosen; `None`: there is no such group.
    group: Option<[String; 3]>,
    /// The choice: its priority, and each link that follows it.
    choice: Option<String>,
    /// Whether something is at the path.
    there: bool,
    /// The earlier task whose real run may bring it.
    cause: Option<Cause>,
}

impl Module for Alternatives {
    type State = State;

    fn inspect(&self, _input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let group = host.setting(&What::Alternative(self.name.clone()))?;
        let group = group.map(|text| {
            let mut words = text.splitn(3, ' ').map(str::to_owned);
            std::array::from_fn(|_| words.next().unwrap_or_default())
        });
        let there = host.resolve(&self.path)?.is_some();
        Ok(State {
            group,
            choice: host.setting(&choice(self))?,
            there,
            cause: host.depends(Subject::Path(&self.path)).filter(|_| !there),
        })
    }

    fn plan(&self, _input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let steps = match self.state {
            Wanted::Absent => state.choice.iter().map(|_| removed(self, state)).collect(),
            Wanted::Present | Wanted::Selected | Wanted::Auto => {
                let [mode, link, current] = state.group.clone().unwrap_or_default();
                let installs = differs(self, state);
                let mut steps = Vec::new();
                if installs {
                    steps.push(installed(self, state, &link)?);
                }
                let link = self.link.as_ref().map_or(link, ToString::to_string);
                if self.state == Wanted::Selected && current != self.path.as_str() {
                    steps.push(chosen(self, state, ["manual", &link, self.path.as_str()], "--set"));
                }
                if self.state == Wanted::Auto && mode == "manual" {
                    steps.push(chosen(self, state, ["auto", &link, &current], "--auto"));
                }
                steps
            }
        };
        let depends = |step| Planned { depends: state.cause.clone(), ..step };
        Ok(Plan { steps: steps.into_iter().map(depends).collect(), ..Plan::default() })
    }
}

fn choice(params: &Alternatives) -> What {
    What::Choice(params.name.clone(), params.path.to_string())
}

/// Whether the choice is not there, or is another than the task says.
fn differs(params: &Alternatives, state: &State) -> bool {
    let Some(choice) = &state.choice else { return true };
    let mut words = choice.split(' ');
    let priority = words.next().and_then(|word| word.parse().ok());
    let links: Vec<&str> = words.collect();
    let other_links = |commands: &Vec<Subcommand>| {
        let mut wanted: Vec<String> = commands.iter().map(follower).collect();
        wanted.sort_unstable();
        wanted != links
    };
    params.priority.is_some_and(|wanted| Some(wanted.0) != priority)
        || params.subcommands.as_ref().is_some_and(other_links)
}

fn installed(params: &Alternatives, state: &State, link: &str) -> Result<Planned, SysError> {
    if !state.there && state.cause.is_none() {
        return Err(SysError::new(format!("{} does not exist", params.path))
            .hint("install what brings it in an earlier task"));
    }
    let link = params.link.as_ref().map_or(link, |link| link.as_str());
    if link.is_empty() {
        let error = format!("there is no group of alternatives `{}` yet", params.name);
        return Err(SysError::new(error).hint("add `link`, the path that leads to the choice"));
    }
    let kept = state.choice.as_ref().and_then(|choice| choice.split(' ').next()?.parse().ok());
    let priority = params.priority.map_or(kept.unwrap_or(PRIORITY), |priority| priority.0);
    let priority = priority.to_string();
    let mut words = ["--install", link, &params.name, params.path.as_str(), &priority].to_vec();
    let commands = params.subcommands.iter().flatten();
    let more = commands.clone().flat_map(|command| {
        ["--slave", command.link.as_str(), &command.name, command.path.as_str()]
    });
    words.extend(more);
    let mut links: Vec<String> = commands.map(follower).collect();
    links.sort_unstable();
    let to = [vec![priority.clone()], links].concat().join(" ");
    Ok(setting(choice(params), state.choice.clone(), Some(to), &words))
}

fn chosen(params: &Alternatives, state: &State, to: [&str; 3], how: &str) -> Planned {
    let from = state.group.as_ref().map(|group| group.join(" "));
    let mut words = vec![how, params.name.as_str()];
    words.extend((how == "--set").then(|| params.path.as_str()));
    setting(What::Alternative(params.name.clone()), from, Some(to.join(" ")), &words)
}

fn removed(params: &Alternatives, state: &State) -> Planned {
    let words = ["--remove", &params.name, params.path.as_str()];
    setting(choice(params), state.choice.clone(), None, &words)
}

fn setting(what: What, from: Option<String>, to: Option<String>, words: &[&str]) -> Planned {
    let words = ["update-alternatives"].iter().chain(words).copied();
    let by = By::Programs(vec![Call::new(words)]);
    Planned::new(Action::Setting(Setting { what, from, to, by }))
}

/// A link that follows a choice, in a word.
fn follower(command: &Subcommand) -> String {
    format!("{}={}={}", command.name, command.link, command.path)
}

#[cfg(test)]
mod tests {
    use crate::converge::testing::{settles, tried};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;
    use serde_json::json;

    #[test]
    fn choices_are_added_chosen_changed_and_removed() {
        let mut host = Overlay::new(Empty);
        let mut params = json!({"name": "editor", "path": "/vi"});
        let mut check = |params: &serde_json::Value, expected: &str| {
            settles("alternatives", params, &mut host, expected);
        };
        check(&params, "failed: /vi does not exist");
        for path in ["/vi", "/ed"] {
            tried("file", &json!({"dest": path, "content": ""}), &mut host);
        }
        let mut check = |params: &serde_json::Value, expected: &str| {
            settles("alternatives", params, &mut host, expected);
        };
        check(&params, "failed: there is no group of alternatives `editor` yet");
        params["link"] = json!("/usr/bin/editor");
        let chosen = "set alternative editor, choice /vi: 50\n\
             set alternative editor: manual /usr/bin/editor /vi";
        check(&params, chosen);
        params["priority"] = json!(60);
        check(&params, "set alternative editor, choice /vi: 50 -> 60");
        params["subcommands"] = json!([{"name": "e.1", "path": "/vi.1", "link": "/e.1"}]);
        check(&params, "set alternative editor, choice /vi: 60 -> 60 e.1=/e.1=/vi.1");
        params["state"] = json!("auto");
        let auto = "set alternative editor: manual /usr/bin/editor /vi -> auto /usr/bin/editor /vi";
        check(&params, auto);
        let other = json!({"name": "editor", "path": "/ed", "state": "present"});
        check(&other, "set alternative editor, choice /ed: 50");
        params["state"] = json!("absent");
        check(&params, "remove alternative editor, choice /vi");
    }
}
