//! What hep does to a host, as values: a module's plan is made of them, a host carries them out, and the report has them
//! beside their lines. One file a domain.
//!
//! An action's text is at once the line of a dry run, the line of the report and the subject of a failure. Its JSON is what
//! may leave the host: what is skipped there (contents, passwords, how far links are trusted, limits) stays on it.

pub mod accounts;
pub mod files;
pub mod packages;
pub mod programs;
pub mod services;
pub mod settings;
#[cfg(test)]
mod tests;
pub mod waits;

use crate::value::{AbsPath, Json};
use accounts::AccountAction;
use files::FileAction;
use packages::PackageAction;
use programs::Invocation;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use services::ServiceAction;
use settings::Setting;
use std::fmt;
use waits::Wait;

/// One thing done to a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// To its files.
    File(FileAction),
    /// To its packages.
    Package(PackageAction),
    /// To its services.
    Service(ServiceAction),
    /// To its users and groups.
    Account(AccountAction),
    /// To its settings.
    Setting(Setting),
    /// By a program that the operator names.
    Program(Invocation),
    /// Nothing is done: something is waited for.
    Wait(Wait),
}

impl Action {
    /// What of it may leave the host.
    #[must_use]
    pub fn told(&self) -> Json {
        let (domain, told) = match self {
            Self::File(action) => ("files", serde_json::to_value(action)),
            Self::Package(action) => ("packages", serde_json::to_value(action)),
            Self::Service(action) => ("services", serde_json::to_value(action)),
            Self::Account(action) => ("accounts", serde_json::to_value(action)),
            Self::Setting(setting) => ("settings", serde_json::to_value(setting)),
            Self::Program(invocation) => ("programs", serde_json::to_value(invocation)),
            Self::Wait(wait) => ("waits", serde_json::to_value(wait)),
        };
        let mut entries = Map::from_iter([("domain".to_owned(), domain.into())]);
        // Structures of strings and numbers always serialize.
        if let Ok(Value::Object(told)) = told {
            entries.extend(told);
        }
        Json(Value::Object(entries))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(action) => action.fmt(f),
            Self::Package(action) => action.fmt(f),
            Self::Service(action) => action.fmt(f),
            Self::Account(action) => action.fmt(f),
            Self::Setting(setting) => setting.fmt(f),
            Self::Program(invocation) => write!(f, "run {}", invocation.words),
            Self::Wait(wait) => wait.fmt(f),
        }
    }
}

/// All that is done to copy a tree to a path, which a report tells as one.
#[must_use]
pub fn copied_tree(path: &AbsPath, entries: usize) -> Json {
    Json(json!({"domain": "files", "kind": "copy-tree", "subject": path, "entries": entries}))
}

/// A value as its text.
fn as_text<S: Serializer>(value: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// A list as the number of its elements.
fn as_count<T, S: Serializer>(list: &[T], to: S) -> Result<S::Ok, S::Error> {
    list.len().serialize(to)
}
