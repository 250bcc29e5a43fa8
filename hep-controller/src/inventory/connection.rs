//! How to reach a host, from its variables and from hep's own keys on its line.
//!
//! `ansible_host` and its like count wherever a variable may stand. hep's short keys (`host=`, `port=`, ...) count on host
//! lines alone: elsewhere a variable named `port` or `user` belongs to some application.

use super::address::{self, Address};
use super::draft::DraftHost;
use super::{Host, Layer, Place, Surroundings, Transport, Variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::remote::Secret;
use crate::words::alternatives;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a setting is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Host,
    Port,
    User,
    Password,
    Identity,
    Connection,
}

/// hep's own keys.
pub(super) const SHORT: [(&str, Key); 5] = [
    ("host", Key::Host),
    ("port", Key::Port),
    ("user", Key::User),
    ("password", Key::Password),
    ("private_key", Key::Identity),
];

/// Ansible's variables; of two for one thing the later wins, since it says more exactly what it is for.
const LONG: [(&str, Key); 12] = [
    ("ansible_host", Key::Host),
    ("ansible_ssh_host", Key::Host),
    ("ansible_port", Key::Port),
    ("ansible_ssh_port", Key::Port),
    ("ansible_user", Key::User),
    ("ansible_ssh_user", Key::User),
    ("ansible_password", Key::Password),
    ("ansible_ssh_pass", Key::Password),
    ("ansible_ssh_password", Key::Password),
    ("ansible_private_key_file", Key::Identity),
    ("ansible_ssh_private_key_file", Key::Identity),
    ("ansible_connection", Key::Connection),
];

/// Ways to connect that mean SSH to hep.
const SSH: [&str; 6] = ["ssh", "smart", "paramiko", "paramiko_ssh", "openssh", "libssh"];

/// One of hep's own keys on a host's line.
#[derive(Clone, Debug)]
pub(super) struct Short {
    pub(super) key: Key,
    pub(super) name: &'static str,
    /// As written, quotes taken off.
    pub(super) text: String,
    pub(super) place: Place,
}

/// Whether a variable's value is for no eye.
pub(super) fn is_secret(name: &str) -> bool {
    let last = name.strip_prefix("ansible_").and_then(|rest| rest.rsplit('_').next());
    matches!(last, Some("pass" | "password" | "passphrase"))
}

/// The setting of Ansible's that a name most likely means, if it is none itself. A plural is another word.
pub(super) fn misspelt(name: &str) -> Option<&'static str> {
    let foreign = name.starts_with("ansible_") && !LONG.iter().any(|(long, _)| *long == name);
    let near = |long: &&str| strsim::osa_distance(name, long) == 1 && name != format!("{long}s");
    LONG.iter().map(|(long, _)| *long).filter(|_| foreign).find(near)
}

/// The short key that a name on a host's line most likely means, if its value would fit. Letters left out, doubled or
/// swapped are taken for a slip; another letter makes another word (`part`, `cost`), except in a long key.
pub(super) fn misspelt_short(name: &str, value: &str) -> Option<&'static str> {
    let near = |short: &str| {
        let swapped = short.len() == name.len() && sorted(short) == sorted(name);
        let slip = short.len() != name.len() || swapped || short.len() > 5;
        strsim::osa_distance(name, short) == 1 && slip && name != format!("{short}s")
    };
    let fits = |key: Key| match key {
        Key::Host => address::parse(value).is_ok() && value.contains(['.', ':']),
        Key::Port => address::port(value).is_some(),
        Key::User | Key::Password | Key::Identity | Key::Connection => !value.is_empty(),
    };
    SHORT.iter().find(|(short, key)| near(short) && fits(*key)).map(|(short, _)| *short)
}

fn sorted(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

/// Fills in how to reach a host.
pub(super) fn settle(
    host: &mut Host,
    draft: &DraftHost,
    around: &Surroundings,
    problems: &mut Diagnostics,
) {
    let settings = settings(host, draft, problems);
    let mut settling = Settling { host, around, problems };
    settings.iter().for_each(|setting| settling.set(setting));
    let local = settling.host.transport == Transport::Local;
    let addressed = settings.iter().any(|setting| setting.key == Key::Host);
    match address::parse(&draft.name) {
        Ok(Address { user, host: address, port }) => {
            let host = &mut settling.host;
            host.user = host.user.take().or(user);
            host.port = host.port.or(port);
            if !addressed {
                host.address = address;
            }
        }
        Err(_) if addressed || local => {}
        Err(why) => settling.problems.push(draft.place.diagnostic(why.message, why.hint)),
    }
}

/// A setting that counts.
struct Setting {
    key: Key,
    name: String,
    text: String,
    place: Place,
    /// hep's own key: its file must be there.
    own: bool,
}

/// Of each kind the setting that counts: a host's own, then a group's; Ansible's variable before hep's key.
fn settings(host: &Host, draft: &DraftHost, problems: &mut Diagnostics) -> Vec<Setting> {
    let effective = host.effective();
    let long = |key: Key| {
        let names = LONG.iter().rev().filter(move |(_, of)| *of == key);
        names.filter_map(|(name, _)| effective.iter().find(|variable| variable.name == *name))
    };
    let kinds = [Key::Host, Key::Port, Key::User, Key::Password, Key::Identity, Key::Connection];
    let mut found = Vec::new();
    for key in kinds {
        let own = draft.short.iter().rev().find(|short| short.key == key);
        let of_host = long(key).find(|variable| variable.origin.layer() == Layer::Host);
        let variable = of_host.or_else(|| long(key).next().filter(|_| own.is_none()));
        match (variable, own) {
            (Some(variable), _) => found.extend(text(key, variable, problems)),
            (None, Some(own)) => found.push(Setting {
                key,
                name: own.name.to_owned(),
                text: own.text.clone(),
                place: own.place.clone(),
                own: true,
            }),
            (None, None) => {}
        }
    }
    found
}

/// A variable as the text it gives a setting.
fn text(key: Key, variable: &Arc<Variable>, problems: &mut Diagnostics) -> Option<Setting> {
    let (name, place) = (variable.name.clone(), variable.origin.place.clone());
    let text = match &variable.value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            let message = format!("`{name}` takes a text");
            problems.push(place.diagnostic(message, "write it in quotes"));
            return None;
        }
    };
    Some(Setting { key, name, text, place, own: false })
}

struct Settling<'a> {
    host: &'a mut Host,
    around: &'a Surroundings,
    problems: &'a mut Diagnostics,
}

impl Settling<'_> {
    fn problem(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(place.diagnostic(message, hint));
    }

    /// Something that matters only when the host is contacted.
    fn obstacle(&mut self, setting: &Setting, message: String, hint: &str) {
        let host = &self.host.name;
        let message = format!("{message}, and `{host}` is to be reached by it");
        self.host.obstacles.push(setting.place.diagnostic(message, hint));
    }

    fn set(&mut self, setting: &Setting) {
        let Setting { key, name, text, place, own } = setting;
        if text.is_empty() {
            self.problem(
                place,
                format!("`{name}` has no value"),
                format!("write `{name}=value`, or remove it"),
            );
            return;
        }
        if text.contains("{{") || text.contains("{%") {
            let hint =
                "write the value itself: how to reach a host is known before expressions are";
            self.obstacle(setting, format!("`{name}` is an expression"), hint);
            return;
        }
        match key {
            Key::Host => match address::parse(text) {
                Ok(Address { user: None, host: address, port: None }) => {
                    self.host.address = address
                }
                Ok(_) => {
                    let hint = "give user and port as `user=` and `port=`";
                    self.problem(place, format!("`{name}` is more than an address"), hint);
                }
                Err(why) => self.problem(place, why.message, why.hint),
            },
            Key::Port => match address::port(text) {
                Some(port) => self.host.port = Some(port),
                None => {
                    let message = format!("`{}` is no port", crate::yaml::shorten(text));
                    self.problem(place, message, "write a number from 1 to 65535");
                }
            },
            Key::User => self.host.user = Some(text.clone()),
            Key::Password => {
                crate::secrets::learn(text);
                self.host.password = Some(Secret::new(text.as_str()));
            }
            Key::Identity => match key_path(text, &place.text.source.path, self.around) {
                Ok(path) => self.host.private_key = Some(path),
                Err(tried) => self.no_key(setting, &tried, *own),
            },
            Key::Connection => self.connection(setting),
        }
    }

    /// Ansible's inventories may name keys of other machines: only who connects needs them.
    fn no_key(&mut self, setting: &Setting, tried: &[PathBuf], own: bool) {
        let tried: Vec<String> = tried.iter().map(|path| path.display().to_string()).collect();
        let tried: Vec<&str> = tried.iter().map(String::as_str).collect();
        let message = format!("there is no private key at {}", alternatives(&tried));
        let hint = "a relative path is sought beside the hosts file, then in the working directory";
        if own {
            self.problem(&setting.place, message, hint);
        } else {
            self.obstacle(setting, message, hint);
        }
    }

    fn connection(&mut self, setting: &Setting) {
        let word = setting.text.rsplit('.').next().unwrap_or_default();
        match word {
            "local" => {
                self.host.transport = Transport::Local;
                if self.host.address.is_empty() {
                    self.host.address = "localhost".to_owned();
                }
            }
            _ if SSH.contains(&word) => {}
            _ => {
                let message = format!("hep has no connection `{}`", crate::yaml::shorten(word));
                self.obstacle(setting, message, "write `ssh` or `local`, or leave the host out");
            }
        }
    }
}

/// The file a text means; what was tried when there is none.
fn key_path(value: &str, file: &Path, around: &Surroundings) -> Result<PathBuf, Vec<PathBuf>> {
    let home = around.home.as_deref();
    let expanded = match (value.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => home.join(below),
        (Some(_) | None, _) => PathBuf::from(value),
    };
    let beside = file.parent().unwrap_or(Path::new(""));
    let mut tried = vec![
        around.working_directory.join(beside).join(&expanded),
        around.working_directory.join(&expanded),
    ];
    tried.dedup();
    tried.iter().find(|path| path.is_file()).cloned().ok_or(tried)
}

/// A mistake about a short key that was most likely meant.
pub(super) fn slip(name: &str, meant: &str, place: &Place) -> Diagnostic {
    let keys = SHORT.map(|(short, _)| short);
    let list = crate::words::all_of(&keys);
    let hint = format!(
        "did you mean `{meant}`? the keys are {list}; a variable of this name goes into `host_vars`"
    );
    place.diagnostic(format!("unknown key `{name}`"), hint)
}
