//! The key files to log in with: which there are, what they hold, their certificates and their passphrases.
//! Reads files, and asks for a passphrase once; what is tried with them, `auth` decides.

use super::auth::AgentKey;
use super::host_key::Confirm;
use super::public_key::{PublicKey, certified};
use super::ssh_agent::Lent;
use super::{Identities, Problem, Secret, Target, private_key};
use crate::open;
use crate::source::plain;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The keys of `~/.ssh` that are tried unasked, as `ssh` does.
const DEFAULT_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// The most that is read of a private key, in bytes.
const LARGEST_KEY: u64 = 1 << 20;

/// A key file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    pub(super) text: Secret,
    pub(super) encrypted: bool,
    pub(super) passphrase: Option<Secret>,
    pub(super) public: Option<PublicKey>,
    pub(super) certificates: Vec<Certificate>,
}

/// What an authority says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) path: PathBuf,
    /// Type, base64 and comment.
    pub(super) text: String,
}

impl Certificate {
    fn read(path: PathBuf) -> Option<Certificate> {
        let text = open::text(&path).ok()?;
        Some(Certificate { path, text })
    }
}

/// All key files that are among the means to log in.
#[derive(Debug, Default)]
pub(super) struct KeyFiles {
    /// Named by the operator or by ssh_config.
    pub(super) named: Vec<KeyFile>,
    pub(super) defaults: Vec<KeyFile>,
    /// Keys of which there may be the public half alone: ssh-agent has the other.
    pub(super) public: Vec<PublicKey>,
    /// Private keys that others may read, and so are none any more.
    pub(super) exposed: Vec<Exposed>,
    /// Certificates that may be of keys which ssh-agent has.
    certificates: Vec<Certificate>,
}

/// A private key that others may read: its file, and that file's mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exposed {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
}

/// What a file that should be a private key is.
enum Found {
    Key(KeyFile),
    Exposed(Exposed),
    NoKey,
}

impl KeyFiles {
    /// Reads them. The default ones are left aside where any are named, as `ssh` does.
    ///
    /// # Errors
    /// The operator's own key cannot be read any more: [`check_key`] comes first.
    pub(super) fn of(target: &Target, identities: &Identities) -> Result<KeyFiles, Problem> {
        let mut files = KeyFiles::default();
        if let Some(path) = &target.private_key {
            files.named.push(named(path)?);
        }
        for path in identities.listed.iter().flatten() {
            files.public.extend(public_half(path));
            let key = files.take(path);
            files.named.extend(key);
        }
        if target.private_key.is_none() && identities.listed.is_none() {
            for path in default_keys(identities.ssh_directory.as_deref()) {
                let key = files.take(&path);
                files.defaults.extend(key);
            }
        }
        let all = files.named.iter_mut().chain(&mut files.defaults);
        all.for_each(|file| file.find_certificates(&identities.certificates));
        let beside = target.private_key.iter().chain(identities.listed.iter().flatten());
        let usual = default_keys(identities.ssh_directory.as_deref());
        let usual = usual.filter(|_| target.private_key.is_none() && identities.listed.is_none());
        let paths = beside.cloned().chain(usual).map(|path| with_ending(&path, "-cert.pub"));
        let paths = identities.certificates.iter().cloned().chain(paths);
        files.certificates.extend(paths.filter_map(Certificate::read));
        let publics = files.named.iter().chain(&files.defaults);
        files.public.extend(publics.filter_map(|file| file.public.clone()));
        Ok(files)
    }

    /// The key that is there and can be read, unless others can too.
    fn take(&mut self, path: &Path) -> Option<KeyFile> {
        match read_key(path) {
            Ok(Found::Key(file)) => Some(file),
            Ok(Found::Exposed(exposed)) => {
                self.exposed.push(exposed);
                None
            }
            Ok(Found::NoKey) | Err(_) => None,
        }
    }

    /// The certificates that are of no use but with a key of ssh-agent's.
    pub(super) fn lent(&self, agent: &[AgentKey]) -> Vec<Lent> {
        let opened = self.named.iter().chain(&self.defaults);
        let opened: Vec<_> = opened
            .filter(|file| !file.encrypted || file.passphrase.is_some())
            .filter_map(|file| file.public.as_ref())
            .collect();
        let held = |key: &PublicKey| agent.iter().any(|held| held.public == *key);
        let mut lent: Vec<Lent> = Vec::new();
        for Certificate { path, text } in &self.certificates {
            let Some(certificate) = public_of(text) else { continue };
            let Some(key) = certified(&certificate) else { continue };
            let twice = lent.iter().any(|lent| lent.certificate == certificate);
            if held(&key) && !held(&certificate) && !opened.contains(&&key) && !twice {
                lent.push(Lent { certificate, key, comment: path.display().to_string() });
            }
        }
        lent
    }

    /// Asks for the passphrases of keys that would be needed: those named, and a default one that is the only means.
    pub(super) fn unlock(
        &mut self,
        agent: &[AgentKey],
        has_password: bool,
        passphrases: &Passphrases,
        confirm: &dyn Confirm,
    ) {
        let held = |file: &KeyFile| {
            file.public.as_ref().is_some_and(|public| agent.iter().any(|key| &key.public == public))
        };
        let alone =
            agent.is_empty() && !has_password && self.defaults.iter().all(|key| key.encrypted);
        let defaults = self.defaults.iter_mut().filter(|_| alone);
        for file in self.named.iter_mut().chain(defaults) {
            if file.encrypted && !held(file) {
                file.passphrase = passphrases.of(&file.path, confirm);
            }
        }
    }
}

/// The passphrases that were typed: each key's is asked for once in a run, whatever the number of hosts.
#[derive(Debug, Default)]
pub(crate) struct Passphrases(Mutex<HashMap<PathBuf, Option<Secret>>>);

impl Passphrases {
    /// None if there is nobody to ask, or nothing was typed.
    pub(super) fn of(&self, path: &Path, confirm: &dyn Confirm) -> Option<Secret> {
        // Held while the question stands: all other hosts wait for the same answer.
        let mut typed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = || {
            let question = format!("Passphrase for the key {}: ", path.display());
            let answer = confirm.passphrase(&question).ok().filter(|text| !text.is_empty());
            answer.map(Secret::new)
        };
        typed.entry(path.to_owned()).or_insert_with(ask).clone()
    }
}

/// Whether a file that the operator names as a private key is one.
///
/// # Errors
/// It is not a key, or cannot be read. Where it was named is not known here.
pub(crate) fn check_key(path: &Path) -> Result<(), Problem> {
    named(path).map(drop)
}

fn named(path: &Path) -> Result<KeyFile, Problem> {
    let shown = path.display();
    match read_key(path) {
        Ok(Found::Key(file)) => Ok(file),
        Ok(Found::Exposed(Exposed { mode, .. })) => {
            let what = format!("others may read the private key {shown}: its mode is {mode:04o}");
            Err(Problem::new(what).with_hint(format!("`chmod 600 {shown}` keeps it private")))
        }
        Ok(Found::NoKey) => Err(Problem::new(format!("{shown} is not a private key"))),
        Err(error) => {
            let why = plain(&error);
            Err(Problem::new(format!("cannot read the private key {shown}: {why}")))
        }
    }
}

/// Where the usual keys are, if they are.
fn default_keys(directory: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    directory.into_iter().flat_map(|own| DEFAULT_KEYS.map(|name| own.join(name)))
}

fn read_key(path: &Path) -> io::Result<Found> {
    let mut file = open::regular(path)?;
    let about = file.metadata()?;
    let mut bytes = Vec::new();
    (&mut file).take(LARGEST_KEY).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some(outside) = private_key::look_at(&text) else { return Ok(Found::NoKey) };
    let (mode, path) = (about.mode() & 0o777, path.to_owned());
    // As sshkey_perm_ok of OpenSSH: another user's file is that user's affair.
    if mode & 0o077 != 0 && about.uid() == nix::unistd::getuid().as_raw() {
        return Ok(Found::Exposed(Exposed { path, mode }));
    }
    Ok(Found::Key(KeyFile {
        text: Secret::new(text),
        encrypted: outside.encrypted,
        passphrase: None,
        // Only OpenSSH's own form has it inside; beside is as good.
        public: outside.public.or_else(|| public_half(&path)),
        certificates: Vec::new(),
        path,
    }))
}

/// Of a key named by its private or by its public file.
fn public_half(path: &Path) -> Option<PublicKey> {
    let beside = open::text(&with_ending(path, ".pub")).ok();
    let key = |text: String| public_of(&text);
    beside.and_then(key).or_else(|| open::text(path).ok().and_then(key))
}

/// A public key's or a certificate's text.
pub(super) fn public_of(text: &str) -> Option<PublicKey> {
    let blob = text.split_ascii_whitespace().nth(1)?;
    PublicKey::from_blob(&STANDARD.decode(blob).ok()?)
}

impl KeyFile {
    /// That beside the key, and those listed that are of this key.
    fn find_certificates(&mut self, listed: &[PathBuf]) {
        let beside = with_ending(&self.path, "-cert.pub");
        for path in listed.iter().chain([&beside]) {
            let Ok(text) = open::text(path) else { continue };
            let Some(certified) = public_of(&text).as_ref().and_then(certified) else { continue };
            let ours = self.public.as_ref().map_or(*path == beside, |public| *public == certified);
            let known = self.certificates.iter().any(|certificate| certificate.text == text);
            if ours && !known {
                self.certificates.push(Certificate { path: path.clone(), text });
            }
        }
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
