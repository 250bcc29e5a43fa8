//! What a task does: one module and its parameters. This crate's one match over modules.

pub mod apt;
pub mod command;
pub mod file;
pub mod service;

use serde::{Deserialize, Serialize};

/// One module with its parameters. In a manifest the variant's name is the key: `file: {dest: /etc/motd}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskSpec {
    /// Debian packages.
    Apt(apt::Apt),
    /// A program to run.
    Command(command::Command),
    /// Files, directories and links.
    File(file::File),
    /// Services.
    Service(service::Service),
}

impl TaskSpec {
    /// Every module's name, sorted: the keys a task may have.
    pub const MODULES: [&'static str; 4] = ["apt", "command", "file", "service"];

    /// The module's name.
    #[must_use]
    pub fn module(&self) -> &'static str {
        match self {
            Self::Apt(_) => "apt",
            Self::Command(_) => "command",
            Self::File(_) => "file",
            Self::Service(_) => "service",
        }
    }

    /// What every module's parameters can say of themselves.
    #[must_use]
    pub fn params(&self) -> &dyn Params {
        match self {
            Self::Apt(params) => params,
            Self::Command(params) => params,
            Self::File(params) => params,
            Self::Service(params) => params,
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
