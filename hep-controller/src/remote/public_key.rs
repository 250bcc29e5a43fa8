//! Public keys and certificates as bytes on the wire: type, blob, fingerprint, and the key that a certificate is about.
//! Knows no file and trusts nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

/// How the types of certificates end.
pub(super) const CERTIFICATE: &str = "-cert-v01@openssh.com";

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

    /// None if the text is not the base64 of a key.
    pub(super) fn from_base64(text: &str) -> Option<PublicKey> {
        PublicKey::from_blob(&STANDARD.decode(text).ok()?)
    }

    /// The type's name: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` ...
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The length of an RSA key's modulus; None for other keys.
    pub(super) fn rsa_bits(&self) -> Option<u32> {
        let (_, rest) = string(&self.blob).filter(|_| self.kind == "ssh-rsa")?;
        let (_exponent, rest) = string(rest)?;
        let (modulus, _) = string(rest)?;
        let digits = modulus.iter().skip_while(|digit| **digit == 0);
        let (first, bytes) = (digits.clone().next()?, u32::try_from(digits.count()).ok()?);
        Some(bytes * 8 - first.leading_zeros())
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

/// The key that a certificate is about (PROTOCOL.certkeys of OpenSSH): type, nonce, the key's own fields, and the rest.
pub(super) fn certified(certificate: &PublicKey) -> Option<PublicKey> {
    let kind = certificate.kind().strip_suffix(CERTIFICATE)?;
    let fields = if kind == "ssh-ed25519" { 1 } else { 2 };
    let (_, rest) = string(certificate.blob())?;
    let (_, own) = string(rest)?;
    let mut after = own;
    for _ in 0..fields {
        (_, after) = string(after)?;
    }
    let own = own.get(..own.len() - after.len())?;
    let mut blob = u32::try_from(kind.len()).ok()?.to_be_bytes().to_vec();
    blob.extend_from_slice(kind.as_bytes());
    blob.extend_from_slice(own);
    PublicKey::from_blob(&blob)
}

/// A string as SSH writes it: length, bytes. Gives what follows too.
pub(super) fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
