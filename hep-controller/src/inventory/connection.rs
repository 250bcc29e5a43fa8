//! How to reach a host, from its variables and from hep's own keys on its line.
//!
//! `ansible_host` and its like count wherever a variable may stand. hep's short keys (`host=`, `port=`, ...) count on host
//! lines alone: elsewhere a variable named `port` or `user` belongs to some application.

mod near_miss;

use super::address::{self, Address};
use super::draft::DraftHost;
use super::{Host, Layer, Origin, Owner, Place, Surroundings, Variable};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::remote::{Secret, Transport};
use crate::source::Source;
use crate::words::alternatives;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Language, Scope, Variables, has_expression};
use hep_protocol::rights::Method;
use hep_protocol::truth::truth_of_value;
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use near_miss::misses;
pub(super) use near_miss::{Miss, misspelt, misspelt_short, slip};

/// What a setting is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    Host,
    Port,
    User,
    Password,
    PasswordCommand,
    Identity,
    Connection,
    Become,
    BecomeUser,
    BecomeMethod,
    BecomePassword,
    BecomePasswordCommand,
}

/// All of them, in the order in which they are settled.
const KEYS: [Key; 12] = [
    Key::Host,
    Key::Port,
    Key::User,
    Key::Password,
    Key::PasswordCommand,
    Key::Identity,
    Key::Connection,
    Key::Become,
    Key::BecomeUser,
    Key::BecomeMethod,
    Key::BecomePassword,
    Key::BecomePasswordCommand,
];

/// hep's own keys.
pub(super) const SHORT: [(&str, Key); 11] = [
    ("host", Key::Host),
    ("port", Key::Port),
    ("user", Key::User),
    ("password", Key::Password),
    ("password_command", Key::PasswordCommand),
    ("private_key", Key::Identity),
    ("become", Key::Become),
    ("become_user", Key::BecomeUser),
    ("become_method", Key::BecomeMethod),
    ("become_password", Key::BecomePassword),
    ("become_password_command", Key::BecomePasswordCommand),
];

/// Ansible's variables, and hep's own; of two for one thing the later wins, since it says more exactly what it is for.
const LONG: [(&str, Key); 18] = [
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
    (OWN_CONNECTION, Key::Connection),
    ("ansible_become", Key::Become),
    ("ansible_become_user", Key::BecomeUser),
    ("ansible_become_method", Key::BecomeMethod),
    ("ansible_become_pass", Key::BecomePassword),
    ("ansible_become_password", Key::BecomePassword),
];

/// What Ansible's plugins for one program call these settings: names that count in Ansible's dialect.
const PROGRAMS: [(&str, Key); 6] = [
    ("ansible_sudo_user", Key::BecomeUser),
    ("ansible_su_user", Key::BecomeUser),
    ("ansible_doas_user", Key::BecomeUser),
    ("ansible_sudo_pass", Key::BecomePassword),
    ("ansible_su_pass", Key::BecomePassword),
    ("ansible_doas_pass", Key::BecomePassword),
];

/// hep's own variable for the way to a host.
const OWN_CONNECTION: &str = "hep_transport";

/// Ways to connect that mean SSH, by whichever of hep's ways.
const SSH: [&str; 5] = ["ssh", "smart", "paramiko", "paramiko_ssh", "libssh"];

/// One of hep's own keys on a host's line.
#[derive(Clone, Debug)]
pub(super) struct Short {
    pub(super) key: Key,
    pub(super) name: &'static str,
    /// As written, quotes taken off.
    pub(super) text: String,
    pub(super) place: Place,
}

/// Whether a text names a way to connect.
pub(crate) fn is_connection(text: &str) -> bool {
    SSH.contains(&text) || text.parse::<Transport>().is_ok()
}

/// Whether a variable's value is for no eye.
pub(super) fn is_secret(name: &str) -> bool {
    let last = name.strip_prefix("ansible_").and_then(|rest| rest.rsplit('_').next());
    matches!(last, Some("pass" | "password" | "passphrase"))
}

/// Fills in how to reach a host. Gives what was most likely meant for it by another name.
pub(super) fn resolve(
    host: &mut Host,
    draft: &DraftHost,
    connecting: &Connecting<'_>,
    problems: &mut Diagnostics,
) -> Vec<Miss> {
    let Connecting { dialect, extra, around } = connecting;
    let effective = match dialect {
        Dialect::Hep => host.effective().into_iter().cloned().collect(),
        Dialect::Ansible => overridden(host, extra),
    };
    let settings = settings(&effective, draft, *dialect, problems);
    let misses = match dialect {
        Dialect::Hep => misses(host, &settings),
        Dialect::Ansible => Vec::new(),
    };
    let mut settling = Settling { host, effective, dialect: *dialect, around, problems };
    settings.iter().for_each(|setting| settling.set(setting));
    let local = settling.host.transport == Some(Transport::Local);
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
        Err(why) => {
            let problem = draft.place.diagnostic(why.message, why.hint);
            match dialect {
                Dialect::Hep => settling.problems.push(problem),
                Dialect::Ansible => settling.host.obstacles.push(problem),
            }
        }
    }
    misses
}

/// What decides how all hosts are reached, beside their variables.
pub(super) struct Connecting<'a> {
    pub(super) dialect: Dialect,
    /// The variables of the command line: to Ansible they say that too.
    pub(super) extra: &'a Map<String, Value>,
    pub(super) around: &'a Surroundings,
}

/// The definitions that count, those of the command line among them.
fn overridden(host: &Host, extra: &Map<String, Value>) -> Vec<Arc<Variable>> {
    let source = Arc::new(Source { path: "-e".into(), text: String::new() });
    let place = Place::nowhere(&source);
    let own = host.effective().into_iter().filter(|one| !extra.contains_key(&one.name)).cloned();
    let given = extra.iter().map(|(name, value)| {
        let origin = Origin { owner: Owner::Host(host.name.clone()), place: place.clone() };
        Arc::new(Variable { name: name.clone(), value: value.clone(), origin })
    });
    own.chain(given).collect()
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
fn settings(
    effective: &[Arc<Variable>],
    draft: &DraftHost,
    dialect: Dialect,
    problems: &mut Diagnostics,
) -> Vec<Setting> {
    let of_program = PROGRAMS.iter().filter(|_| dialect == Dialect::Ansible);
    let names: Vec<&(&str, Key)> = LONG.iter().chain(of_program).rev().collect();
    let long = |key: Key| {
        let names = names.iter().filter(move |(_, of)| *of == key);
        names.filter_map(|(name, _)| effective.iter().find(|variable| variable.name == *name))
    };
    let mut found = Vec::new();
    for key in KEYS {
        let own = draft.short.iter().rev().find(|short| short.key == key);
        // To Ansible the name decides, and not where it is said.
        let ranked = dialect == Dialect::Hep;
        let of_host = long(key).find(|variable| ranked && variable.origin.layer() == Layer::Host);
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
        Value::Bool(truth) if key == Key::Become => truth.to_string(),
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
    /// The variables that expressions may read.
    effective: Vec<Arc<Variable>>,
    dialect: Dialect,
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

    /// A file with passwords, or commands that print them, is the operator's alone to write: who else may write it has the
    /// passwords sent to hosts of his, and his commands run here.
    fn guarded(&mut self, place: &Place) {
        let path = &place.text.source.path;
        if let Some(exposed) = crate::writers::exposed(path) {
            let message = format!("its passwords and password commands are not used: {exposed}");
            let hint = "let nobody else write the file and its directory: `chown`, `chmod go-w`; or leave the \
                        passwords out of it and use `-k`, `-K` or the config";
            self.host.obstacles.push(Diagnostic::of_file(path, message).hint(hint));
        }
    }

    fn set(&mut self, setting: &Setting) {
        let Setting { key, name, text, place, own } = setting;
        if text.is_empty() && self.dialect == Dialect::Ansible {
            return;
        }
        if text.is_empty() {
            self.problem(
                place,
                format!("`{name}` has no value"),
                format!("write `{name}=value`, or remove it"),
            );
            return;
        }
        let secret = matches!(
            key,
            Key::Password | Key::PasswordCommand | Key::BecomePassword | Key::BecomePasswordCommand
        );
        if text.ends_with(',') && !secret && self.dialect == Dialect::Hep {
            let hint = "remove the `,`: only spaces separate settings";
            return self.problem(place, format!("`{name}` ends with a `,`"), hint);
        }
        // The host itself may find out which user tasks run as.
        let later = matches!(key, Key::Become | Key::BecomeUser);
        if has_expression(text) && !later {
            match self.evaluated(text) {
                Ok(text) => {
                    let (name, place) = (name.clone(), place.clone());
                    self.apply(&Setting { key: *key, name, text, place, own: *own });
                }
                Err(why) => {
                    let hint = "it may use the host's variables, and no facts: how to reach a host is known before those are";
                    self.obstacle(setting, format!("`{name}` cannot be evaluated: {why}"), hint);
                }
            }
            return;
        }
        self.apply(setting);
    }

    /// Takes a value as it is: what an expression gave is none itself.
    fn apply(&mut self, setting: &Setting) {
        let Setting { key, name, text, place, own } = setting;
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
                    let message = format!("`{}` is not a port", crate::yaml::shorten(text));
                    self.problem(place, message, "write a number from 1 to 65535");
                }
            },
            Key::User => self.host.user = Some(text.clone()),
            Key::Password => {
                crate::secrets::learn(text);
                self.guarded(place);
                self.host.password = Some(Secret::new(text.as_str()));
            }
            Key::PasswordCommand => {
                self.guarded(place);
                self.host.password_command = Some(text.clone());
            }
            Key::Identity => match key_path(text, &place.text.source.path, self.around) {
                Ok(path) => self.host.private_key = Some(path),
                Err(tried) => self.no_key(setting, &tried, *own),
            },
            Key::Connection => self.connection(setting),
            Key::Become
            | Key::BecomeUser
            | Key::BecomeMethod
            | Key::BecomePassword
            | Key::BecomePasswordCommand => self.right(setting),
        }
    }

    /// The user that tasks run as, and how they become that user.
    fn right(&mut self, setting: &Setting) {
        let text = &setting.text;
        match setting.key {
            Key::BecomeUser => self.host.rights.act_as.user = Some(Json(text.as_str().into())),
            Key::BecomeMethod => match Method::named(text.rsplit('.').next().unwrap_or_default()) {
                Some(method) => self.host.rights.method = Some(method),
                None => {
                    let shown = crate::yaml::shorten(text);
                    let message = format!("hep knows no way `{shown}` to become another user");
                    self.obstacle(setting, message, &format!("write {}", Method::names()));
                }
            },
            Key::BecomePassword => {
                crate::secrets::learn(text);
                self.guarded(&setting.place);
                self.host.rights.password = Some(Secret::new(text.as_str()));
            }
            Key::BecomePasswordCommand => {
                self.guarded(&setting.place);
                self.host.rights.password_command = Some(text.clone());
            }
            Key::Become => self.becoming(setting),
            Key::Host
            | Key::Port
            | Key::User
            | Key::Password
            | Key::PasswordCommand
            | Key::Identity
            | Key::Connection => {}
        }
    }

    /// The value of a text with expressions, which may read the host's variables.
    fn evaluated(&self, text: &str) -> Result<String, String> {
        let vars = self.effective.iter().map(|one| (one.name.clone(), one.value.clone()));
        let scope: Arc<dyn Scope> = Arc::new(Variables(vars.collect()));
        match Language::of(self.dialect).text(text, &scope) {
            Ok(Value::String(text)) => Ok(text),
            Ok(Value::Number(number)) => Ok(number.to_string()),
            Ok(_) => Err("it gives no text".to_owned()),
            Err(trouble) => Err(trouble.message),
        }
    }

    fn becoming(&mut self, setting: &Setting) {
        let value = Value::from(setting.text.as_str());
        let wanted = match truth_of_value(&value) {
            Some(truth) => Value::Bool(truth),
            None if has_expression(&setting.text) => value,
            None => {
                let message = format!("`{}` takes true or false", setting.name);
                let hint = "write `true`, or `false`";
                return self.problem(&setting.place, message, hint);
            }
        };
        self.host.rights.act_as.wanted = Some(Json(wanted));
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
        let own = setting.name == OWN_CONNECTION;
        match word.parse() {
            Ok(way) => {
                self.host.transport = Some(way);
                if way == Transport::Local && self.host.address.is_empty() {
                    self.host.address = "localhost".to_owned();
                }
            }
            Err(_) if SSH.contains(&word) && !own => {}
            Err(_) => {
                let message = format!("hep has no connection `{}`", crate::yaml::shorten(word));
                let ways = if own { Transport::names() } else { "`ssh` or `local`".to_owned() };
                self.obstacle(setting, message, &format!("write {ways}, or leave the host out"));
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
