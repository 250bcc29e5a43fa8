//! known_hosts: what such files say about a host's key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
//! Text in, verdict out: opens no file and decides no policy. One wrong line never spoils the others.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};

/// A public key as it crosses the wire (RFC 4253, 6.6): its type, then its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    kind: String,
    blob: Vec<u8>,
}

impl PublicKey {
    /// None if the blob does not begin with a type's name.
    pub(super) fn from_blob(blob: &[u8]) -> Option<PublicKey> {
        let length = u32::from_be_bytes(*blob.first_chunk::<4>()?);
        let kind = blob.get(4..)?.get(..usize::try_from(length).ok()?)?;
        let plain = |c: &u8| c.is_ascii_graphic() && *c != b',';
        let kind = String::from_utf8(kind.to_vec()).ok()?;
        (!kind.is_empty() && kind.as_bytes().iter().all(plain))
            .then(|| PublicKey { kind, blob: blob.to_vec() })
    }

    fn from_base64(text: &str) -> Option<PublicKey> {
        PublicKey::from_blob(&STANDARD.decode(text).ok()?)
    }

    /// The type's name: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` ...
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// As `ssh` and `ssh-keygen -l` show it: `SHA256:` and base64 without padding.
    pub(super) fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// The type as `ssh` shows it to people: `ED25519`.
    pub(super) fn shown_kind(&self) -> &str {
        match self.kind.as_str() {
            "ssh-ed25519" => "ED25519",
            "ssh-rsa" => "RSA",
            "ssh-dss" => "DSA",
            kind if kind.starts_with("ecdsa-sha2-") => "ECDSA",
            kind if kind.starts_with("sk-ssh-ed25519") => "ED25519-SK",
            kind if kind.starts_with("sk-ecdsa-") => "ECDSA-SK",
            kind => kind,
        }
    }
}

/// A line of a file, as editors and `ssh` count them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// A line that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skipped {
    pub(super) place: Place,
    pub(super) why: &'static str,
}

/// What the files say about one key of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The key is there for this host.
    Known,
    /// Nothing is known of the host; a certificate authority for it may be, which vouches for certificates only.
    Unknown { authority: Option<Place> },
    /// Another key of the same type is there.
    Changed { place: Place, old: PublicKey },
    /// Only keys of other types are there.
    OtherType { place: Place, old: PublicKey },
    /// The key was revoked.
    Revoked { place: Place },
}

/// The entries of any number of files, in order.
#[derive(Debug, Default)]
pub(super) struct KnownHosts {
    entries: Vec<Entry>,
    skipped: Vec<Skipped>,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    marker: Marker,
    hosts: Hosts,
    key: PublicKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    None,
    CertAuthority,
    Revoked,
}

#[derive(Debug)]
enum Hosts {
    /// `|1|salt|hash`: the name's HMAC-SHA1.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
    /// Comma separated, `*` and `?`, `!` before those that do not match.
    Patterns(Vec<String>),
}

impl KnownHosts {
    /// Adds the entries of one file.
    pub(super) fn add_file(&mut self, file: &Path, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let place = Place { file: file.to_owned(), line: index + 1 };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse_line(line) {
                Ok((marker, hosts, key)) => {
                    self.entries.push(Entry { place, marker, hosts, key });
                }
                Err(why) => self.skipped.push(Skipped { place, why }),
            }
        }
    }

    /// Adds what was just appended to `file`, so that it need not be read again.
    pub(super) fn add_host(&mut self, place: Place, host: &str, port: u16, key: PublicKey) {
        let hosts = Hosts::Patterns(vec![name(host, port)]);
        self.entries.push(Entry { place, marker: Marker::None, hosts, key });
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What is known of `key` as the key of `host` at `port`.
    pub(super) fn check(&self, host: &str, port: u16, key: &PublicKey) -> Verdict {
        let of_host: Vec<&Entry> = self.of(&name(host, port)).collect();
        let plain: Vec<&Entry> = self.of(&host.to_lowercase()).collect();
        let mut both = of_host.iter().chain(&plain);
        if let Some(entry) =
            both.clone().find(|entry| entry.marker == Marker::Revoked && entry.key == *key)
        {
            return Verdict::Revoked { place: entry.place.clone() };
        }
        // As in ssh, a key known for the host without a port is good for every port, but is no reason to distrust.
        if both.any(|entry| entry.marker == Marker::None && entry.key == *key) {
            return Verdict::Known;
        }
        let mut keys = of_host.iter().filter(|entry| entry.marker == Marker::None);
        let found = |entry: &&Entry| (entry.place.clone(), entry.key.clone());
        if let Some((place, old)) = keys.clone().find(|entry| entry.key.kind == key.kind).map(found)
        {
            Verdict::Changed { place, old }
        } else if let Some((place, old)) = keys.next().map(found) {
            Verdict::OtherType { place, old }
        } else {
            let authority = of_host.iter().find(|entry| entry.marker == Marker::CertAuthority);
            Verdict::Unknown { authority: authority.map(|entry| entry.place.clone()) }
        }
    }

    /// The host key algorithms to ask the host for, best first: those of the keys known for it, then all others. No
    /// certificates, since a host that has one would present it, and nothing here could judge it.
    pub(super) fn algorithms(&self, host: &str, port: u16) -> String {
        let entries: Vec<&Entry> =
            self.of(&name(host, port)).chain(self.of(&host.to_lowercase())).collect();
        let is_known = |kind: &str| {
            entries.iter().any(|entry| entry.marker == Marker::None && entry.key.kind == kind)
        };
        let (known, others): (Vec<_>, Vec<_>) =
            ALGORITHMS.iter().partition(|(kind, _)| is_known(kind));
        let names: Vec<&str> = known.iter().chain(&others).map(|(_, names)| *names).collect();
        names.join(",")
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.hosts.matches(name))
    }
}

/// Key types and the signature algorithms they serve, in the order of preference.
const ALGORITHMS: [(&str, &str); 5] = [
    ("ssh-ed25519", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    ("ssh-rsa", "rsa-sha2-512,rsa-sha2-256,ssh-rsa"),
];

/// The name under which a host is listed: with its port unless that is 22.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The line that makes `key` known.
pub(super) fn line(host: &str, port: u16, key: &PublicKey) -> String {
    format!("{} {} {}\n", name(host, port), key.kind, STANDARD.encode(&key.blob))
}

fn parse_line(line: &str) -> Result<(Marker, Hosts, PublicKey), &'static str> {
    let mut words = line.split_ascii_whitespace();
    let mut hosts = words.next().ok_or("empty line")?;
    let marker = match hosts {
        "@revoked" => Marker::Revoked,
        "@cert-authority" => Marker::CertAuthority,
        word if word.starts_with('@') => return Err("unknown marker"),
        _ => Marker::None,
    };
    if marker != Marker::None {
        hosts = words.next().ok_or("no host after the marker")?;
    }
    let kind = words.next().ok_or("no key type")?;
    let blob = words.next().ok_or("no key")?;
    let key = PublicKey::from_base64(blob).ok_or("the key is not base64 of a public key")?;
    if key.kind != kind {
        return Err("the key is not of the type that the line names");
    }
    Ok((marker, parse_hosts(hosts)?, key))
}

fn parse_hosts(text: &str) -> Result<Hosts, &'static str> {
    let Some(hashed) = text.strip_prefix('|') else {
        return Ok(Hosts::Patterns(text.split(',').map(str::to_lowercase).collect()));
    };
    let wrong = "not a hashed host name of the form `|1|salt|hash`";
    let (salt, hash) =
        hashed.strip_prefix("1|").and_then(|rest| rest.split_once('|')).ok_or(wrong)?;
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| wrong);
    Ok(Hosts::Hashed { salt: decode(salt)?, hash: decode(hash)? })
}

impl Hosts {
    /// `name` is in lower case.
    fn matches(&self, name: &str) -> bool {
        match self {
            Hosts::Hashed { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
                .is_ok_and(|mac| mac.chain_update(name).verify_slice(hash).is_ok()),
            Hosts::Patterns(patterns) => {
                let any = |negated: bool| {
                    patterns.iter().any(|pattern| {
                        let (is_negated, pattern) = match pattern.strip_prefix('!') {
                            Some(rest) => (true, rest),
                            None => (false, pattern.as_str()),
                        };
                        is_negated == negated && glob(pattern.as_bytes(), name.as_bytes())
                    })
                };
                any(false) && !any(true)
            }
        }
    }
}

/// `*` is any run of bytes, `?` any one byte. Linear in memory and never exponential in time: only the last `*` is ever
/// tried again.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
            }
            (Some(wanted), Some(byte)) if wanted == byte || *wanted == b'?' => {
                p += 1;
                n += 1;
            }
            _ => match retry {
                Some((after, from)) if from < name.len() => {
                    retry = Some((after, from + 1));
                    (p, n) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
