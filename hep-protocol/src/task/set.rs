//! Parameters of `set`: variables for the rest of the host's run.

use super::{About, BadParam, Effect, Form, Params};
use crate::dialect::Dialect;
use crate::names::{Giver, is_name, no_name, refused};
use crate::value::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of the module.
pub const ABOUT: About = About { form: Form::Names, ..About::module("set", Effect::None) };

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

    fn variables(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn given(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        Some(self.0.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect())
    }

    fn kept(&self) -> Vec<&serde_json::Value> {
        self.0.values().map(|value| &value.0).collect()
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.0.is_empty(),
            "set",
            "`set` names no variable",
            "write `set: {name: value}`",
        )?;
        self.check_names()
    }

    fn check_in(&self, dialect: Dialect) -> Result<(), BadParam> {
        match dialect {
            Dialect::Hep => self.check(),
            // Names of hep's own are nothing special there.
            Dialect::Ansible => match self.0.keys().find(|name| !is_name(name)) {
                Some(name) => {
                    let (message, hint) = no_name(name);
                    Err(BadParam { key: "set", message, hint: hint.to_owned() })
                }
                None => Ok(()),
            },
        }
    }
}

impl Set {
    fn check_names(&self) -> Result<(), BadParam> {
        let mut refused = self.0.keys().filter_map(|name| refused(name, Giver::Set));
        match refused.next() {
            Some((message, hint)) => Err(BadParam { key: "set", message, hint: hint.to_owned() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(params: serde_json::Value) -> String {
        let set: Set = serde_json::from_value(params).unwrap();
        set.check().map_or_else(|bad| bad.message, |()| set.title())
    }

    #[test]
    fn names_are_those_that_an_expression_can_use() {
        assert_eq!(check(json!({"release": "x", "_n2": 1})), "set _n2, release");
        assert_eq!(check(json!({})), "`set` names no variable");
        for name in ["", "2nd", "my-name", "a.b", "a b", "\u{e9}", "true", "loop"] {
            let message = format!("`{name}` is not a valid variable name");
            assert_eq!(check(json!({name: 1})), message);
        }
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        assert_eq!(
            check(json!({"result": 1})),
            "`result` cannot be a variable: it is a task's own result, in `until`, `changed_when` and `failed_when`"
        );
        assert_eq!(
            check(json!({"host": 1})),
            "`host` cannot be a variable: it is the host's name in the inventory"
        );
        // Facts are the weakest of names, and may be hidden.
        assert_eq!(check(json!({"hostname": "x"})), "set hostname");
    }
}
