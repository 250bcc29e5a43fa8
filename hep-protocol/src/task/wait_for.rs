//! Parameters of `wait_for`: a port, a file, or a text in a file that the run waits for.

use super::{BadParam, Params};
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The port answers, the file exists, the pattern is found.
    #[default]
    Present,
    /// The port does not answer, the file is gone, the pattern is not found.
    Absent,
}

/// Parameters of `wait_for`; one of `port` and `path`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    /// A TCP port.
    #[serde(default)]
    pub port: Option<NonZeroU16>,
    /// Where the port is, seen from the host: an address or a name. Default: `127.0.0.1`.
    #[serde(default)]
    pub host: Option<String>,
    /// A file.
    #[serde(default)]
    pub path: Option<AbsPath>,
    /// A regular expression that a line of the file matches.
    #[serde(default, alias = "search_regex")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["search_regex"])))]
    pub pattern: Option<String>,
    /// What is waited for. Default: `present`.
    #[serde(default)]
    pub action: Action,
    /// How long to wait at most, in seconds. Default: 300.
    #[serde(default)]
    pub timeout: Option<u32>,
    /// How long to wait before looking for the first time, in seconds.
    #[serde(default)]
    pub delay: u32,
}

impl Params for WaitFor {
    fn title(&self) -> String {
        let gone = match self.action {
            Action::Present => "",
            Action::Absent => "the end of ",
        };
        match (self.port, &self.path, &self.pattern) {
            (Some(port), _, _) => format!("wait for {gone}port {port}"),
            (None, Some(path), Some(_)) => format!("wait for {gone}a line in {path}"),
            (None, Some(path), None) => format!("wait for {gone}{path}"),
            (None, None, _) => "wait".to_owned(),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.port.is_some() == self.path.is_some(),
            "path",
            "`wait_for` waits for either a `port` or a `path`",
            "give one of them",
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
        )
    }
}
