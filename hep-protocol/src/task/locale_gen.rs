//! Parameters of `locale_gen`: locales that programs can use.

use super::{About, BadParam, Effect, Params, State};
use crate::value::Names;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("name"),
    results: Some(&["name"]),
    ..About::module("locale_gen", Effect::Acts)
};

/// Parameters of `locale_gen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LocaleGen {
    /// The locales, as in /etc/locale.gen: `de_DE.UTF-8`.
    pub name: Names,
    /// Whether they should be there.
    #[serde(default)]
    pub state: State,
}

impl Params for LocaleGen {
    fn title(&self) -> String {
        match self.state {
            State::Present => format!("locale {}", self.name.join(", ")),
            State::Absent => format!("no locale {}", self.name.join(", ")),
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '-');
        let wrong = |name: &String| !name.chars().all(sound);
        BadParam::when(
            self.name.is_empty() || self.name.iter().any(wrong),
            "name",
            "this is no locale",
            "write it as in `de_DE.UTF-8`",
        )
    }
}
