//! What a host says of itself: the greeting of every run, and the names that expressions may read.
//!
//! The table serves both sides: the agent gathers what it names, and the controller refuses at load what it does not.

pub mod setup;
mod table;

pub use table::FACTS;

use serde::{Deserialize, Serialize};
use std::fmt;

/// The program that manages services on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// systemd is process 1: `/run/systemd/system` exists (`sd_booted(3)`).
    Systemd,
    /// Scripts in `/etc/init.d`.
    Sysv,
}

/// The facts every run begins with; gathered from files, without a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The node name (`uname -n`).
    pub hostname: String,
    /// `ID` of `os-release(5)`, as `debian`.
    pub os_id: String,
    /// `VERSION_ID` of `os-release(5)`, as `12`; empty on unreleased systems.
    pub os_version: String,
    /// `VERSION_CODENAME` of `os-release(5)`, as `bookworm`.
    pub os_codename: String,
    /// The kernel's release (`uname -r`).
    pub kernel: String,
    /// The machine's architecture (`uname -m`).
    pub arch: String,
    /// What manages services.
    pub init: Init,
}

/// One top-level name that every expression may read, also below `facts`.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The name, as `os`.
    pub name: &'static str,
    /// One line: what it is, its unit, where it comes from.
    pub doc: &'static str,
    /// An expression that reads it.
    pub example: &'static str,
    /// What its value looks like where the host tells it.
    pub shape: Shape,
}

/// One name of a mapping whose names are the same on every host.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name, as `codename`.
    pub name: &'static str,
    /// One line: what it is, its unit, where it comes from.
    pub doc: &'static str,
    /// What its value looks like where the host tells it.
    pub shape: Shape,
}

/// What a value looks like. Text, numbers and switches that a host does not tell are null; lists and mappings are then
/// empty, but for a mapping with fields, which always has all of them.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text.
    Text,
    /// An integer.
    Number,
    /// True or false.
    Switch,
    /// A list of such values.
    List(&'static Shape),
    /// A mapping with these names.
    Mapping(&'static [Field]),
    /// A mapping from names that differ from host to host.
    Named(&'static Shape),
    /// Whatever the host's administrator wrote.
    Any,
}

/// A name that no host's facts have, and where it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField<'a> {
    /// What has no such name, as `os`.
    pub of: String,
    /// The name that is not there, as `codname`.
    pub name: &'a str,
    /// The names that are there.
    pub known: Vec<&'static str>,
}

/// The fact of that name.
#[must_use]
pub fn fact(name: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.name == name)
}

/// The first name of a path (`["os", "codname"]`) that is on no host. Nothing is said of a path that begins with no fact,
/// nor of what lies below text and numbers: filters and methods may have their own ways there.
#[must_use]
pub fn unknown_field<'a>(path: &[&'a str]) -> Option<UnknownField<'a>> {
    let (first, names) = path.split_first()?;
    let mut shape = fact(first)?.shape;
    let mut of = (*first).to_owned();
    for &name in names {
        shape = match shape {
            Shape::Mapping(fields) => match fields.iter().find(|field| field.name == name) {
                Some(field) => field.shape,
                None => {
                    let known = fields.iter().map(|field| field.name).collect();
                    return Some(UnknownField { of, name, known });
                }
            },
            Shape::List(element) if name.parse::<usize>().is_ok() => *element,
            Shape::Named(element) => *element,
            Shape::Text | Shape::Number | Shape::Switch | Shape::List(_) | Shape::Any => {
                return None;
            }
        };
        of = format!("{of}.{name}");
    }
    None
}

/// As documentation says it: `text`, `list of mappings`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Number => f.write_str("number"),
            Self::Switch => f.write_str("true or false"),
            Self::List(Self::Mapping(_)) => f.write_str("list of mappings"),
            Self::List(element) => write!(f, "list of {element}"),
            Self::Mapping(_) => f.write_str("mapping"),
            Self::Named(Self::Mapping(_)) => f.write_str("mapping from names to mappings"),
            Self::Named(element) => write!(f, "mapping from names to {element}"),
            Self::Any => f.write_str("any value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_doc(name: &str, doc: &str, shape: Shape) {
        assert!(!doc.is_empty() && !doc.contains('\n') && !doc.ends_with('.'), "{name}: {doc}");
        match shape {
            Shape::Mapping(fields) => {
                fields
                    .iter()
                    .for_each(|f| check_doc(&format!("{name}.{}", f.name), f.doc, f.shape));
            }
            Shape::List(element) | Shape::Named(element) => check_doc(name, doc, *element),
            Shape::Text | Shape::Number | Shape::Switch | Shape::Any => {}
        }
    }

    #[test]
    fn every_name_is_there_once_with_a_line_and_an_example() {
        let mut names: Vec<&str> = FACTS.iter().map(|fact| fact.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FACTS.len());
        for fact in FACTS {
            check_doc(fact.name, fact.doc, fact.shape);
            assert!(fact.example.contains(fact.name), "{}", fact.example);
        }
    }

    #[test]
    fn names_with_another_meaning_are_no_facts() {
        for name in ["facts", "host", "groups", "item", "result", "env", "vars"] {
            assert!(fact(name).is_none(), "{name}");
        }
    }

    #[test]
    fn first_name_that_no_host_has_is_found() {
        let check = |path: &str, expected: Option<(&str, &str)>| {
            let path: Vec<&str> = path.split('.').collect();
            let found = unknown_field(&path);
            assert_eq!(found.as_ref().map(|u| (u.of.as_str(), u.name)), expected, "{path:?}");
        };
        check("os.codename", None);
        check("os.codname", Some(("os", "codname")));
        check("kernel", None);
        check("no_fact.at_all", None);
        check("os.id.startswith", None);
        check("interfaces.eth0.ipv4.0.address", None);
        check("interfaces.eth0.ipv4.0.adress", Some(("interfaces.eth0.ipv4.0", "adress")));
        check("interfaces.eth0.ip", Some(("interfaces.eth0", "ip")));
        check("mounts.first", None);
        check("local.anything.at_all", None);
        assert_eq!(
            unknown_field(&["cpus", "x"]).unwrap().known,
            ["count", "cores", "sockets", "model"]
        );
    }
}
