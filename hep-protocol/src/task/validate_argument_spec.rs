//! Parameters of `validate_argument_spec`: arguments that must be as a specification describes them.

use super::{About, BadParam, Effect, Params};
use crate::value::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of the module.
pub const ABOUT: About = About::module("validate_argument_spec", Effect::None);

/// Parameters of `validate_argument_spec`. The task fails where the arguments are not as described, and converts none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ValidateArgumentSpec {
    /// What is known of each argument, by its name: `type`, `required`, `choices`, `elements`, `options`, `default`, `aliases`.
    pub argument_spec: BTreeMap<String, Json>,
    /// The arguments by their names; what is undefined is left out with `omit`.
    #[serde(default)]
    pub provided_arguments: BTreeMap<String, Json>,
}

impl Params for ValidateArgumentSpec {
    fn title(&self) -> String {
        "validate arguments".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
