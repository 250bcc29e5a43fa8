//! Parameters of `sysctl`: parameters of the kernel.

use super::{About, BadParam, Effect, Params, State};
use crate::value::{AbsPath, Scalar};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("name"), results: Some(&[]), ..About::module("sysctl", Effect::Acts) };

/// Parameters of `sysctl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    /// The parameter: `net.ipv4.ip_forward`.
    #[serde(alias = "key")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["key"])))]
    pub name: String,
    /// Its value; yes and no are 1 and 0.
    #[serde(default, alias = "val")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["val"])))]
    pub value: Option<Scalar>,
    /// Whether `sysctl_file` should have the parameter.
    #[serde(default)]
    pub state: State,
    /// Give the running kernel the value too, even if the file has it already.
    #[serde(default)]
    pub sysctl_set: bool,
    /// Give the running kernel all values of the file if something changes, or if it has another value of this parameter.
    #[serde(default = "yes")]
    pub reload: bool,
    /// The file that keeps the value for the next boot. Default: /etc/sysctl.conf.
    #[serde(default)]
    pub sysctl_file: Option<AbsPath>,
    /// Pass over parameters that the running kernel does not have.
    #[serde(default)]
    pub ignoreerrors: bool,
}

fn yes() -> bool {
    true
}

impl Params for Sysctl {
    fn title(&self) -> String {
        match self.state {
            State::Present => format!("sysctl {}", self.name),
            State::Absent => format!("no sysctl {}", self.name),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        let name = self.name.trim();
        let climbs = name.split(['.', '/']).any(str::is_empty);
        BadParam::when(
            climbs || name.contains(['=', '\0', '\n', '#', ';']),
            "name",
            "this is no parameter of the kernel",
            "write it as in `net.ipv4.ip_forward`",
        )?;
        let value = self.value.as_ref().map_or("", |value| value.trim());
        BadParam::when(
            self.state == State::Present && value.is_empty(),
            "value",
            "there is no value to set",
            "add `value`, or `state: absent`",
        )?;
        BadParam::when(
            value.contains(['\n', '\0']),
            "value",
            "a value is one line",
            "write numbers with spaces between them",
        )
    }
}
