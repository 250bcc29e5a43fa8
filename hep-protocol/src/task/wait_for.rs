//! Parameters of `wait_for`: a port, a file, or a text in a file that the run waits for.

use super::{About, BadParam, Effect, Params};
use crate::expression::Pattern;
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("port"),
    foreign: &[(
        "action",
        &[
            ("absent", "absent"),
            ("present", "present"),
            ("started", "present"),
            ("stopped", "absent"),
        ],
    )],
    ..About::module("wait_for", Effect::Reads)
};

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The port accepts connections, the path exists, a line matches.
    #[default]
    Present,
    /// The opposite.
    Absent,
}

/// Parameters of `wait_for`; one of `port` and `path`, or `timeout` alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    /// A TCP port.
    #[serde(default)]
    pub port: Option<NonZeroU16>,
    /// Where the port is, as seen from the host: an address or a name. Default: `127.0.0.1`.
    #[serde(default)]
    pub host: Option<String>,
    /// A path of any type.
    #[serde(default)]
    pub path: Option<AbsPath>,
    /// A regular expression that a line of the file matches.
    #[serde(default, alias = "search_regex")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["search_regex"])))]
    pub pattern: Option<String>,
    /// The state to wait for. Default: `present`.
    #[serde(default)]
    pub action: Action,
    /// How long to wait at most, in seconds, including `delay`. Default: 300.
    #[serde(default)]
    pub timeout: Option<u32>,
    /// How long to wait before the first look, in seconds.
    #[serde(default)]
    pub delay: u32,
    /// What to say if it is not so in time.
    #[serde(default)]
    pub msg: Option<String>,
}

impl Params for WaitFor {
    fn title(&self) -> String {
        let gone = match self.action {
            Action::Present => "",
            Action::Absent => "the end of ",
        };
        match (self.port, &self.path, &self.pattern) {
            (Some(port), _, _) => {
                let of = self.host.as_ref().map_or(String::new(), |host| format!(" of {host}"));
                format!("wait for {gone}port {port}{of}")
            }
            (None, Some(path), Some(_)) => format!("wait for {gone}a line in {path}"),
            (None, Some(path), None) => format!("wait for {gone}{path}"),
            (None, None, _) => "wait".to_owned(),
        }
    }

    fn patience(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.timeout)
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            match (self.port.is_some(), self.path.is_some()) {
                (true, true) => true,
                (false, false) => self.timeout.is_none(),
                (true, false) | (false, true) => false,
            },
            "path",
            "`wait_for` waits for either a `port` or a `path`",
            "give one of them, or `timeout` alone to let time pass",
        )?;
        BadParam::when(
            self.host.is_some() && self.port.is_none(),
            "host",
            "`host` says where a port is, and there is none",
            "add `port`, or remove `host`",
        )?;
        BadParam::when(
            self.pattern.is_some() && self.path.is_none(),
            "pattern",
            "`pattern` is looked for in a file, and there is none",
            "add `path`, or remove `pattern`",
        )?;
        let word =
            |host: &str| !host.starts_with('-') && host.chars().all(|c| c.is_ascii_graphic());
        BadParam::when(
            self.host.as_deref().is_some_and(|host| host.is_empty() || !word(host)),
            "host",
            "this is neither an address nor the name of a host",
            "write it as `192.0.2.7` or `db.example.org`",
        )?;
        if let Some(Err(message)) = self.pattern.as_deref().map(Pattern::new) {
            let hint = "it is read as in `regex_search`, line by line".to_owned();
            return Err(BadParam { key: "pattern", message, hint });
        }
        BadParam::when(
            self.delay > self.timeout.unwrap_or(WaitFor::TIMEOUT),
            "delay",
            "`delay` is longer than `timeout`, so the first look would come too late",
            "raise `timeout`, which counts from the start",
        )
    }
}

impl WaitFor {
    /// How long to wait at most unless the task says otherwise, in seconds.
    pub const TIMEOUT: u32 = 300;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(params: serde_json::Value, expected: &str) {
        let wait: WaitFor = serde_json::from_value(params.clone()).unwrap();
        let said = wait.check().map_or_else(|bad| bad.message, |()| wait.title());
        assert_eq!(said, expected, "{params}");
    }

    #[test]
    fn one_thing_is_waited_for() {
        check(json!({"port": 80}), "wait for port 80");
        check(json!({"port": 80, "host": "db.example.org"}), "wait for port 80 of db.example.org");
        check(json!({"path": "/run/x", "action": "absent"}), "wait for the end of /run/x");
        check(json!({"path": "/a", "search_regex": "x|y"}), "wait for a line in /a");
        let either = "`wait_for` waits for either a `port` or a `path`";
        check(json!({}), either);
        check(json!({"port": 80, "path": "/a"}), either);
        check(json!({"path": "/a", "host": "x"}), "`host` says where a port is, and there is none");
        check(
            json!({"port": 80, "pattern": "x"}),
            "`pattern` is looked for in a file, and there is none",
        );
    }

    #[test]
    fn what_could_never_come_is_refused() {
        for host in ["", "-x", "a b"] {
            let message = "this is neither an address nor the name of a host";
            check(json!({"port": 80, "host": host}), message);
        }
        let late = "`delay` is longer than `timeout`, so the first look would come too late";
        check(json!({"port": 80, "delay": 301}), late);
        check(json!({"port": 80, "delay": 3, "timeout": 2}), late);
        check(json!({"port": 80, "delay": 2, "timeout": 2}), "wait for port 80");
        check(
            json!({"path": "/a", "pattern": "(?=x)"}),
            "the pattern `(?=x)` looks around with `(?=`, which is not supported here",
        );
    }
}
