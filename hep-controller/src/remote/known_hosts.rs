//! known_hosts: what such files say about a host's key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
//! Text in, verdict out: opens no file and decides no policy. One wrong line never spoils the others.

use super::host_certificate::{Flaw, HostCertificate, Wanted};
use super::public_key::{CERTIFICATE, PublicKey, certified};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use std::fmt;
use std::path::{Path, PathBuf};

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
    /// The key is there for this host, or an authority for it has signed the certificate that was shown.
    Known,
    /// Nothing is known of the host but, perhaps, a certificate authority, which vouches for certificates only.
    Unknown { authority: Option<Distrusted> },
    /// Another key of the same type is there.
    Changed { place: Place, old: PublicKey },
    /// Only keys of other types are there.
    OtherType { place: Place, old: PublicKey },
    /// The key, or the authority that signed its certificate, was revoked.
    Revoked { place: Place },
}

/// An authority that is trusted for a host, and yet does not vouch for the key that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Distrusted {
    pub(super) place: Place,
    /// What is wrong with the certificate; None if there was none.
    pub(super) flaw: Option<Flaw>,
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

    /// Whether any key is known for a host, with or without its port, or an authority that may vouch for one.
    pub(super) fn has_any(&self, host: &str, port: u16) -> bool {
        [Marker::None, Marker::CertAuthority]
            .into_iter()
            .any(|marker| !self.marked(host, port, marker).is_empty())
    }

    /// Where else a key is known, and as whose.
    pub(super) fn other_names(&self, key: &PublicKey) -> Vec<String> {
        let same =
            self.entries.iter().filter(|entry| entry.marker == Marker::None && entry.key == *key);
        let named = same.map(|Entry { place, hosts, .. }| match hosts {
            Hosts::Hashed { .. } => format!("{place}: [hashed name]"),
            Hosts::Patterns(patterns) => format!("{place}: {}", patterns.join(",")),
        });
        named.collect()
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What is known of `key` as the key of `host` at `port`.
    pub(super) fn check(&self, host: &str, port: u16, key: &PublicKey) -> Verdict {
        self.check_shown(host, port, key, None)
    }

    /// The same of a key that was shown with a certificate; `wanted` says when and how it is valid. One that is not leaves the
    /// key as it is without, as in ssh.
    pub(super) fn check_shown(
        &self,
        host: &str,
        port: u16,
        key: &PublicKey,
        certificate: Option<(&HostCertificate, &Wanted<'_>)>,
    ) -> Verdict {
        let authority = certificate.map(|(certificate, _)| &certificate.authority);
        if let Some(place) =
            self.revoked(host, port, |revoked| revoked == key || authority == Some(revoked))
        {
            return Verdict::Revoked { place };
        }
        let authorities = self.marked(host, port, Marker::CertAuthority);
        let flaw = certificate.map(|(certificate, wanted)| {
            let is_trusted = authorities.iter().any(|entry| entry.key == certificate.authority);
            let other = || Some(Flaw::OtherAuthority(certificate.authority.clone()));
            if is_trusted { certificate.flaw(wanted) } else { other() }
        });
        if flaw == Some(None) {
            return Verdict::Known;
        }
        let keys = self.marked(host, port, Marker::None);
        let of_port = self.of(&name(host, port)).any(|entry| entry.marker == Marker::None);
        let found = |entry: &&Entry| (entry.place.clone(), entry.key.clone());
        if keys.iter().any(|entry| entry.key == *key) {
            Verdict::Known
        } else if let Some((place, old)) =
            keys.iter().find(|entry| of_port && entry.key.kind() == key.kind()).map(found)
        {
            Verdict::Changed { place, old }
        } else if let Some((place, old)) = keys.first().filter(|_| of_port).map(found) {
            Verdict::OtherType { place, old }
        } else {
            let place = authorities.first().map(|entry| entry.place.clone());
            let flaw = flaw.flatten();
            Verdict::Unknown { authority: place.map(|place| Distrusted { place, flaw }) }
        }
    }

    /// Where a key is revoked for the host, with or without its port.
    fn revoked(
        &self,
        host: &str,
        port: u16,
        is_meant: impl Fn(&PublicKey) -> bool,
    ) -> Option<Place> {
        let (of_port, plain) = (name(host, port), host.to_ascii_lowercase());
        let mut both = self.of(&of_port).chain(self.of(&plain));
        let found = both.find(|entry| entry.marker == Marker::Revoked && is_meant(&entry.key));
        found.map(|entry| entry.place.clone())
    }

    /// The lines that count for a host: those with its port; where there are none, those without, since a key known for a
    /// host without a port is good for every port of which nothing else is known. It is no reason to distrust another.
    fn marked(&self, host: &str, port: u16, marker: Marker) -> Vec<&Entry> {
        let is_marked = |entry: &&Entry| entry.marker == marker;
        let of_port: Vec<&Entry> = self.of(&name(host, port)).filter(is_marked).collect();
        if of_port.is_empty() {
            self.of(&host.to_ascii_lowercase()).filter(is_marked).collect()
        } else {
            of_port
        }
    }

    /// The host key algorithms to ask the host for, best first: certificates where an authority is known that could vouch
    /// for one, then those of the keys known for the host, then all others. `allowed` is what ssh_config says of them.
    pub(super) fn algorithms<'a>(
        &self,
        host: &str,
        port: u16,
        allowed: Option<&'a [String]>,
    ) -> Vec<&'a str> {
        let keys = self.marked(host, port, Marker::None);
        let is_known = |name: &str| keys.iter().any(|entry| entry.key.kind() == kind_of(name));
        let is_certificate = |name: &str| name.ends_with(CERTIFICATE);
        let mut names: Vec<&str> = match allowed {
            Some(allowed) => allowed.iter().map(String::as_str).collect(),
            None => ALGORITHMS.into(),
        };
        // Where nothing else is allowed, the key in a certificate counts as a key.
        let any_plain = names.iter().any(|name| !is_certificate(name));
        if any_plain && self.marked(host, port, Marker::CertAuthority).is_empty() {
            names.retain(|name| !is_certificate(name));
        }
        names.sort_by_key(|name| (!is_certificate(name), !is_known(name)));
        names
    }

    /// Where any key is known for the host at just this port; an authority is none.
    pub(super) fn known_at(&self, host: &str, port: u16) -> Option<Place> {
        let name = name(host, port);
        let known = self.of(&name).find(|entry| entry.marker == Marker::None);
        known.map(|entry| entry.place.clone())
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.hosts.matches(name))
    }
}

/// Those of OpenSSH that libssh2 has, in the order of preference. SHA-1 (`ssh-rsa`) is no longer among them.
const ALGORITHMS: [&str; 12] = [
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
];

/// The type of the keys that a plain signature algorithm serves.
fn kind_of(algorithm: &str) -> &str {
    match algorithm {
        "rsa-sha2-512" | "rsa-sha2-256" => "ssh-rsa",
        other => other,
    }
}

/// The name under which a host is listed: with its port unless that is 22.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// How a line names its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// `|1|salt|hash`: for nobody to read.
    Hashed {
        salt: [u8; 20],
    },
}

/// The line that makes `key` known.
pub(super) fn line(host: &str, port: u16, key: &PublicKey, form: Form) -> String {
    let name = name(host, port);
    let name = match form {
        Form::Plain => name,
        Form::Hashed { salt } => {
            let mac = Hmac::<Sha1>::new_from_slice(&salt).expect("HMAC takes keys of any length");
            let hash = mac.chain_update(name).finalize().into_bytes();
            format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
        }
    };
    format!("{name} {} {}\n", key.kind(), STANDARD.encode(key.blob()))
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
    if key.kind() != kind {
        return Err("the key is not of the type that the line names");
    }
    // As in ssh, a certificate is revoked with its key.
    let key = match marker {
        Marker::Revoked => certified(&key).unwrap_or(key),
        Marker::None | Marker::CertAuthority => key,
    };
    Ok((marker, parse_hosts(hosts)?, key))
}

fn parse_hosts(text: &str) -> Result<Hosts, &'static str> {
    let Some(hashed) = text.strip_prefix('|') else {
        return Ok(Hosts::Patterns(text.split(',').map(str::to_ascii_lowercase).collect()));
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
