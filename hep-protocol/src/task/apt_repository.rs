//! Parameters of `apt_repository`: one line of apt's lists of sources.

use super::{About, BadParam, Effect, Params, State};
use crate::value::Mode;
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("repo"),
    results: Some(&["repo", "sources_added", "sources_removed", "state"]),
    ..About::module("apt_repository", Effect::Acts)
};

/// Parameters of `apt_repository`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AptRepository {
    /// The line, as in sources.list(5): `deb https://deb.example.com/debian stable main`.
    pub repo: String,
    /// Whether apt has it. Default: `present`.
    #[serde(default)]
    pub state: State,
    /// The name of the file below /etc/apt/sources.list.d for a new line, without `.list`; or its path, beginning with `/`.
    /// Default: a name made from the address.
    #[serde(default)]
    pub filename: Option<String>,
    /// The mode of the file that gets a new line.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// Refresh the package index if something changes.
    #[serde(default = "yes", alias = "update-cache")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["update-cache"])))]
    pub update_cache: bool,
}

fn yes() -> bool {
    true
}

impl Params for AptRepository {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

    fn title(&self) -> String {
        format!("{} {}", self.state.of("repository"), self.source().unwrap_or_default())
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.repo.starts_with("ppa:"),
            "repo",
            "hep does not look up a `ppa:` at Launchpad",
            "write the line that the archive's page shows, `deb [signed-by=/etc/apt/keyrings/NAME.asc] ADDRESS \
             CODENAME main`, and bring its key with a task before",
        )?;
        BadParam::when(
            self.repo.trim().contains(['\n', '\0']) || self.source().is_none(),
            "repo",
            "this is no line of a repository",
            "write it as in `deb https://deb.example.com/debian stable main`",
        )?;
        let wrong = |name: &str| {
            name.is_empty()
                || name.contains(['\n', '\0'])
                || name.contains('/') && !name.starts_with('/')
        };
        BadParam::when(
            self.filename.as_deref().is_some_and(wrong),
            "filename",
            "this is no name of a file below /etc/apt/sources.list.d",
            "write a name without `/` and without `.list`, or a path that begins with `/`",
        )?;
        BadParam::own_mode(self.mode.as_ref())
    }
}

impl AptRepository {
    /// The line in the spelling that counts; `None` where it is none.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        Source::parse(&self.repo).filter(|source| source.enabled).map(|source| source.text)
    }

    /// The path of the file for a new line.
    #[must_use]
    pub fn path(&self) -> String {
        let name = match (&self.filename, self.source()) {
            (Some(name), _) => name.clone(),
            (None, source) => name_of(&source.unwrap_or_default()),
        };
        let directory = if name.starts_with('/') { "" } else { "/etc/apt/sources.list.d/" };
        format!("{directory}{name}.list")
    }
}

/// A line of a file of sources (sources.list(5)).
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Type, options, address, suite and components, with single spaces between.
    pub text: String,
    /// Whether it is no comment.
    pub enabled: bool,
    /// The comment after it; empty if there is none.
    pub comment: String,
}

impl Source {
    /// The source of a line, whether it is a comment or not; `None` if there is none.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let (line, enabled) = match line.strip_prefix('#') {
            Some(rest) => (rest, false),
            None => (line, true),
        };
        let (line, comment) = match line.split_once('#') {
            Some((line, comment)) if !line.is_empty() => (line, comment.trim()),
            Some(_) | None => (line, ""),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_source = matches!(words.as_slice(), ["deb" | "deb-src", _, ..]);
        is_source.then(|| Self { text: words.join(" "), enabled, comment: comment.to_owned() })
    }
}

/// The name of a file for a source: the words of its address, without login.
fn name_of(source: &str) -> String {
    let mut rest = source.to_owned();
    while let Some((before, after)) = rest.split_once('[') {
        let Some((_, after)) = after.split_once(']') else { break };
        rest = format!("{before}{after}");
    }
    let address = rest.split_whitespace().find(|word| !["deb", "deb-src"].contains(word));
    let address = address.unwrap_or_default();
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let address = address.split_once('@').map_or(address, |(_, rest)| rest);
    let words = address.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_of_a_source_does_not_count() {
        let check = |line: &str, expected: Option<(&str, bool, &str)>| {
            let found = Source::parse(line);
            let found = found.as_ref().map(|s| (s.text.as_str(), s.enabled, s.comment.as_str()));
            assert_eq!(found, expected, "{line}");
        };
        check(" deb  http://a\t/  # note ", Some(("deb http://a /", true, "note")));
        check("# deb http://a / # x", Some(("deb http://a /", false, "x")));
        check("#deb-src http://a / x", Some(("deb-src http://a / x", false, "")));
        check("# a comment", None);
        check("deb", None);
        check("", None);
    }

    #[test]
    fn files_are_named_by_the_address() {
        let check = |source: &str, expected: &str| assert_eq!(name_of(source), expected);
        check("deb http://deb.example.com/debian stable main", "deb_example_com_debian");
        check("deb [arch=amd64 signed-by=/k] https://u:p@a.example/c stable", "a_example_c");
        check("deb-src file:/srv/repo ./", "file_srv_repo");
    }
}
