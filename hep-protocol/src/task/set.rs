//! Parameters of `set`: variables for the rest of the host's run.

use super::{BadParam, Params};
use crate::value::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names and their values: `set: {release: "{{ os.codename }}-backports"}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Set(pub BTreeMap<String, Json>);

impl Params for Set {
    fn title(&self) -> String {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        format!("set {}", names.join(", "))
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.0.is_empty(),
            "set",
            "`set` names no variable",
            "write `set: {name: value}`",
        )
    }
}
