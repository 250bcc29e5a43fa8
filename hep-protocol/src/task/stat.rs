//! Parameters of `stat`: what a path on the host is, for later tasks to ask.

use super::{BadParam, Params};
use crate::value::AbsPath;
use serde::{Deserialize, Serialize};

/// Parameters of `stat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stat {
    /// The path; it need not exist.
    #[serde(alias = "dest")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["dest"])))]
    pub path: AbsPath,
    /// Look at what a link at the path points to.
    #[serde(default)]
    pub follow: bool,
    /// Also give the sha256 of a regular file.
    #[serde(default)]
    pub checksum: bool,
}

impl Params for Stat {
    fn title(&self) -> String {
        format!("stat {}", self.path)
    }

    fn check(&self) -> Result<(), BadParam> {
        Ok(())
    }
}
