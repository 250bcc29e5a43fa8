//! Certificates of hosts: what one says, and whether it is good for a host (PROTOCOL.certkeys of OpenSSH).
//! Bytes in, verdict out. Reads no file and no clock; which authorities are trusted, known_hosts decides.

use super::public_key::{CERTIFICATE, PublicKey, certified, string};
use signature::Signature;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod signature;

/// The type number of a host's certificate; a user's has 1.
const HOST: u32 = 2;

/// So many of its names a message shows.
const SHOWN: usize = 5;

/// What an authority says of a host's key. The signature was not looked at yet: that is [`HostCertificate::flaw`]'s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostCertificate {
    /// As the host showed it.
    whole: PublicKey,
    /// The key that it is about.
    pub(super) key: PublicKey,
    /// The key that signed it.
    pub(super) authority: PublicKey,
    kind: u32,
    principals: Vec<String>,
    /// Seconds since 1970, and the first second after the last.
    valid: (u64, u64),
    critical: Option<String>,
    /// The bytes that are signed.
    signed: Vec<u8>,
    signature: Signature,
}

/// It begins as a certificate and does not go on as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The host and time a certificate must be valid for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The host's name: its address, or `HostKeyAlias`.
    pub(super) host: &'a str,
    pub(super) now: SystemTime,
    /// The signature algorithms that an authority may use: `CASignatureAlgorithms`.
    pub(super) algorithms: &'a [String],
    /// Fewer bits no RSA key may have: `RequiredRSASize`.
    pub(super) smallest_rsa: u32,
}

/// Why a certificate counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// No line of known_hosts trusts its authority for this host.
    OtherAuthority(PublicKey),
    OfUser,
    NotYetValid,
    Expired,
    OtherHost {
        principals: Vec<String>,
        host: String,
    },
    CriticalOption(String),
    /// The algorithm that it is signed by.
    Algorithm(String),
    /// The same, where it may be good.
    Foreign(String),
    SmallAuthority(u32),
    Signature,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::OtherAuthority(key) => {
                let (kind, fingerprint) = (key.shown_kind(), key.fingerprint());
                write!(f, "is signed by another authority: {kind} {fingerprint}")
            }
            Flaw::OfUser => f.write_str("is one for users"),
            Flaw::NotYetValid => f.write_str("is not valid yet"),
            Flaw::Expired => f.write_str("has expired"),
            Flaw::OtherHost { principals, host } => {
                let few: Vec<&str> = principals.iter().take(SHOWN).map(String::as_str).collect();
                let more = if principals.len() > SHOWN { " and others" } else { "" };
                write!(f, "is for {}{more}, not for {host}", few.join(", "))
            }
            Flaw::CriticalOption(name) => write!(f, "has a critical option: {name}"),
            Flaw::Algorithm(name) => {
                write!(f, "is signed by an algorithm that is not allowed: {name}")
            }
            Flaw::Foreign(name) => {
                write!(f, "is signed by `{name}`, which the transport `ssh2` cannot judge")
            }
            Flaw::SmallAuthority(bits) => write!(f, "is signed by an RSA key of only {bits} bits"),
            Flaw::Signature => f.write_str("has a wrong signature"),
        }
    }
}

impl HostCertificate {
    /// What a host showed, if that is a certificate.
    ///
    /// # Errors
    /// It is one that is not well-formed.
    pub(super) fn of(shown: &PublicKey) -> Result<Option<HostCertificate>, Malformed> {
        if !shown.kind().ends_with(CERTIFICATE) {
            return Ok(None);
        }
        HostCertificate::parse(shown).map(Some).ok_or(Malformed)
    }

    fn parse(shown: &PublicKey) -> Option<HostCertificate> {
        let key = certified(shown)?;
        let blob = shown.blob();
        // Type and nonce, then as many strings as the key has without its type.
        let (_, rest) = string(blob)?;
        let (_, rest) = string(rest)?;
        let rest = rest.get(own_fields(&key)?..)?;
        let (_serial, rest) = rest.split_first_chunk::<8>()?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let (_key_id, rest) = string(rest)?;
        let (principals, rest) = string(rest)?;
        let (after, rest) = rest.split_first_chunk::<8>()?;
        let (before, rest) = rest.split_first_chunk::<8>()?;
        let (critical, rest) = string(rest)?;
        let (_extensions, rest) = string(rest)?;
        let (_reserved, rest) = string(rest)?;
        let (authority, rest) = string(rest)?;
        let signed = blob.get(..blob.len() - rest.len())?.to_vec();
        let (signature, rest) = string(rest)?;
        let authority = PublicKey::from_blob(authority)?;
        (rest.is_empty() && certified(&authority).is_none()).then_some(())?;
        Some(HostCertificate {
            whole: shown.clone(),
            key,
            authority,
            kind: u32::from_be_bytes(*kind),
            principals: names(principals)?,
            valid: (u64::from_be_bytes(*after), u64::from_be_bytes(*before)),
            critical: first_option(critical)?,
            signed,
            signature: Signature::parse(signature)?,
        })
    }

    /// The certificate as a key of its own, as lists of revoked keys may name it.
    pub(super) fn whole(&self) -> &PublicKey {
        &self.whole
    }

    /// What speaks against it, if its authority is one to trust: by the rules of sshkey_cert_check_host of OpenSSH.
    pub(super) fn flaw(&self, wanted: &Wanted<'_>) -> Option<Flaw> {
        let now = wanted.now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let (from, until) = self.valid;
        let host = wanted.host;
        let algorithm = self.signature.algorithm();
        if !wanted.algorithms.iter().any(|allowed| allowed == algorithm) {
            Some(Flaw::Algorithm(algorithm.to_owned()))
        } else if self.signature.is_foreign() {
            Some(Flaw::Foreign(algorithm.to_owned()))
        } else if let Some(bits) = self.authority.rsa_bits().filter(|n| *n < wanted.smallest_rsa) {
            Some(Flaw::SmallAuthority(bits))
        } else if !self.signature.is_of(&self.authority, &self.signed) {
            Some(Flaw::Signature)
        } else if self.kind != HOST {
            Some(Flaw::OfUser)
        } else if now < from {
            Some(Flaw::NotYetValid)
        } else if now >= until {
            Some(Flaw::Expired)
        } else if !self.is_for(host) {
            Some(Flaw::OtherHost { principals: self.principals.clone(), host: host.to_owned() })
        } else {
            // OpenSSH knows none for hosts either.
            self.critical.clone().map(Flaw::CriticalOption)
        }
    }

    /// Whether it names the host. One that names nobody is for all.
    fn is_for(&self, host: &str) -> bool {
        self.principals.is_empty() || self.principals.iter().any(|name| name == host)
    }
}

/// How many bytes of a certificate are the key's own: all of the key but its type.
fn own_fields(key: &PublicKey) -> Option<usize> {
    string(key.blob()).map(|(_, own)| own.len())
}

/// A list of strings in a string.
fn names(mut list: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !list.is_empty() {
        let (name, rest) = string(list)?;
        // A NUL would end it for OpenSSH, which refuses it too.
        names.push(String::from_utf8(name.to_vec()).ok().filter(|name| !name.contains('\0'))?);
        list = rest;
    }
    Some(names)
}

/// The name of the first option in a list of names and data; the inner None if the list is empty.
fn first_option(list: &[u8]) -> Option<Option<String>> {
    if list.is_empty() {
        return Some(None);
    }
    let (name, _) = string(list)?;
    Some(Some(String::from_utf8_lossy(name).into_owned()))
}

#[cfg(test)]
mod tests;
