//! Parameters of `package_facts`: which packages the host has.

use super::{About, BadParam, Effect, Params};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { results: Some(&["ansible_facts"]), ..About::module("package_facts", Effect::Reads) };

/// `package_facts` has no parameters. Later tasks have the installed packages as `packages`: a mapping of names, each with a
/// list of `name`, `version`, `arch`, `category`, `origin` and `source`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PackageFacts {}

impl Params for PackageFacts {
    fn title(&self) -> String {
        "list packages".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
