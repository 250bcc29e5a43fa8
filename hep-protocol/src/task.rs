//! What a task does: one module and its parameters. This crate's one match over modules.

pub mod apt;
pub mod assert;
pub mod command;
pub mod debug;
pub mod fail;
pub mod file;
pub mod flush;
pub mod service;
pub mod set;
pub mod stat;
pub mod wait_for;

use serde::{Deserialize, Serialize};

/// One module with its parameters. In a manifest the variant's name is the key: `file: {dest: /etc/motd}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskSpec {
    /// Debian packages.
    Apt(apt::Apt),
    /// Conditions that must hold.
    Assert(assert::Assert),
    /// A program to run.
    Command(command::Command),
    /// Something to show.
    Debug(debug::Debug),
    /// An end with the operator's words.
    Fail(fail::Fail),
    /// Files, directories and links.
    File(file::File),
    /// Notified handlers, now.
    Flush(flush::Flush),
    /// Services.
    Service(service::Service),
    /// Variables.
    Set(set::Set),
    /// What a path is.
    Stat(stat::Stat),
    /// A port, a file or a text that will come.
    WaitFor(wait_for::WaitFor),
}

impl TaskSpec {
    /// Every module's name, sorted: the keys a task may have.
    pub const MODULES: [&'static str; 11] = [
        "apt", "assert", "command", "debug", "fail", "file", "flush", "service", "set", "stat",
        "wait_for",
    ];

    /// The module's name.
    #[must_use]
    pub fn module(&self) -> &'static str {
        match self {
            Self::Apt(_) => "apt",
            Self::Assert(_) => "assert",
            Self::Command(_) => "command",
            Self::Debug(_) => "debug",
            Self::Fail(_) => "fail",
            Self::File(_) => "file",
            Self::Flush(_) => "flush",
            Self::Service(_) => "service",
            Self::Set(_) => "set",
            Self::Stat(_) => "stat",
            Self::WaitFor(_) => "wait_for",
        }
    }

    /// What every module's parameters can say of themselves.
    #[must_use]
    pub fn params(&self) -> &dyn Params {
        match self {
            Self::Apt(params) => params,
            Self::Assert(params) => params,
            Self::Command(params) => params,
            Self::Debug(params) => params,
            Self::Fail(params) => params,
            Self::File(params) => params,
            Self::Flush(params) => params,
            Self::Service(params) => params,
            Self::Set(params) => params,
            Self::Stat(params) => params,
            Self::WaitFor(params) => params,
        }
    }
}

/// What the controller asks of a module's parameters without knowing the module.
pub trait Params {
    /// A task's name when the manifest gives none: `restart apache2`.
    fn title(&self) -> String;

    /// The local files or directories that the parameters name, as written.
    fn sources(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Checks what no single parameter can know: which go together and which do not.
    ///
    /// # Errors
    /// The first parameter that does not fit the others.
    fn check(&self) -> Result<(), BadParam>;
}

/// A parameter that does not fit the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParam {
    /// The parameter's key; the place of the message.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl BadParam {
    /// Refuses when `wrong`: the form that every check takes.
    ///
    /// # Errors
    /// The parameter, when `wrong`.
    pub fn when(wrong: bool, key: &'static str, message: &str, hint: &str) -> Result<(), Self> {
        if wrong {
            Err(Self { key, message: message.to_owned(), hint: hint.to_owned() })
        } else {
            Ok(())
        }
    }
}
