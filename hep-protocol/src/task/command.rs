//! Parameters of `command`: a program to run.

use super::{About, BadParam, Effect, Local, Params};
use crate::names::OF_A_PROGRAM;
use crate::value::{AbsPath, Argv};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("argv"),
    in_line: Some(&["argv", "chdir", "creates", "executable", "removes", "stdin"]),
    results: Some(&OF_A_PROGRAM),
    local: Some(Local { parameters: &["script"], template: None, only_with: None }),
    ..About::module("command", Effect::Acts)
};

/// Parameters of `command`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments: a list, or text that is split at spaces. No shell is involved.
    #[serde(default)]
    pub argv: Option<Argv>,
    /// A script for `/bin/sh -c` instead.
    #[serde(default)]
    pub shell: Option<String>,
    /// A local script instead: it is on the host while it runs.
    #[serde(default)]
    pub script: Option<String>,
    /// What `script` is given, in one text that `/bin/sh` reads.
    #[serde(default)]
    pub arguments: Option<String>,
    /// The shell for `shell`, or the program that runs `script`. Default: `/bin/sh`, or what the script's first line names.
    #[serde(default)]
    pub executable: Option<String>,
    /// Replace `$NAME`, `${NAME}` and a `~` at the beginning of an argument by what the environment says.
    #[serde(default)]
    pub expand: bool,
    /// Whether the result has the output without newlines at its end. Default: `true`.
    #[serde(default)]
    pub strip: Option<bool>,
    /// Give the result the output as a terminal shows it: `stderr` is part of it, and lines end with `\r\n`.
    #[serde(default)]
    pub terminal: bool,
    /// A path, or a pattern with `*`, `?` and `[...]`; if it exists, the command does not run.
    #[serde(default)]
    pub creates: Option<AbsPath>,
    /// A path, or a pattern with `*`, `?` and `[...]`; if it does not exist, the command does not run.
    #[serde(default)]
    pub removes: Option<AbsPath>,
    /// The working directory. Default: `/`.
    #[serde(default)]
    pub chdir: Option<AbsPath>,
    /// Environment variables, in addition to `PATH`, `HOME` and `LANG`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The program's standard input. Default: empty.
    #[serde(default)]
    pub stdin: Option<String>,
    /// Time limit, in seconds. Default: no limit.
    #[serde(default)]
    pub timeout: Option<u32>,
}

impl Params for Command {
    fn title(&self) -> String {
        let text = match (&self.argv, &self.shell) {
            (Some(argv), _) => argv.to_string(),
            (None, Some(script)) => script.lines().next().unwrap_or_default().to_owned(),
            (None, None) => self.script_line(),
        };
        let short: String = text.chars().take(60).collect();
        let more = if short.len() < text.len() { "..." } else { "" };
        format!("run {short}{more}")
    }

    fn patience(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.timeout)
    }

    fn sources(&self) -> Vec<&str> {
        self.script.iter().map(String::as_str).collect()
    }

    fn keeps_ends(&self) -> bool {
        self.strip == Some(false)
    }

    fn shows_terminal(&self) -> bool {
        self.terminal
    }

    fn check(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.argv.is_none() && self.shell.is_none() && self.script.is_none(),
            "argv",
            "there is nothing to run",
            "add `argv: [program, argument]`, or `shell: script`",
        )?;
        BadParam::when(
            self.argv.is_some() && self.shell.is_some(),
            "shell",
            "`argv` and `shell` both say what to run",
            "keep one of them",
        )?;
        self.check_script()?;
        BadParam::when(
            self.executable.as_deref().is_some_and(|text| text.is_empty() || text.contains('\0')),
            "executable",
            "`executable` is empty or has a NUL byte",
            "name a program",
        )?;
        BadParam::when(
            self.shell
                .as_deref()
                .is_some_and(|script| script.trim().is_empty() || script.contains('\0')),
            "shell",
            "the script is empty or has a NUL byte",
            "write the script as one text",
        )?;
        BadParam::when(
            self.env.iter().any(|(name, value)| {
                name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')
            }),
            "env",
            "a variable's name is empty or has `=`, or there is a NUL byte",
            "write `env: {NAME: value}`",
        )?;
        BadParam::when(
            self.timeout == Some(0),
            "timeout",
            "a timeout of 0 leaves no time",
            "remove it, or give seconds",
        )
    }
}

impl Command {
    /// The script and what it is given, in one line.
    #[must_use]
    pub fn script_line(&self) -> String {
        let words = [&self.script, &self.arguments].into_iter().flatten();
        words.map(|text| text.trim()).collect::<Vec<_>>().join(" ")
    }

    fn check_script(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.script.is_some() && (self.argv.is_some() || self.shell.is_some()),
            "script",
            "`script` and `argv` or `shell` both say what to run",
            "keep one of them",
        )?;
        BadParam::when(
            self.script.as_deref().is_some_and(|path| path.is_empty() || path.contains('\0')),
            "script",
            "`script` is empty or has a NUL byte",
            "name a file",
        )?;
        let arguments = self.arguments.as_deref();
        BadParam::when(
            arguments.is_some_and(|text| self.script.is_none() || text.contains('\0')),
            "arguments",
            "`arguments` are those of a `script`, without a NUL byte",
            "add `script`, or write them after the program",
        )
    }
}
