//! What is done to users and groups, by the host's own programs (useradd(8) and its kin).

use super::files::Account;
use super::programs::Call;
use crate::value::{AbsPath, Secret};
use serde::Serialize;
use std::fmt;

/// One thing done to a user or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AccountAction {
    /// To a user.
    User(Box<AccountChange<User>>),
    /// To a group.
    Group(AccountChange<Group>),
}

/// What an account was and what it becomes. It is new if it was nothing, and goes if it becomes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountChange<T> {
    /// Its name.
    #[serde(rename = "subject")]
    pub name: String,
    /// What it was.
    pub from: Option<T>,
    /// What it becomes.
    pub to: Option<T>,
    /// The programs that make it so, in turn.
    #[serde(skip)]
    pub by: Vec<Call>,
    /// What becomes of its home directory.
    #[serde(skip)]
    pub home: Home,
}

/// What becomes of a home directory together with its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Home {
    /// Nothing.
    #[default]
    Stays,
    /// It goes, with everything in it.
    Removed(AbsPath),
    /// It moves.
    Moved(AbsPath, AbsPath),
}

/// A user as passwd(5), group(5) and shadow(5) have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its number; expected where only the program that adds it will choose one.
    pub uid: Account,
    /// Its own group.
    pub gid: Account,
    /// Its full name and the like.
    pub comment: String,
    /// Its home directory.
    pub home: String,
    /// Its login shell.
    pub shell: String,
    /// The groups that name it as a member, sorted.
    pub groups: Vec<String>,
    /// The encrypted password; `None` where it cannot be read.
    #[serde(skip)]
    pub password: Option<Secret>,
    /// When the account and its password expire.
    pub aging: Aging,
}

/// Days of shadow(5); `None` where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Aging {
    /// Since 1970, when the account expires.
    pub expires: Option<i64>,
    /// How long a password must be kept.
    pub min: Option<i64>,
    /// How long a password may be kept.
    pub max: Option<i64>,
    /// How long before that its user is warned.
    pub warn: Option<i64>,
    /// How long after that the account is disabled.
    pub inactive: Option<i64>,
}

/// A group as group(5) has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its number; expected where only the program that adds it will choose one.
    pub gid: Account,
    /// The users that it names, sorted.
    pub members: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Expected(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for AccountAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(change) => change.line("user", user_detail, f),
            Self::Group(change) => change.line("group", group_detail, f),
        }
    }
}

impl<T> AccountChange<T> {
    fn line(
        &self,
        word: &str,
        detail: impl FnOnce(Option<&T>, &T) -> String,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let name = &self.name;
        match (&self.from, &self.to, &self.home) {
            (_, None, Home::Removed(_)) => write!(f, "remove {word} {name} and its home directory"),
            (_, None, Home::Stays | Home::Moved(..)) => write!(f, "remove {word} {name}"),
            (from, Some(to), _) => {
                let detail = detail(from.as_ref(), to);
                match (from.is_some(), detail.is_empty()) {
                    (false, true) => write!(f, "add {word} {name}"),
                    (false, false) => write!(f, "add {word} {name} ({detail})"),
                    (true, _) => write!(f, "change {word} {name}: {detail}"),
                }
            }
        }
    }
}

/// What differs; of a password only that it does.
fn user_detail(from: Option<&User>, to: &User) -> String {
    let User { uid, gid, comment, home, shell, groups, password, aging } = to;
    let old = |get: fn(&User) -> String| from.map(get);
    let days =
        |day: Option<i64>| day.map_or_else(|| "never".to_owned(), |day| format!("day {day}"));
    let limits = |aging: &Aging| {
        let Aging { expires: _, min, max, warn, inactive } = aging;
        [min, max, warn, inactive]
            .map(|limit| limit.map_or(-1, |days| days))
            .map(|n| n.to_string())
            .join(", ")
    };
    let mut parts = Parts(Vec::new());
    if !matches!(uid, Account::Expected(_)) {
        parts.add("uid", old(|user| user.uid.to_string()), uid.to_string());
    }
    // A new user of whom nothing is said gets a group of its own.
    if from.is_some() || !matches!(gid, Account::Expected(_)) {
        parts.add("gid", old(|user| user.gid.to_string()), gid.to_string());
    }
    parts.add("comment", old(|user| user.comment.clone()), comment.clone());
    parts.add("home", old(|user| user.home.clone()), home.clone());
    parts.add("shell", old(|user| user.shell.clone()), shell.clone());
    parts.add("groups", old(|user| user.groups.join(",")), groups.join(","));
    let before = from.and_then(|user| user.password.as_ref());
    if password.as_ref() != before {
        parts.0.push("password".to_owned());
    }
    let former = from.map(|user| user.aging).unwrap_or_default();
    if aging.expires != former.expires {
        parts.0.push(format!("expires {} -> {}", days(former.expires), days(aging.expires)));
    }
    if from.is_some() && limits(aging) != limits(&former) {
        parts.0.push(format!("password days {} -> {}", limits(&former), limits(aging)));
    }
    parts.0.join(", ")
}

fn group_detail(from: Option<&Group>, to: &Group) -> String {
    let mut parts = Parts(Vec::new());
    if !matches!(to.gid, Account::Expected(_)) {
        parts.add("gid", from.map(|group| group.gid.to_string()), to.gid.to_string());
    }
    parts.0.join(", ")
}

/// What a line tells of fields.
struct Parts(Vec<String>);

impl Parts {
    fn add(&mut self, key: &str, old: Option<String>, new: String) {
        match old {
            Some(old) if old == new => {}
            Some(old) => self.0.push(format!("{key} {} -> {}", quoted(&old), quoted(&new))),
            None if new.is_empty() => {}
            None => self.0.push(format!("{key} {}", quoted(&new))),
        }
    }
}

/// What would not be seen as one word is in quotes.
fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains([' ', '"']) {
        format!("\"{}\"", text.escape_debug())
    } else {
        text.escape_debug().to_string()
    }
}
