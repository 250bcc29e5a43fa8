//! The config file: defaults for what the command line does not say. A missing key is no mistake here; the caller
//! knows whether something else supplies it.

pub(crate) mod ansible;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::parameter::{Place, Words};
use crate::remote::{Secret, Transport, UploadMode};
use crate::source::{Source, Span};
use crate::words::alternatives;
use crate::yaml::{self, Kind, decode_each};
use hep_protocol::decode::decode;
use hep_protocol::rights::Method;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a config file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// How to log in where the hosts file does not say.
    #[serde(default)]
    pub(crate) ssh: SshDefaults,
    /// The manifest, as written: relative to the working directory.
    #[serde(default, alias = "manifest_path")]
    pub(crate) manifest: Option<PathBuf>,
    /// The hosts file, as written: relative to the working directory.
    #[serde(default, alias = "inventory_path")]
    pub(crate) hosts: Option<PathBuf>,
    #[serde(default)]
    pub(crate) log_level: Option<LogLevel>,
    /// The user that tasks run as if nothing more specific is set.
    #[serde(default, rename = "become")]
    pub(crate) rights: RightsDefaults,
}

/// The section `become`: who, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RightsDefaults {
    #[serde(default)]
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) method: Option<Method>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) password: Option<Secret>,
    /// A command on this machine that prints it.
    #[serde(default)]
    pub(crate) password_command: Option<String>,
}

/// The section `ssh`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SshDefaults {
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) password: Option<Secret>,
    /// A command on this machine that prints it.
    #[serde(default)]
    pub(crate) password_command: Option<String>,
    /// As written; `~` is not expanded yet.
    #[serde(default)]
    pub(crate) private_key: Option<PathBuf>,
    #[serde(default, deserialize_with = "port")]
    pub(crate) port: Option<u16>,
    /// How the agent comes onto hosts.
    #[serde(default)]
    pub(crate) agent_upload: Option<UploadMode>,
    /// Which way leads to hosts.
    #[serde(default)]
    pub(crate) transport: Option<Transport>,
}

/// How much a run says, least first. The first two: no progress of tasks that wait; the next two: with it, as without
/// the key; the last: as with `--verbose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum LogLevel {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
}

const LEVELS: [(&str, LogLevel); 5] = [
    ("DEBUG", LogLevel::Debug),
    ("INFO", LogLevel::Info),
    ("WARNING", LogLevel::Warning),
    ("ERROR", LogLevel::Error),
    ("CRITICAL", LogLevel::Critical),
];

impl TryFrom<String> for LogLevel {
    type Error = String;

    fn try_from(text: String) -> Result<LogLevel, String> {
        let level = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text));
        level.map(|(_, level)| *level).ok_or_else(|| {
            let shown = yaml::shorten(&text);
            format!(
                "`{shown}` is not a log level: write {}",
                alternatives(&LEVELS.map(|(name, _)| name))
            )
        })
    }
}

/// The program that a config with an unspecific name belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Hep's, with or without mistakes in it.
    Own,
    /// Another program's; with one of its keys, if it also has some of hep's.
    Foreign(Option<String>),
}

/// All keys of a config, and their older names.
const KEYS: [&str; 7] =
    ["ssh", "manifest", "manifest_path", "hosts", "inventory_path", "log_level", "become"];

/// The program this config belongs to: hep, if each of its keys is one of hep's or nearly so, or if it is empty.
pub(crate) fn whose(source: &Arc<Source>) -> Whose {
    let (root, problems) = yaml::parse(source);
    let by_line = || source.text.lines().filter_map(top_level_key).collect();
    let keys: Vec<&str> = match root.as_ref().map(|root| &root.kind) {
        Some(Kind::Map(entries)) => entries.iter().map(|entry| &*entry.key.text).collect(),
        Some(Kind::Scalar(_)) if root.as_ref().is_some_and(yaml::Node::is_null) => Vec::new(),
        Some(Kind::Scalar(_) | Kind::Seq(_)) if problems.is_empty() => return Whose::Foreign(None),
        Some(Kind::Scalar(_) | Kind::Seq(_) | Kind::Broken) | None => by_line(),
    };
    let is_own = |key: &str| KEYS.contains(&key);
    let near = |key: &str| KEYS.iter().any(|own| strsim::osa_distance(key, own) * 3 <= own.len());
    let foreign = keys.iter().find(|key| !is_own(key) && !near(key));
    match foreign {
        None => Whose::Own,
        Some(key) if keys.iter().any(|key| is_own(key)) => Whose::Foreign(Some((*key).to_owned())),
        Some(_) => Whose::Foreign(None),
    }
}

/// The key that a line of YAML begins with, if it is one of the outermost mapping; also where the rest is no YAML.
fn top_level_key(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let key = key.trim_end().trim_matches(['"', '\'']);
    let is_key = !key.is_empty() && key.chars().all(plain) && !key.starts_with('-');
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', '\r']);
    (is_key && ends).then_some(key)
}

impl Config {
    /// Reads a config file.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(path: &Path) -> Result<Config, Diagnostics> {
        Config::parse(&Source::read(path)?)
    }

    /// Reads a config's text.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn parse(source: &Arc<Source>) -> Result<Config, Diagnostics> {
        let (root, mut problems) = yaml::parse(source);
        let mut config = Config::default();
        match &root {
            None => {}
            Some(root) => match &root.kind {
                Kind::Map(_) => match decode_each(root, decode) {
                    Ok(read) => config = read,
                    Err(mistakes) => {
                        let (module, words, key) = ("the config", Words::Keys, Span::default());
                        let place = Place { source, module, words, key };
                        let explained = mistakes.iter().filter_map(|m| place.explain(m, root));
                        explained.for_each(|diagnostic| problems.push(diagnostic));
                    }
                },
                Kind::Broken => {}
                Kind::Scalar(_) if root.is_null() => {}
                Kind::Scalar(_) | Kind::Seq(_) => {
                    let message = format!("a config is a mapping, found {}", root.describe());
                    problems.push(
                        Diagnostic::at(source, root.span, message)
                            .hint("write keys with their values, as `hosts: examples/hosts`"),
                    );
                }
            },
        }
        problems.unless(config)
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| {
        text.iter().for_each(|text| crate::secrets::learn(text));
        text.map(Secret::new)
    })
}

fn port<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match Option::<u16>::deserialize(deserializer)? {
        Some(0) => {
            Err(serde::de::Error::custom("`0` is not a port: write a number from 1 to 65535"))
        }
        port => Ok(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn check(text: &str) -> String {
        let source = Source::from_bytes(Path::new("config.yml"), text.into()).unwrap();
        match Config::parse(&source) {
            Ok(config) => format!("{config:?}"),
            Err(diagnostics) => diagnostics.to_string(),
        }
    }

    #[test]
    fn configs_of_the_ancestor_are_read_as_they_are() {
        assert_snapshot!(check("ssh:\n  username: changeme\n  password: changeme\n\nmanifest: \"examples/manifests/manifest.yml\"\nhosts: \"examples/hosts\"\nlog_level: \"ERROR\"\n"), @r#"Config { ssh: SshDefaults { username: Some("changeme"), password: Some(Secret(..)), password_command: None, private_key: None, port: None, agent_upload: None, transport: None }, manifest: Some("examples/manifests/manifest.yml"), hosts: Some("examples/hosts"), log_level: Some(Error), rights: RightsDefaults { user: None, method: None, password: None, password_command: None } }"#);
        assert_snapshot!(check("ssh:\n  username: root\n  password: foobarbaz\n"), @r#"Config { ssh: SshDefaults { username: Some("root"), password: Some(Secret(..)), password_command: None, private_key: None, port: None, agent_upload: None, transport: None }, manifest: None, hosts: None, log_level: None, rights: RightsDefaults { user: None, method: None, password: None, password_command: None } }"#);
        assert_snapshot!(check("ssh:\n  username: root\n  password: ri9zjmF~6nHGViMYXzZ@DVnYg\n\nhosts: \"examples/hosts\"\nlog_level: \"ERROR\"\n"), @r#"Config { ssh: SshDefaults { username: Some("root"), password: Some(Secret(..)), password_command: None, private_key: None, port: None, agent_upload: None, transport: None }, manifest: None, hosts: Some("examples/hosts"), log_level: Some(Error), rights: RightsDefaults { user: None, method: None, password: None, password_command: None } }"#);
    }

    #[test]
    fn the_example_is_read() {
        assert_snapshot!(check(include_str!("../../config.example.yml")), @r#"Config { ssh: SshDefaults { username: Some("root"), password: Some(Secret(..)), password_command: None, private_key: None, port: None, agent_upload: None, transport: None }, manifest: Some("examples/manifests/manifest.yml"), hosts: Some("examples/hosts"), log_level: Some(Info), rights: RightsDefaults { user: None, method: None, password: None, password_command: None } }"#);
    }

    #[test]
    fn older_spellings_and_further_keys_are_read() {
        assert_snapshot!(check("manifest_path: a.yml\ninventory_path: hosts\nlog_level: warning\nssh: {port: 2222, private_key: ~/.ssh/id_hep, password: 123456}\n"), @r#"Config { ssh: SshDefaults { username: None, password: Some(Secret(..)), password_command: None, private_key: Some("~/.ssh/id_hep"), port: Some(2222), agent_upload: None, transport: None }, manifest: Some("a.yml"), hosts: Some("hosts"), log_level: Some(Warning), rights: RightsDefaults { user: None, method: None, password: None, password_command: None } }"#);
    }

    #[test]
    fn an_empty_config_says_nothing() {
        assert_eq!(check(""), check("# nothing\n"));
        assert_eq!(check(""), format!("{:?}", Config::default()));
    }

    #[test]
    fn all_mistakes_are_shown_at_once() {
        assert_snapshot!(check("ssh:\n  user: root\n  port: 123456\nmanifset: x\nlog_level: loud\nhosts: [a]\n"), @"
        error: unknown key `user`
         --> config.yml:2:3
          |
        2 |   user: root
          |   ^^^^
          |
          = hint: did you mean `username`? possible are `username`, `password`, `password_command`, `private_key`, `port`, `agent_upload` and `transport`

        error: `port` takes a whole number up to 65535, found the number 123456
         --> config.yml:3:9
          |
        3 |   port: 123456
          |         ^^^^^^
          |
          = hint: write a whole number up to 65535, 0 or more

        error: unknown key `manifset` of the config
         --> config.yml:4:1
          |
        4 | manifset: x
          | ^^^^^^^^
          |
          = hint: did you mean `manifest`? the config has `ssh`, `manifest`, `manifest_path`, `hosts`, `inventory_path`, `log_level` and `become`

        error: `loud` is not a log level
         --> config.yml:5:12
          |
        5 | log_level: loud
          |            ^^^^
          |
          = hint: write `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`

        error: `hosts` takes a text, found a list
         --> config.yml:6:8
          |
        6 | hosts: [a]
          |        ^^^
          |
          = hint: write a text instead of a list
        ");
    }

    #[test]
    fn the_config_of_another_program_is_told_by_its_keys() {
        let check = |text: &str, expected: Whose| {
            let source = Source::from_bytes(Path::new("config.yml"), text.into()).unwrap();
            assert_eq!(whose(&source), expected, "{text}");
        };
        let foreign = |key: &str| Whose::Foreign(Some(key.to_owned()));
        check("", Whose::Own);
        check("# nothing\n{}\n", Whose::Own);
        check("ssh:\n  user: root\nhosts: x\n", Whose::Own);
        check("manifset: x\n", Whose::Own);
        check("\"log_level\": x\n", Whose::Own);
        check("title: Blog\nurl: https://x.example\n", Whose::Foreign(None));
        check("server:\n  ssh: x\n  hosts: y\n", Whose::Foreign(None));
        check("log_level: info\nlisteners:\n- a\n", foreign("listeners"));
        check("version: 2\njobs: {a: [\n", Whose::Foreign(None));
        check("hosts: [\n", Whose::Own);
        check("{ssh: {port: 22}, hosts: x}\n", Whose::Own);
        check("- a\n", Whose::Foreign(None));
        check("nothing but text\n", Whose::Foreign(None));
    }

    #[test]
    fn port_zero_is_none() {
        assert_snapshot!(check("ssh:\n  port: 0\n"), @"
    error: `0` is not a port
     --> config.yml:2:9
      |
    2 |   port: 0
      |         ^
      |
      = hint: write a number from 1 to 65535
    ");
    }

    #[test]
    fn something_else_is_no_config() {
        assert_snapshot!(check("- a\n"), @"
    error: a config is a mapping, found a list
     --> config.yml:1:1
      |
    1 | - a
      | ^^^
      |
      = hint: write keys with their values, as `hosts: examples/hosts`
    ");
    }
}
