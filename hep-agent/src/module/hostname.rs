//! The module `hostname`. What systemd-hostnamed keeps is kept here as it does it, which it notices by itself.

use super::file::text::{Part, found_text, value_of};
use super::{Input, Module, Plan};
use crate::planned::Planned;
use crate::sys::settings::{By, Setting, What};
use crate::sys::{Observe, SysError};
use hep_protocol::action::Action;
use hep_protocol::facts::Init;
use hep_protocol::facts::setup::PREFIX;
use hep_protocol::task::hostname::Hostname;
use serde_json::{Map, Value, json};

/// The name for the next boot (hostname(5)).
const NAME: &str = "/etc/hostname";

/// The name for people (machine-info(5)).
const INFO: &str = "/etc/machine-info";

/// The mode that systemd gives its files.
const MODE: &str = "0644";

/// What was found.
pub(crate) struct State {
    /// The files to write.
    parts: Vec<Part>,
    /// The name of the running host, where that is to change.
    live: Option<String>,
}

impl Module for Hostname {
    type State = State;

    fn inspect(&self, input: &Input<'_>, host: &dyn Observe) -> Result<State, SysError> {
        let systemd = self.keeper.is_some() || host.service_manager() == Init::Systemd;
        let text = found_text(NAME, host)?;
        let kept = text.as_deref().and_then(|text| name_in(text, systemd));
        let mut parts = Vec::new();
        if kept != Some(self.name.as_str()) {
            let content = format!("{}\n", self.name);
            let mode = systemd.then_some(MODE);
            let params = json!({"dest": NAME, "content": content, "mode": mode});
            parts.push(Part::look(params, input, host)?);
            if systemd {
                let info = pretty(&found_text(INFO, host)?.unwrap_or_default(), &self.name);
                parts.push(Part::look(json!({"dest": INFO, "content": info}), input, host)?);
            }
        }
        let live = host.setting(&What::HostName)?.unwrap_or_default();
        let live = (systemd && live != self.name).then_some(live);
        Ok(State { parts, live })
    }

    fn plan(&self, input: &Input<'_>, state: &State) -> Result<Plan, SysError> {
        let mut steps = Vec::new();
        for part in &state.parts {
            steps.extend(part.steps(input)?);
        }
        steps.extend(state.live.clone().map(|from| {
            let to = Some(self.name.clone());
            let (from, by) = (Some(from), By::HostName);
            Planned::new(Action::Setting(Setting { what: What::HostName, from, to, by }))
        }));
        let data = Map::from_iter([("name".to_owned(), json!(self.name))]);
        Ok(Plan { steps, data, facts: facts(&self.name), ..Plan::default() })
    }
}

/// What `setup` would tell of the name where nobody else knows it.
fn facts(name: &str) -> Map<String, Value> {
    let (short, domain) = name.split_once('.').unwrap_or((name, ""));
    let facts = [("hostname", short), ("nodename", name), ("fqdn", name), ("domain", domain)];
    facts.into_iter().map(|(fact, value)| (format!("{PREFIX}{fact}"), json!(value))).collect()
}

/// The name that /etc/hostname has. systemd passes comments over; others take all of it.
fn name_in(text: &str, systemd: bool) -> Option<&str> {
    let is_name = |line: &&str| !line.is_empty() && !line.starts_with('#');
    if systemd { text.lines().map(str::trim).find(is_name) } else { Some(text.trim()) }
}

/// The text of /etc/machine-info with another name for people.
fn pretty(text: &str, name: &str) -> String {
    const KEY: &str = "PRETTY_HOSTNAME";
    let new = format!("{KEY}={name}");
    let own = |line: &&str| line.split_once('=').is_some_and(|(key, _)| key.trim() == KEY);
    match value_of(text, KEY, '=') {
        Some(_) => {
            let lines = text.lines().map(|line| if own(&line) { new.as_str() } else { line });
            lines.map(|line| format!("{line}\n")).collect()
        }
        None if text.is_empty() || text.ends_with('\n') => format!("{text}{new}\n"),
        None => format!("{text}\n{new}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converge::testing::{settles, tried};
    use crate::sys::overlay::Overlay;
    use crate::sys::overlay::empty::Empty;

    #[test]
    fn name_is_written_for_the_next_boot_and_given_to_the_kernel_where_systemd_keeps_it() {
        let mut host = Overlay::new(Empty);
        tried("file", &json!({"dest": "/etc", "action": "directory"}), &mut host);
        let created = "create /etc/hostname (5 bytes, 0644 root:root)";
        settles("hostname", &json!({"name": "web1"}), &mut host, created);
        let replaced = "replace /etc/hostname (5 bytes)\n\
             create /etc/machine-info (21 bytes, 0644 root:root)\n\
             set host name:  -> web2";
        let systemd = json!({"name": "web2", "use": "systemd"});
        settles("hostname", &systemd, &mut host, replaced);
    }

    #[test]
    fn other_lines_stay() {
        assert_eq!(pretty("ICON_NAME=x", "web"), "ICON_NAME=x\nPRETTY_HOSTNAME=web\n");
        assert_eq!(pretty("PRETTY_HOSTNAME=\"a b\"\nX=1\n", "web"), "PRETTY_HOSTNAME=web\nX=1\n");
        assert_eq!(name_in("# a comment\nweb\n", true), Some("web"));
    }
}
