//! Parameters of `slurp`: the content of a file of the host, for later tasks.

use super::{About, BadParam, Effect, Params};
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("src"),
    results: Some(&["content", "encoding", "source"]),
    ..About::module("slurp", Effect::Reads)
};

/// Parameters of `slurp`. Later tasks have the content as base64, for `b64decode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Slurp {
    /// The file on the host. A link is followed.
    #[serde(alias = "path")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["path"])))]
    pub src: AbsPath,
}

impl Params for Slurp {
    fn title(&self) -> String {
        format!("slurp {}", self.src)
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
