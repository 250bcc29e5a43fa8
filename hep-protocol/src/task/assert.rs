//! Parameters of `assert`: what must hold for the run to go on.

use super::{About, BadParam, Effect, Params};
use crate::value::{OneOrMany, whole};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("that"), bare: Some("that"), ..About::module("assert", Effect::None) };

/// Parameters of `assert`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Assert {
    /// One condition or a list, without braces: `memory.total > 2 * 1024 ** 3`.
    #[serde(deserialize_with = "whole")]
    pub that: OneOrMany<String>,
    /// The failure message. Default: the condition that does not hold.
    #[serde(default, alias = "fail_msg")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["fail_msg"])))]
    pub msg: Option<String>,
    /// What to say when all of them hold.
    #[serde(default)]
    pub success_msg: Option<String>,
}

impl Params for Assert {
    fn title(&self) -> String {
        match &*self.that {
            [one] => format!("assert {one}"),
            conditions => format!("assert {} conditions", conditions.len()),
        }
    }

    fn expressions(&self) -> Vec<&str> {
        self.that.iter().map(String::as_str).collect()
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.that.is_empty(),
            "that",
            "`that` names no condition",
            "write one or more: `that: [os.family == \"debian\"]`",
        )?;
        BadParam::when(
            self.that.iter().any(|condition| condition.trim().is_empty()),
            "that",
            "a condition is empty",
            "write an expression such as `memory.total > 0`, or remove it",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_one_or_several_and_say_something() {
        let check = |params: serde_json::Value, expected: &str| {
            let assert: Assert = serde_json::from_value(params).unwrap();
            let said = assert.check().map_or_else(|bad| bad.message, |()| assert.title());
            assert_eq!(said, expected);
        };
        check(json!({"that": "cpus.count > 1"}), "assert cpus.count > 1");
        check(json!({"that": ["a", "b"], "fail_msg": "no"}), "assert 2 conditions");
        check(json!({"that": []}), "`that` names no condition");
        check(json!({"that": ["a", " "]}), "a condition is empty");
    }
}
