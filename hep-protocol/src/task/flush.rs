//! `flush: true`: the handlers notified so far run here.

use super::{About, BadParam, Effect, Form, Params};
use crate::value::InvalidValue;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About =
    About { form: Form::Word, flushes: true, ..About::module("flush", Effect::None) };

/// The task takes no parameters; its value is `true`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "bool", into = "bool")]
pub struct Flush;

impl TryFrom<bool> for Flush {
    type Error = InvalidValue;

    fn try_from(value: bool) -> Result<Self, InvalidValue> {
        if value {
            Ok(Self)
        } else {
            Err(InvalidValue::new(
                "a value of `flush`",
                "false",
                "write `true`, or remove the task",
            ))
        }
    }
}

impl From<Flush> for bool {
    fn from(_: Flush) -> Self {
        true
    }
}

impl Params for Flush {
    fn title(&self) -> String {
        "run notified handlers".to_owned()
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
