//! Names that were most likely meant as settings of the connection, and are none.

use super::super::address;
use super::super::{Host, Layer, Place, Variable};
use super::{Key, LONG, SHORT, Setting, is_connection};
use crate::diagnostic::Diagnostic;
use hep_protocol::rights::Method;
use hep_protocol::truth::{Reader, truth};
use std::sync::Arc;

/// What other programs call these settings. To Ansible each is a variable like any other, and so it is here; but where
/// nothing else says what it seems to, it was meant for that.
const SYNONYMS: &[(&str, Key)] = &[
    ("hostname", Key::Host),
    ("host_name", Key::Host),
    ("ip", Key::Host),
    ("ip_address", Key::Host),
    ("address", Key::Host),
    ("addr", Key::Host),
    ("ssh_host", Key::Host),
    ("ansible_hostname", Key::Host),
    ("ansible_ip", Key::Host),
    ("ansible_address", Key::Host),
    ("ansible_hosts", Key::Host),
    ("ansible_ssh_hosts", Key::Host),
    ("ansible_ip_address", Key::Host),
    ("ansible_addr", Key::Host),
    ("ssh_port", Key::Port),
    ("username", Key::User),
    ("user_name", Key::User),
    ("login", Key::User),
    ("ssh_user", Key::User),
    ("remote_user", Key::User),
    ("ansible_username", Key::User),
    ("ansible_login", Key::User),
    ("ansible_remote_user", Key::User),
    ("pass", Key::Password),
    ("passwd", Key::Password),
    ("ssh_pass", Key::Password),
    ("ssh_password", Key::Password),
    ("ansible_pass", Key::Password),
    ("ansible_passwd", Key::Password),
    ("ansible_ssh_passwd", Key::Password),
    ("key", Key::Identity),
    ("key_file", Key::Identity),
    ("keyfile", Key::Identity),
    ("ssh_key", Key::Identity),
    ("identity_file", Key::Identity),
    ("identity", Key::Identity),
    ("ssh_private_key", Key::Identity),
    ("ssh_private_key_file", Key::Identity),
    ("private_key_file", Key::Identity),
    ("ansible_key", Key::Identity),
    ("ansible_key_file", Key::Identity),
    ("ansible_private_key", Key::Identity),
    ("ansible_ssh_key", Key::Identity),
    ("ansible_ssh_key_file", Key::Identity),
    ("ansible_ssh_private_key", Key::Identity),
    ("ansible_identity_file", Key::Identity),
    ("connection", Key::Connection),
    ("transport", Key::Connection),
    ("ansible_transport", Key::Connection),
    ("ansible_sudo", Key::Become),
    ("ansible_sudo_user", Key::BecomeUser),
    ("ansible_su_user", Key::BecomeUser),
    ("become_pass", Key::BecomePassword),
    ("sudo_pass", Key::BecomePassword),
    ("sudo_password", Key::BecomePassword),
    ("ansible_su_pass", Key::BecomePassword),
    ("ansible_sudo_pass", Key::BecomePassword),
    ("ansible_sudo_password", Key::BecomePassword),
];

/// A host's variable that was most likely meant as a setting.
pub(in crate::inventory) struct Miss {
    pub(in crate::inventory) variable: Arc<Variable>,
    /// The key on a host's line, if there is one, and the variable that counts anywhere.
    pub(in crate::inventory) meant: (Option<&'static str>, &'static str),
}

/// The variables of a host that say, by another name, what nothing says by the right one.
pub(super) fn misses(host: &Host, settings: &[Setting]) -> Vec<Miss> {
    // A group's `ip` belongs to some application; what begins with `ansible_` belongs to none.
    let is_ansibles = |variable: &Variable| variable.name.starts_with("ansible_");
    let miss = |variable: &Arc<Variable>| {
        let (_, key) = SYNONYMS.iter().find(|(name, _)| *name == variable.name)?;
        let unsaid = settings.iter().all(|setting| setting.key != *key);
        // Other connections are those to databases and the like.
        let fits = *key != Key::Connection || variable.value.as_str().is_some_and(is_connection);
        let short = SHORT.iter().find(|(_, of)| of == key).map(|(short, _)| *short);
        let (long, _) = LONG.iter().find(|(_, of)| of == key)?;
        let meant = (short.filter(|_| !is_ansibles(variable)), *long);
        (unsaid && fits).then(|| Miss { variable: Arc::clone(variable), meant })
    };
    let all = host.effective();
    let own = |variable: &Variable| variable.origin.layer() == Layer::Host || is_ansibles(variable);
    all.iter().filter(|variable| own(variable)).filter_map(|variable| miss(variable)).collect()
}

/// The setting of Ansible's that a name most likely means, if it is none itself. A plural is another word.
pub(in crate::inventory) fn misspelt(name: &str) -> Option<&'static str> {
    let foreign = name.starts_with("ansible_") && !LONG.iter().any(|(long, _)| *long == name);
    let near = |long: &&str| strsim::osa_distance(name, long) == 1 && name != format!("{long}s");
    LONG.iter().map(|(long, _)| *long).filter(|_| foreign).find(near)
}

/// The short key that a name on a host's line most likely means, if its value would fit. Letters left out, doubled or
/// swapped are taken for a slip; another letter makes another word (`part`, `cost`), except in a long key.
pub(in crate::inventory) fn misspelt_short(name: &str, value: &str) -> Option<&'static str> {
    let near = |short: &str| {
        let swapped = short.len() == name.len() && sorted(short) == sorted(name);
        let slip = short.len() != name.len() || swapped || short.len() > 5;
        strsim::osa_distance(name, short) == 1 && slip && name != format!("{short}s")
    };
    let fits = |key: Key| match key {
        Key::Host => address::parse(value).is_ok() && value.contains(['.', ':']),
        Key::Port => address::port(value).is_some(),
        Key::User
        | Key::Password
        | Key::PasswordCommand
        | Key::Identity
        | Key::Connection
        | Key::BecomeUser
        | Key::BecomePassword
        | Key::BecomePasswordCommand => !value.is_empty(),
        Key::Become => truth(value, Reader::Key).is_some(),
        Key::BecomeMethod => Method::named(value).is_some(),
    };
    SHORT.iter().find(|(short, key)| near(short) && fits(*key)).map(|(short, _)| *short)
}

fn sorted(word: &str) -> Vec<u8> {
    let mut letters = word.as_bytes().to_vec();
    letters.sort_unstable();
    letters
}

/// A mistake about a short key that was most likely meant.
pub(in crate::inventory) fn slip(name: &str, meant: &str, place: &Place) -> Diagnostic {
    let keys = SHORT.map(|(short, _)| short);
    let list = crate::words::all_of(&keys);
    let hint = format!(
        "did you mean `{meant}`? the keys are {list}; a variable of this name goes into `host_vars`"
    );
    place.diagnostic(format!("unknown key `{name}`"), hint)
}
