//! Parameters of `debug`: something to show in the report.

use super::{About, BadParam, Effect, Params};
use crate::dialect::Dialect;
use crate::value::Json;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { main: Some("msg"), bare: Some("var"), ..About::module("debug", Effect::None) };

/// Parameters of `debug`; one of `msg` and `var`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Debug {
    /// Text such as `running on {{ os.name }}`; lists and mappings are shown as JSON.
    #[serde(default)]
    pub msg: Option<Json>,
    /// An expression whose value is shown, without braces: `result.stdout_lines`.
    #[serde(default)]
    pub var: Option<String>,
}

impl Params for Debug {
    fn title(&self) -> String {
        match (&self.msg, &self.var) {
            (_, Some(var)) => format!("debug {var}"),
            (Some(_) | None, None) => "debug".to_owned(),
        }
    }

    fn expressions(&self) -> Vec<&str> {
        self.var.as_deref().into_iter().collect()
    }

    fn check_in(&self, dialect: Dialect) -> Result<(), BadParam> {
        // There a message may be none, which is shown as such.
        let none = self.msg.is_none() && self.var.is_none();
        if dialect == Dialect::Ansible && none { Ok(()) } else { self.check() }
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.msg.is_some() == self.var.is_some(),
            "var",
            "`debug` shows either `msg` or `var`",
            "give one of them",
        )?;
        BadParam::when(
            self.var.as_deref().is_some_and(|var| var.trim().is_empty()),
            "var",
            "`var` names nothing",
            "write an expression such as `os.codename`",
        )
    }
}
