//! Which ways to log in are tried, in which order, and what is said when none was good.
//! Knows no session: `ssh/login.rs` carries the plan out.

use super::key_file::{Certificate, Exposed, KeyFile};
use super::public_key::{PublicKey, certified};
use super::{Demands, Problem, Target};
use std::path::PathBuf;

/// sshd ends a connection after 6 refusals, if nobody has told it another number (MaxAuthTries). With a password to come as
/// well, in two ways, no more keys than this are tried before.
const KEYS_BEFORE_PASSWORD: usize = 4;

/// Methods that `ssh` has and libssh2 has not (RFC 4462; RFC 4252, 9).
const FOREIGN: [&str; 3] = ["gssapi-with-mic", "gssapi-keyex", "hostbased"];

/// The methods that the host lists in a refusal (RFC 4252, 5.1): others than before, once it has accepted one and wants
/// another as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offered<'a>(pub(super) &'a str);

impl Offered<'_> {
    pub(super) fn has(self, method: &str) -> bool {
        self.0.split(',').any(|offered| offered == method)
    }
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
    Certificate(KeyFile, Certificate),
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
            Attempt::Certificate(_, certificate) => {
                format!("certificate {}", certificate.path.display())
            }
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
#[derive(Debug, Default, Clone)]
pub(super) struct Means {
    /// The keys that the operator or ssh_config named for this host.
    pub(super) named: Vec<KeyFile>,
    pub(super) agent: Vec<AgentKey>,
    pub(super) defaults: Vec<KeyFile>,
    /// Keys that others may read.
    pub(super) exposed: Vec<Exposed>,
    pub(super) has_password: bool,
    /// Keys that ssh-agent should try first.
    pub(super) wanted: Vec<PublicKey>,
    /// And no others.
    pub(super) only: bool,
    /// What ssh_config leaves of all that.
    pub(super) demands: Demands,
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
    Exposed(Exposed),
    /// The way, as messages name it, and the setting of ssh_config.
    Barred(String, &'static str),
}

/// What became of the attempts so far, as messages name them.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Those that were good, but not enough.
    pub(super) accepted: Vec<String>,
    pub(super) refused: Vec<String>,
}

impl Story {
    /// The last one was not refused after all.
    pub(super) fn last_was_accepted(&mut self) {
        self.accepted.extend(self.refused.pop());
    }
}

impl Means {
    /// A key that is worth a try before the host has said what it takes: that saves a round trip where it is welcome. The
    /// question, asked after that, counts as a refusal too, as the try does if the host takes no keys at all, so there must
    /// be few other things to try.
    pub(super) fn unasked(self) -> Option<Attempt> {
        let has_password = self.has_password;
        let mut keys = self.plan(Offered("publickey")).attempts;
        (!has_password && (1..=KEYS_BEFORE_PASSWORD).contains(&keys.len())).then(|| keys.remove(0))
    }

    /// The order: the named key, ssh-agent's keys, default keys, password; of these what the host offers. Where there is a
    /// password, many keys come after it, for as long as the host puts up with it.
    pub(super) fn plan(self, offered: Offered<'_>) -> Plan {
        let Means { named, mut agent, defaults, exposed, has_password, wanted, only, demands } =
            self;
        // A named key that has a passphrase may be in ssh-agent, opened.
        let is_wanted = |key: &AgentKey| {
            let certified = certified(&key.public);
            wanted.contains(&key.public) || certified.is_some_and(|key| wanted.contains(&key))
        };
        agent.retain(|key| !only || is_wanted(key));
        agent.sort_by_key(|key| !is_wanted(key));
        let held: Vec<PublicKey> = agent.iter().map(|key| key.public.clone()).collect();
        let is_held = |file: &KeyFile| file.public.as_ref().is_some_and(|key| held.contains(key));

        let mut left_out: Vec<LeftOut> = exposed.into_iter().map(LeftOut::Exposed).collect();
        let mut keys = Vec::new();
        let (named, defaults) = (named.into_iter(), defaults.into_iter());
        let files = |files: &mut dyn Iterator<Item = KeyFile>,
                     keys: &mut Vec<Attempt>,
                     left_out: &mut Vec<LeftOut>| {
            for file in files {
                if let Some(setting) = demands.bars_key(file.public.as_ref()) {
                    let key = format!("key {}", file.path.display());
                    left_out.push(LeftOut::Barred(key, setting));
                } else if is_fido(file.public.as_ref()) {
                    left_out.push(LeftOut::Fido(file.path.display().to_string()));
                } else if !file.encrypted || file.passphrase.is_some() {
                    let certificates = file.certificates.iter().cloned();
                    keys.extend(certificates.map(|one| Attempt::Certificate(file.clone(), one)));
                    keys.push(Attempt::File(file));
                } else if !is_held(&file) {
                    left_out.push(LeftOut::Encrypted(file.path));
                }
            }
        };
        files(&mut { named }, &mut keys, &mut left_out);
        for key in agent {
            if let Some(setting) = demands.bars_key(Some(&key.public)) {
                let key = format!("ssh-agent's key `{}`", key.comment);
                left_out.push(LeftOut::Barred(key, setting));
            } else if is_fido(Some(&key.public)) {
                left_out.push(LeftOut::Fido(format!("ssh-agent's `{}`", key.comment)));
            } else {
                keys.push(Attempt::Agent(key));
            }
        }
        // What ssh-agent offers already need not be refused twice.
        files(&mut defaults.filter(|file| !is_held(file)), &mut keys, &mut left_out);

        if !offered.has("publickey") {
            keys.clear();
        }
        let later = keys.split_off(keys.len().min(KEYS_BEFORE_PASSWORD));
        let mut attempts = keys;
        for (method, attempt, barred) in [
            ("password", Attempt::Password, demands.barred.password),
            ("keyboard-interactive", Attempt::Interactive, demands.barred.interactive),
        ] {
            match barred.filter(|_| has_password && offered.has(method)) {
                Some(setting) => left_out.push(LeftOut::Barred(attempt.shown(), setting)),
                None if has_password && offered.has(method) => attempts.push(attempt),
                None => {}
            }
        }
        attempts.extend(later);
        Plan { attempts, left_out }
    }
}

/// Keys of security tokens: libssh2 can make no such signature, not even through ssh-agent.
fn is_fido(public: Option<&PublicKey>) -> bool {
    public.is_some_and(|key| key.kind().starts_with("sk-"))
}

/// Nothing that was tried was good, or enough.
pub(super) fn refused(
    target: &Target,
    offered: Offered<'_>,
    story: &Story,
    left_out: &[LeftOut],
) -> Problem {
    let Story { accepted, refused } = story;
    let offers = match offered.0 {
        "" => "was not asked what it offers".to_owned(),
        offered => format!("offers {}", offered.replace(',', ", ")),
    };
    let user = &target.user;
    let mut what = if !accepted.is_empty() {
        let accepted = accepted.join("; ");
        format!(
            "no login as `{user}`: accepted, but not enough: {accepted}; the host still {offers}"
        )
    } else if refused.is_empty() {
        format!("nothing to log in with as `{user}`: the host {offers}")
    } else {
        format!("no login as `{user}`: the host {offers}")
    };
    if !refused.is_empty() {
        what.push_str(&format!("; refused: {}", refused.join("; ")));
    }
    for left_out in left_out {
        what.push_str(&match left_out {
            LeftOut::Encrypted(path) => {
                format!("; not tried, has a passphrase: key {}", path.display())
            }
            LeftOut::Fido(name) => format!("; not tried, a FIDO key: {name}"),
            LeftOut::Exposed(Exposed { path, mode }) => {
                format!("; not tried, others may read it (mode {mode:04o}): key {}", path.display())
            }
            LeftOut::Barred(way, setting) => {
                format!("; not tried, for `{setting}` of ssh_config: {way}")
            }
        });
    }
    Problem::new(what).with_hint(hint(target, offered, story, left_out))
}

/// The host ended the connection in the middle of it.
pub(super) fn hung_up(
    target: &Target,
    offered: Offered<'_>,
    story: &Story,
    left_out: &[LeftOut],
) -> Problem {
    let mut problem = refused(target, offered, story, left_out);
    if story.refused.len() > 1 {
        problem.what.push_str(
            "; then the host ended the connection, as after too many authentication failures (`MaxAuthTries`)",
        );
        problem.with_hint(
            "name the right key: `private_key` in the hosts file, or `IdentityFile` with `IdentitiesOnly yes` in ssh_config",
        )
    } else {
        problem.what.push_str("; then the host ended the connection");
        problem
    }
}

fn hint(target: &Target, offered: Offered<'_>, story: &Story, left_out: &[LeftOut]) -> String {
    let encrypted = left_out.iter().find_map(|left_out| match left_out {
        LeftOut::Encrypted(path) => Some(path),
        LeftOut::Fido(_) | LeftOut::Exposed(_) | LeftOut::Barred(..) => None,
    });
    let exposed = left_out.iter().find_map(|left_out| match left_out {
        LeftOut::Exposed(exposed) => Some(&exposed.path),
        LeftOut::Fido(_) | LeftOut::Encrypted(_) | LeftOut::Barred(..) => None,
    });
    let barred = left_out.iter().find_map(|left_out| match left_out {
        LeftOut::Barred(_, setting) => Some(setting),
        LeftOut::Fido(_) | LeftOut::Encrypted(_) | LeftOut::Exposed(_) => None,
    });
    let nothing_tried = story.accepted.is_empty() && story.refused.is_empty();
    let takes_passwords = offered.has("password") || offered.has("keyboard-interactive");
    if let Some(path) = exposed {
        format!("`chmod 600 {}` keeps the key private, and then it is used", path.display())
    } else if let Some(path) = encrypted {
        format!("`ssh-add {}` opens the key once and keeps it in ssh-agent", path.display())
    } else if left_out.iter().any(|left_out| matches!(left_out, LeftOut::Fido(_))) {
        "`--transport openssh` can use FIDO keys (`sk-`); or name another key with `private_key`"
            .to_owned()
    } else if let Some(setting) = barred.filter(|_| nothing_tried) {
        format!(
            "ssh_config leaves nothing to try: remove `{setting}` for this host, or log in another way"
        )
    } else if !story.accepted.is_empty() && takes_passwords && target.password.is_none() {
        "the host wants a password as well: `-k` asks for it, `password` in the hosts file has it"
            .to_owned()
    } else if let Some(method) = FOREIGN.iter().find(|method| nothing_tried && offered.has(method))
    {
        format!(
            "`--transport openssh` logs in by `{method}`, if `ssh` can; or give the host a `private_key` or a `password`"
        )
    } else if nothing_tried {
        "give the host a `private_key` or a `password`, load a key with `ssh-add`, or let `-k` ask for the password"
            .to_owned()
    } else {
        ssh_shows(target)
    }
}

/// Where to look when no login was good.
pub(super) fn ssh_shows(target: &Target) -> String {
    format!("`ssh -v -p {} {}@{}` shows what works", target.port, target.user, target.address)
}

#[cfg(test)]
mod tests;
