//! Which ways to log in are tried, in which order, and what is said when none was good.
//! Reads key files; knows no session: `ssh/login.rs` carries the plan out.

use super::known_hosts::PublicKey;
use super::{Problem, Secret, Target, private_key};
use crate::source::plain;
use std::io;
use std::path::{Path, PathBuf};

/// sshd ends a connection after 6 refusals (MaxAuthTries). With a password to come as well, in two ways, no more keys
/// than this are tried before.
const KEYS_BEFORE_PASSWORD: usize = 4;
const KEYS_ALONE: usize = 6;

/// The keys of `~/.ssh` that are tried unasked, as `ssh` does.
const DEFAULT_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// The methods that the host lists in its first refusal (RFC 4252, 5.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered<'a>(pub(super) &'a str);

impl Offered<'_> {
    fn has(self, method: &str) -> bool {
        self.0.split(',').any(|offered| offered == method)
    }
}

/// A key file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    pub(super) text: Secret,
    encrypted: bool,
    public: Option<PublicKey>,
}

/// A key that ssh-agent holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AgentKey {
    pub(super) public: PublicKey,
    pub(super) comment: String,
}

/// One thing to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attempt {
    File(KeyFile),
    Agent(AgentKey),
    Password,
    /// keyboard-interactive, every hidden question answered with the password.
    Interactive,
}

impl Attempt {
    /// As a message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Attempt::File(file) => format!("key {}", file.path.display()),
            Attempt::Agent(key) => {
                format!("ssh-agent's key `{}` ({})", key.comment, key.public.shown_kind())
            }
            Attempt::Password => "password".to_owned(),
            Attempt::Interactive => "keyboard-interactive with the password".to_owned(),
        }
    }
}

/// All that there is to log in with.
#[derive(Debug, Default)]
pub(super) struct Means {
    /// The key that the operator named for this host.
    pub(super) named: Option<KeyFile>,
    pub(super) agent: Vec<AgentKey>,
    pub(super) defaults: Vec<KeyFile>,
    pub(super) has_password: bool,
}

/// What will be tried, and what was left out and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) attempts: Vec<Attempt>,
    pub(super) left_out: Vec<LeftOut>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeftOut {
    Encrypted(PathBuf),
    Fido(String),
    TooMany(usize),
}

impl Means {
    /// The order: the named key, ssh-agent's keys, default keys, password; of these what the host offers.
    pub(super) fn plan(self, offered: Offered<'_>) -> Plan {
        let Means { named, mut agent, defaults, has_password } = self;
        // A named key that has a passphrase may be in ssh-agent, opened.
        let wanted = named.as_ref().and_then(|file| file.public.clone());
        agent.sort_by_key(|key| Some(&key.public) != wanted.as_ref());
        let held: Vec<PublicKey> = agent.iter().map(|key| key.public.clone()).collect();
        let is_held = |file: &KeyFile| file.public.as_ref().is_some_and(|key| held.contains(key));

        let mut left_out = Vec::new();
        let mut keys = Vec::new();
        let (named, defaults) = (named.into_iter(), defaults.into_iter());
        let files = |files: &mut dyn Iterator<Item = KeyFile>,
                     keys: &mut Vec<Attempt>,
                     left_out: &mut Vec<LeftOut>| {
            for file in files {
                if is_fido(file.public.as_ref()) {
                    left_out.push(LeftOut::Fido(file.path.display().to_string()));
                } else if !file.encrypted {
                    keys.push(Attempt::File(file));
                } else if !is_held(&file) {
                    left_out.push(LeftOut::Encrypted(file.path));
                }
            }
        };
        files(&mut { named }, &mut keys, &mut left_out);
        for key in agent {
            if is_fido(Some(&key.public)) {
                left_out.push(LeftOut::Fido(format!("ssh-agent's `{}`", key.comment)));
            } else {
                keys.push(Attempt::Agent(key));
            }
        }
        // What ssh-agent offers already need not be refused twice.
        files(&mut defaults.filter(|file| !is_held(file)), &mut keys, &mut left_out);

        let mut attempts = Vec::new();
        if offered.has("publickey") {
            let most = if has_password { KEYS_BEFORE_PASSWORD } else { KEYS_ALONE };
            if keys.len() > most {
                left_out.push(LeftOut::TooMany(keys.len() - most));
            }
            attempts.extend(keys.into_iter().take(most));
        }
        if has_password && offered.has("password") {
            attempts.push(Attempt::Password);
        }
        if has_password && offered.has("keyboard-interactive") {
            attempts.push(Attempt::Interactive);
        }
        Plan { attempts, left_out }
    }
}

/// Keys of security tokens: libssh2 can make no such signature, not even through ssh-agent.
fn is_fido(public: Option<&PublicKey>) -> bool {
    public.is_some_and(|key| key.kind().starts_with("sk-"))
}

/// The key that the target names. It is an error if it cannot be read any more: [`check_key`] comes first.
pub(super) fn named_key(target: &Target) -> Result<Option<KeyFile>, Problem> {
    target.private_key.as_deref().map(named).transpose()
}

/// Whether a file that the operator names as a private key is one.
///
/// # Errors
/// It is none, or cannot be read. Who names it is not known here.
pub(crate) fn check_key(path: &Path) -> Result<(), Problem> {
    named(path).map(drop)
}

fn named(path: &Path) -> Result<KeyFile, Problem> {
    let shown = path.display();
    match read_key(path) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(Problem::new(format!("{shown} is no private key"))),
        Err(error) => {
            let why = plain(&error);
            Err(Problem::new(format!("cannot read the private key {shown}: {why}")))
        }
    }
}

/// The usual keys, as far as they are there and can be read.
pub(super) fn default_keys(directory: Option<&Path>) -> Vec<KeyFile> {
    let paths = directory.into_iter().flat_map(|own| DEFAULT_KEYS.map(|name| own.join(name)));
    paths.filter_map(|path| read_key(&path).ok().flatten()).collect()
}

fn read_key(path: &Path) -> io::Result<Option<KeyFile>> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    Ok(private_key::look_at(&text).map(|outside| KeyFile {
        path: path.to_owned(),
        text: Secret::new(text),
        encrypted: outside.encrypted,
        public: outside.public,
    }))
}

/// Nothing that was tried was good.
pub(super) fn refused(
    target: &Target,
    offered: Offered<'_>,
    tried: &[String],
    left_out: &[LeftOut],
) -> Problem {
    let offers = offered.0.replace(',', ", ");
    let mut what = if tried.is_empty() {
        format!("nothing to log in with as `{}`: the host offers {offers}", target.user)
    } else {
        let tried = tried.join("; ");
        format!("no login as `{}`: the host offers {offers}; refused: {tried}", target.user)
    };
    for left_out in left_out {
        what.push_str(&match left_out {
            LeftOut::Encrypted(path) => {
                format!("; not tried, has a passphrase: key {}", path.display())
            }
            LeftOut::Fido(name) => format!("; not tried, a FIDO key: {name}"),
            LeftOut::TooMany(count) => format!("; not tried, too many: {count} more keys"),
        });
    }
    Problem::new(what).with_hint(hint(target, tried, left_out))
}

fn hint(target: &Target, tried: &[String], left_out: &[LeftOut]) -> String {
    let encrypted = left_out.iter().find_map(|left_out| match left_out {
        LeftOut::Encrypted(path) => Some(path),
        LeftOut::Fido(_) | LeftOut::TooMany(_) => None,
    });
    if let Some(path) = encrypted {
        format!("`ssh-add {}` opens the key once and keeps it in ssh-agent", path.display())
    } else if left_out.iter().any(|left_out| matches!(left_out, LeftOut::Fido(_))) {
        "FIDO keys (`sk-`) cannot be used yet: name another key with `private_key`".to_owned()
    } else if left_out.iter().any(|left_out| matches!(left_out, LeftOut::TooMany(_))) {
        "hosts cut off after a few wrong keys: name the right one with `private_key`".to_owned()
    } else if tried.is_empty() {
        "give the host a `private_key` or a `password`, or load a key with `ssh-add`".to_owned()
    } else {
        format!("`ssh -v -p {} {}@{}` shows what works", target.port, target.user, target.address)
    }
}

#[cfg(test)]
mod tests;
