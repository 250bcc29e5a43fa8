//! The pair of SSH keys: made by ssh-keygen(1) where it is missing, and given to its user.

use crate::sys::accounts::{Account, User as Entry};
use crate::sys::files::{Acl, Attrs, Durable, FileAction, Meta, Place};
use crate::sys::settings::{By, Setting, What};
use crate::sys::{Observe, SysError};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hep_protocol::action::Action;
use hep_protocol::action::programs::Call;
use hep_protocol::blob::Digest;
use hep_protocol::task::user::User;
use hep_protocol::value::{AbsPath, PermissionBits};
use serde_json::{Value, json};

/// The largest public key, in bytes.
const LIMIT: u64 = 64 * 1024;

/// What there is of the pair.
#[derive(Debug)]
pub(super) struct State {
    path: AbsPath,
    /// Whether it is there, or would be by then.
    there: bool,
    /// The directory that it is in, if that is missing.
    directory: Option<AbsPath>,
    /// Both files, with what they are.
    files: Vec<(AbsPath, Meta)>,
    /// The text of the public key.
    public: Option<String>,
    /// What the host calls itself.
    host: String,
    /// Whose the pair is, for a reader.
    whose: String,
}

impl State {
    pub(super) fn look(params: &User, user: &Entry, host: &dyn Observe) -> Result<Self, SysError> {
        let default = format!(".ssh/id_{}", params.key_type());
        let file = params.ssh_key_file.as_deref().unwrap_or(&default);
        let home = params.home.as_ref().map_or(user.home.as_str(), AbsPath::as_str);
        let path = if file.starts_with('/') { file.to_owned() } else { format!("{home}/{file}") };
        let wrong = |error| SysError::new(format!("`ssh_key_file`: {error}"));
        let path: AbsPath = path.parse().map_err(wrong)?;
        let public: AbsPath = format!("{path}.pub").parse().map_err(wrong)?;
        let mut files = Vec::new();
        for path in [&path, &public] {
            files.extend(host.stat(path)?.map(|meta| (path.clone(), meta)));
        }
        let text = match host.resolve(&public)? {
            Some(at) => host.read(&at, LIMIT)?,
            None => None,
        };
        let directory = match path.parent() {
            Some(parent) if host.resolve(&parent)?.is_none() => Some(parent),
            Some(_) | None => None,
        };
        Ok(Self {
            there: !files.is_empty() || host.setting(&What::KeyPair(path.clone()))?.is_some(),
            directory,
            files,
            public: text.map(|text| String::from_utf8_lossy(&text).trim().to_owned()),
            host: host.setting(&What::HostName)?.unwrap_or_default(),
            whose: super::whose(params, user, host),
            path,
        })
    }
}

/// Makes the pair if there is none, or gives it to its user.
pub(super) fn steps(params: &User, user: &Entry, state: &State) -> Vec<Action> {
    let mine =
        |mode| Attrs { owner: user.uid.clone(), group: user.gid.clone(), mode, acl: Acl::AsItIs };
    if state.there {
        // A pair that somebody put there keeps its owner; one that was made a moment ago is its maker's.
        let fresh = state.public.as_deref().is_some_and(|key| key.ends_with(&mark(params, state)));
        let others =
            state.files.iter().filter(|(_, meta)| fresh && meta.attrs.owner == Account::Number(0));
        let given = others.filter(|_| user.uid != Account::Number(0)).map(|(path, meta)| {
            let to = mine(meta.attrs.mode);
            let (place, detail) = (Place::of(path.clone()), format!("owner {}", state.whose));
            Action::File(FileAction::Set { place, from: Some(meta.attrs.clone()), to, detail })
        });
        return given.collect();
    }
    let directory = state.directory.clone().map(|path| {
        let (place, from, to) = (Place::of(path), None, mine(PermissionBits(0o700)));
        let (durable, detail) = (Durable::AtOnce, format!("0700 {}", state.whose));
        Action::File(FileAction::MakeDirectory { place, from, to, durable, detail })
    });
    let mut words =
        ["ssh-keygen", "-q", "-t", params.key_type(), "-N", ""].map(str::to_owned).to_vec();
    let bits = params.ssh_key_bits.filter(|bits| bits.0 > 0);
    words.extend(bits.into_iter().flat_map(|bits| ["-b".to_owned(), bits.to_string()]));
    words.extend(["-C".to_owned(), mark(params, state), "-f".to_owned(), state.path.to_string()]);
    let pair = Setting {
        what: What::KeyPair(state.path.clone()),
        from: None,
        to: Some(params.key_type().to_owned()),
        by: By::Programs(vec![Call::new(words)]),
    };
    directory.into_iter().chain([Action::Setting(pair)]).collect()
}

/// The comment of a key.
fn mark(params: &User, state: &State) -> String {
    params.ssh_key_comment.clone().unwrap_or_else(|| format!("generated on {}", state.host))
}

/// What the result tells of the pair.
pub(super) fn fields(state: &State) -> Vec<(&'static str, Value)> {
    let mut fields = vec![("ssh_key_file", json!(state.path))];
    if let Some(public) = &state.public {
        fields.extend([
            ("ssh_public_key", json!(public)),
            ("ssh_fingerprint", json!(fingerprint(public))),
        ]);
    }
    fields
}

/// As `ssh-keygen -l` tells it.
fn fingerprint(public: &str) -> Option<String> {
    let mut words = public.split_whitespace();
    let (kind, key) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
    let comment = words.collect::<Vec<_>>().join(" ");
    let comment = if comment.is_empty() { "no comment" } else { &comment };
    let digest = STANDARD_NO_PAD.encode(Digest::of(&key).as_bytes());
    let (bits, name) = match kind {
        "ssh-rsa" => (bits(fields_of(&key).nth(2)?), "RSA"),
        "ssh-dss" => (1024, "DSA"),
        "ssh-ed25519" => (256, "ED25519"),
        kind => (kind.strip_prefix("ecdsa-sha2-nistp")?.parse().ok()?, "ECDSA"),
    };
    Some(format!("{bits} SHA256:{digest} {comment} ({name})"))
}

/// The fields of a public key (RFC 4253, 6.6): each has its length before it.
fn fields_of(mut key: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = key.split_first_chunk()?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        key = rest;
        Some(field)
    })
}

/// The length of a number in bits.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len().saturating_sub(zeros) * 8).saturating_sub(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleOfAdaExampleOfAdaExampleOfAda1234567 ada@x";
        let told = fingerprint(ed25519).unwrap();
        assert!(told.starts_with("256 SHA256:") && told.ends_with(" ada@x (ED25519)"), "{told}");
        assert_eq!(fingerprint("nonsense"), None);
        assert_eq!(bits(&[0, 0x80, 0]), 16);
    }
}
