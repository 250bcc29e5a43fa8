//! Parameters of `getent`: entries of a database of the host's, such as its users.

use super::{About, BadParam, Effect, Params};
use crate::value::Scalar;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("database"),
    results: Some(&["ansible_facts", "msg"]),
    ..About::module("getent", Effect::Reads)
};

/// Parameters of `getent`. Later tasks have the entries as `getent_DATABASE`: a mapping of names, each with the list of its
/// other fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Getent {
    /// The database: `passwd`, `group`, `shadow`, `hosts`, `services`, ...
    pub database: String,
    /// The entry to look up. Default: all of them.
    #[serde(default)]
    pub key: Option<Scalar>,
    /// What is between the fields of an entry. Default: `:` in the files of accounts, else blanks.
    #[serde(default)]
    pub split: Option<String>,
    /// Ask only this source of nsswitch.conf(5): `files`, `ldap`.
    #[serde(default)]
    pub service: Option<String>,
    /// Fail if there is no such entry. Otherwise its value is null.
    #[serde(default = "yes")]
    pub fail_key: bool,
}

fn yes() -> bool {
    true
}

impl Params for Getent {
    fn title(&self) -> String {
        match &self.key {
            Some(key) => format!("{} in {}", &**key, self.database),
            None => format!("entries of {}", self.database),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        let sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
        BadParam::when(
            self.database.is_empty() || !self.database.chars().all(sound),
            "database",
            "this is no name of a database",
            "write `passwd`, `group`, `hosts`, or another that getent(1) knows",
        )?;
        let is_option = |text: Option<&str>| text.is_some_and(|text| text.starts_with('-'));
        BadParam::when(
            is_option(self.key.as_deref()) || is_option(self.service.as_deref()),
            "key",
            "no entry and no source begins with `-`",
            "write the name alone",
        )?;
        BadParam::when(
            self.split.as_deref() == Some(""),
            "split",
            "nothing is no separator",
            "write `split: \":\"`, or remove it",
        )
    }
}
