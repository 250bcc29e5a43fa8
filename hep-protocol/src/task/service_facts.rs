//! Parameters of `service_facts`: which services the host has.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { results: Some(&["ansible_facts"]), ..About::module("service_facts", Effect::Reads) };

/// `service_facts` has no parameters. Later tasks have the services as `services`: a mapping of names, as `ssh.service`, each
/// with `name`, `state`, `status` and `source`; those of SysV have their script's name and no `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceFacts {}

impl Params for ServiceFacts {
    fn title(&self) -> String {
        "list services".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
