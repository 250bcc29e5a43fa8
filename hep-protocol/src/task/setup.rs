//! Parameters of `setup`: the host's facts by Ansible's names, gathered now.

use super::{About, BadParam, Effect, Params};
use crate::facts::setup::chosen;
use crate::value::{AbsPath, OneOrMany};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { results: Some(&["ansible_facts"]), ..About::module("setup", Effect::Reads) };

/// Parameters of `setup`. The result has the facts below `ansible_facts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// What to gather: `all`, `min`, or collectors as `network`, `hardware`, `local`; `!` excludes one. Those of `min`
    /// come along unless `!min` excludes them.
    #[serde(default)]
    pub gather_subset: OneOrMany<String>,
    /// Patterns of the names to keep, as `ansible_*_mb`; all without any.
    #[serde(default)]
    pub filter: OneOrMany<String>,
    /// The directory of local facts, `*.fact`: executables are run, other files read as JSON or INI. Default
    /// `/etc/ansible/facts.d`.
    #[serde(default)]
    pub fact_path: Option<AbsPath>,
    /// How many seconds a file system may take to say how large it is. Default 10.
    #[serde(default)]
    pub gather_timeout: Option<u32>,
}

impl Params for Setup {
    fn title(&self) -> String {
        "gather facts".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        match chosen(&self.gather_subset) {
            Ok(_) => Ok(()),
            Err(word) => Err(BadParam {
                key: "gather_subset",
                message: format!("there is no subset `{word}`"),
                hint: "write `all`, `min`, `hardware`, `network`, `virtual`, `local`, or another collector of Ansible's"
                    .to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn subset_must_be_one() {
        let check = |params: serde_json::Value| {
            serde_json::from_value::<Setup>(params).unwrap().check().map_err(|bad| bad.message)
        };
        assert_eq!(check(json!({})), Ok(()));
        assert_eq!(check(json!({"gather_subset": ["!all", "!min", "local"]})), Ok(()));
        let message = "there is no subset `networks`".to_owned();
        assert_eq!(check(json!({"gather_subset": "!all,networks"})), Err(message));
    }
}
